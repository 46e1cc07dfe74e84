// Parts of pictures and tables of the comparison.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  asCsv, asLatex, asText, boxBetween, freeName, isSameShape, visiblePart,
} from "../../../demo/compare/js/table.js";

test("names are never the same", () => {
  assert.equal(freeName("a", []), "a");
  assert.equal(freeName("a", ["a", "a (2)"]), "a (3)");
});

test("the part in view is in the pixels of the picture, whatever its size", () => {
  const extent = { width: 400, height: 300 };
  const viewport = { zoom: 4, center: { x: 100, y: 50 } };
  const size = { width: 200, height: 100 };
  assert.deepEqual(visiblePart(viewport, extent, size, extent), [75, 37, 50, 26]);
  assert.deepEqual(visiblePart(viewport, extent, size, { width: 200, height: 150 }), [37, 18, 26, 14]);
  const fit = { zoom: 0.25, center: { x: 200, y: 150 } };
  assert.deepEqual(visiblePart(fit, extent, size, extent), [0, 0, 400, 300]);
});

test("a box lies between two corners and inside the picture", () => {
  const size = { width: 100, height: 50 };
  assert.deepEqual(boxBetween({ x: 30.2, y: 40 }, { x: 10.7, y: 60 }, size), [10, 40, 21, 10]);
});

test("one content at two scales has one shape", () => {
  assert.ok(isSameShape({ width: 400, height: 300 }, { width: 1600, height: 1200 }));
  assert.ok(isSameShape({ width: 333, height: 250 }, { width: 666, height: 501 }));
  assert.ok(!isSameShape({ width: 400, height: 300 }, { width: 400, height: 400 }));
});

test("tables are copied as text, CSV and LaTeX", () => {
  const head = ["name", "PSNR"];
  const rows = [['a, "b" & c_1', "27,10"]];
  assert.equal(asText(head, rows), 'name\tPSNR\na, "b" & c_1\t27,10');
  assert.equal(asCsv(head, rows), 'name,PSNR\n"a, ""b"" & c_1","27,10"');
  assert.match(asLatex(head, rows), /\\begin\{tabular\}\{lr\}[^]*a, "b" \\& c\\_1 & 27,10 \\\\/);
});

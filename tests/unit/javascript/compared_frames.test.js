// Frames among the pictures that are compared: limits, sizes of pixels, names.

import assert from "node:assert/strict";
import { test } from "node:test";

import { namesOf, ownLimits, sharedLimits, sharedPixel } from "../../../demo/compare/js/frames.js";
import { methodsOf } from "../../../demo/compare/js/methods.js";

test("all frames can be seen within the limits, in the counts that they are fitted to", () => {
  const same = { gain: 1, offset: 0 };
  const frames = [{ limits: [100, 5000], fit: same }, { limits: [10, 400], fit: { gain: 20, offset: -300 } }];
  assert.deepEqual(sharedLimits(frames.slice(0, 1)), [100, 5000]);
  assert.deepEqual(sharedLimits(frames), [-100, 7700]);
  assert.deepEqual(ownLimits([-100, 7700], frames[1].fit), [10, 400]);
  assert.deepEqual(ownLimits([-100, 7700], same), [-100, 7700]);
});

test("a scale bar is of pixels on which the files agree", () => {
  const of = (width, um) => ({ width, frame: { pixel_um: um } });
  assert.equal(sharedPixel([of(1004, 0.0313), of(502, 0.0626), of(1004, null)], 1004), 0.0313);
  assert.equal(sharedPixel([of(502, 0.0626)], 1004), 0.0313);
  assert.equal(sharedPixel([of(1004, null)], 1004), null);
  assert.ok(Number.isNaN(sharedPixel([of(1004, 0.0313), of(1004, 0.0626)], 1004)));
});

test("many names are cut", () => {
  const named = ["a", "b", "c", "d"].map((name) => ({ name }));
  assert.equal(namesOf(named.slice(0, 3)), "a, b, c");
  assert.equal(namesOf(named), "a, b, c…");
});

test("an OME-TIFF and an MRC of one name belong together", () => {
  const found = ["A/cell.ome.tif", "B/cell.mrc"].map((name) => ({ file: {}, name }));
  assert.deepEqual(methodsOf(found).map(({ files }) => [...files.keys()]), [["cell"], ["cell"]]);
});

// Files and boxes of a new study.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isFrame } from "../../../demo/studies/js/kinds.js";
import { byFolder, freeName, isPicture, methodName, slugOf, stemOf } from "../../../demo/studies/js/files.js";

test("a study's name becomes a folder's", () => {
  assert.equal(slugOf("Turma B – São Paulo 2026"), "turma-b-sao-paulo-2026");
  assert.equal(slugOf("--_x_--"), "x_");
  assert.equal(slugOf("é".repeat(60)), "e".repeat(40));
  assert.equal(slugOf("写真"), "");
});

test("a taken name gets a number and stays short enough", () => {
  assert.equal(freeName("study", []), "study");
  assert.equal(freeName("study", ["study", "study-2"]), "study-3");
  assert.equal(freeName("", ["study"]), "study-2");
  assert.equal(freeName("a".repeat(50), ["a".repeat(40)]), `${"a".repeat(38)}-2`);
});

test("a folder's name becomes a method's", () => {
  assert.equal(methodName("_results (v2)"), "results v2");
  assert.equal(methodName("…"), "A");
});

test("pictures are known by their endings, photographs by what stands before", () => {
  assert.ok(isPicture({ name: "A.PNG" }) && isPicture({ name: "b.jpeg" }));
  assert.ok(!isPicture({ name: "Thumbs.db" }) && !isPicture({ name: ".hidden.png" }));
  assert.equal(stemOf("baby.x4.png"), "baby.x4");
  assert.equal(stemOf("cell.ome.tif"), "cell");
});

test("what the server takes for a microscope's frame is known before it is sent", async () => {
  const named = (name, ...parts) => Object.assign(new Blob(parts), { name });
  const png = (depth, colours) => new Uint8Array([0x89, 0x50, 0x4e, 0x47, ...Array(20).fill(0), depth, colours]);
  const tiff = (bits, samples, said = "") => {
    const text = new TextEncoder().encode(said.padEnd(8, "\0"));
    const tags = [[258, 3, 1, bits], [262, 3, 1, 1], [270, 2, text.length, 62], [277, 3, 1, samples]];
    const view = new DataView(new ArrayBuffer(62));
    view.setUint16(0, 0x4949);
    view.setUint16(2, 42, true);
    view.setUint32(4, 8, true);
    view.setUint16(8, tags.length, true);
    tags.forEach(([tag, kind, count, value], index) => {
      const at = 10 + 12 * index;
      view.setUint16(at, tag, true);
      view.setUint16(at + 2, kind, true);
      view.setUint32(at + 4, count, true);
      view.setUint32(at + 8, value, true);
    });
    return [view, text];
  };
  const are = [
    named("a.mrc"), named("A.ome.tif"), named("a.png", png(16, 0)), named("a.tif", ...tiff(16, 1)),
    named("a.tiff", ...tiff(8, 1, "ImageJ=1.53")), named("a.tif", ...tiff(8, 1, "<OME></OME>")),
  ];
  const areNot = [
    named("a.jpg"), named("a.png", png(8, 0)), named("a.png", png(16, 2)), named("a.tif", ...tiff(16, 3)),
    named("a.tif", ...tiff(8, 1)), named("a.tif", "II"), named("a.png"),
  ];
  for (const file of are) assert.ok(await isFrame(file), file.name);
  for (const file of areNot) assert.ok(!(await isFrame(file)), file.name);
});

test("files chosen with a folder stand together", () => {
  const file = (webkitRelativePath) => ({ webkitRelativePath });
  const found = byFolder([file("a/1.png"), file("a/2.png"), file("b/c/3.png"), file("")]);
  assert.deepEqual(
    found.map(([name, files]) => [name, files.length]),
    [["a", 2], ["c", 1], ["", 1]],
  );
});

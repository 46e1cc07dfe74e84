// Files and boxes of a new study.

import assert from "node:assert/strict";
import { test } from "node:test";

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
});

test("files chosen with a folder stand together", () => {
  const file = (webkitRelativePath) => ({ webkitRelativePath });
  const found = byFolder([file("a/1.png"), file("a/2.png"), file("b/c/3.png"), file("")]);
  assert.deepEqual(
    found.map(([name, files]) => [name, files.length]),
    [["a", 2], ["c", 1], ["", 1]],
  );
});

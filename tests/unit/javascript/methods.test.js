// Folders of pictures as methods.

import assert from "node:assert/strict";
import { test } from "node:test";

import { commonStems, methodsOf } from "../../../demo/compare/js/methods.js";

const found = (...names) => names.map((name) => ({ name, file: name }));

test("every folder is a method, whatever stands around it", () => {
  const methods = methodsOf(found("results/ours/a.png", "results/ours/b.v2.png", "theirs/a.tif", "c.png"));
  assert.deepEqual(methods.map(({ name }) => name), ["ours", "theirs"]);
  assert.deepEqual([...methods[0].files], [["a", "results/ours/a.png"], ["b.v2", "results/ours/b.v2.png"]]);
});

test("pictures of one name belong together, counted as a person does", () => {
  const all = found("x/10.png", "x/9.png", "x/alone.png", "y/9.jpg", "y/10.png", "z/9.png");
  assert.deepEqual(commonStems(methodsOf(all)), ["9", "10"]);
  assert.deepEqual(commonStems(methodsOf(found("x/a.png"))), []);
});

// Where the pictures of a trial lie.

import assert from "node:assert/strict";
import { test } from "node:test";

import { arrangePictures } from "../../../demo/rating/js/layout.js";

const PICTURE = { width: 400, height: 300 };
const GAP = 28;
const arrange = (count, width, height) =>
  arrangePictures(count, PICTURE, { x: 10, y: 20, width, height }, GAP);

test("a pair stands side by side where it fits, with the same space on both sides", () => {
  const { layout, frames, clipped } = arrange(2, 1000, 600);
  assert.equal(layout, "beside");
  assert.equal(clipped, 0);
  assert.deepEqual(frames, [
    { x: 10 + 86, y: 20 + 150, ...PICTURE },
    { x: 10 + 86 + 428, y: 20 + 150, ...PICTURE },
  ]);
});

test("one above the other in a narrow region", () => {
  const { layout, frames } = arrange(2, 500, 700);
  assert.equal(layout, "stacked");
  assert.equal(frames[1].y - frames[0].y, 300 + GAP);
  assert.equal(frames[0].x, frames[1].x);
});

test("in the same place where neither fits", () => {
  const { layout, frames, clipped } = arrange(2, 500, 500);
  assert.deepEqual([layout, clipped], ["single", 0]);
  assert.deepEqual(frames[0], frames[1]);
});

test("what does not fit is told as a share", () => {
  assert.equal(arrange(1, 200, 300).clipped, 0.5);
  assert.equal(arrange(1, 200, 150).clipped, 0.75);
  assert.equal(arrange(1, -5, 300).clipped, 1);
});

test("frames begin on whole device pixels", () => {
  for (const size of [401, 757, 1023]) {
    for (const { x, y } of arrange(2, size, size).frames) assert.ok(Number.isInteger(x) && Number.isInteger(y));
  }
});

// The fewest CSS pixels that are a whole number of device pixels.

import assert from "node:assert/strict";
import { test } from "node:test";

import { wholePixelStep } from "../../../demo/web/js/pixels.js";

for (const [dpr, step] of [
  [1, 1],
  [2, 1],
  [3, 1],
  [1.5, 2],
  [1.25, 4],
  [1.75, 4],
  [1.1, 10],
  [2.625, 8],
]) {
  test(`at a ratio of ${dpr} they are ${step}`, () => {
    assert.equal(wholePixelStep(dpr), step);
    assert.equal(Number.isInteger(Math.round(step * dpr * 1e9) / 1e9), true);
  });
}

test("a ratio that never comes out even steps by device pixels", () => {
  assert.equal(wholePixelStep(Math.PI), 1 / Math.PI);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { lengthName, roundLength } from "../../../demo/web/viewer/js/scalebar.js";

test("a scale bar has a round length that fits", () => {
  for (const [most, length] of [[9.42, 5], [10, 10], [1.99, 1], [0.3, 0.2], [0.05, 0.05], [732, 500]]) {
    assert.ok(Math.abs(roundLength(most) - length) < 1e-9, `${most}: ${roundLength(most)}`);
  }
});

test("its length is said in whole numbers", () => {
  assert.equal(lengthName(5), "5 µm");
  assert.equal(lengthName(0.5), "500 nm");
  assert.equal(lengthName(0.05), "50 nm");
  assert.equal(lengthName(2000), "2 mm");
});

// Means of light: what a pixel shows of smaller ones.

import assert from "node:assert/strict";
import { test } from "node:test";

import { coverage, encodeLight, lightOf, reduceRow } from "../../../demo/web/viewer/js/light.js";

test("light of the ends and of a middle grey is that of the standard", () => {
  assert.equal(lightOf[0], 0);
  assert.equal(lightOf[255], 1);
  assert.ok(Math.abs(lightOf[128] - 0.21586) < 1e-5);
});

test("every stored value comes back as itself", () => {
  const data = new Uint8ClampedArray(4);
  for (let value = 0; value < 256; value += 1) {
    encodeLight([lightOf[value], lightOf[value], lightOf[value], 1], data);
    assert.deepEqual([...data], [value, value, value, 255]);
  }
});

test("the shares of a pixel add up to one, and pixels cover the side without a gap", () => {
  for (const [whole, length] of [[7, 20], [20, 7], [5, 5], [3, 448]]) {
    const spans = coverage(0, whole, whole, length);
    assert.equal(spans.length, whole);
    const covered = new Float64Array(length);
    for (const { first, shares } of spans) {
      assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
      shares.forEach((share, index) => (covered[first + index] += (share * length) / whole));
    }
    for (const sum of covered) assert.ok(Math.abs(sum - 1) < 1e-6);
  }
});

test("black and white side by side are as bright as half the light, which is stored as 188", () => {
  const row = new Uint8ClampedArray([0, 0, 0, 255, 255, 255, 255, 255]);
  const across = reduceRow(row, 0, coverage(0, 1, 1, 2), 0);
  const data = new Uint8ClampedArray(4);
  encodeLight(across, data);
  assert.deepEqual([...data], [188, 188, 188, 255]);
});

test("what is transparent lends no colour", () => {
  const row = new Uint8ClampedArray([255, 0, 0, 0, 0, 0, 255, 255]);
  const data = new Uint8ClampedArray(4);
  encodeLight(reduceRow(row, 0, coverage(0, 1, 1, 2), 0), data);
  assert.deepEqual([...data], [0, 0, 255, 128]);
});

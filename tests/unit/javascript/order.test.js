// The order of the panes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { inOrder, moved, orderedAsBefore, rememberOrder } from "../../../demo/web/viewer/js/order.js";

test("a picture moves to its place, and not beyond the ends", () => {
  assert.deepEqual(moved(["a", "b", "c"], 0, 2), ["b", "c", "a"]);
  assert.deepEqual(moved(["a", "b", "c"], 2, 0), ["c", "a", "b"]);
  assert.deepEqual(moved(["a", "b"], 0, -1), ["a", "b"]);
});

const panes = (keys) => [...keys].map((key) => ({ key }));
const keysOf = (items) => items.map(({ key }) => key).join("");

test("known panes take the order that was wished, new ones stay in their places", () => {
  assert.equal(keysOf(inOrder(panes("abc"), ["c", "a"])), "cba");
  assert.equal(keysOf(inOrder(panes("abc"), [])), "abc");
});

test("the order is remembered, for panes that are not shown just now too", () => {
  rememberOrder(["c", "b", "a"]);
  assert.equal(keysOf(orderedAsBefore(panes("abc"))), "cba");
  rememberOrder(["x", "b"]);
  assert.equal(keysOf(orderedAsBefore(panes("abc"))), "bca");
});

// The frame on a photo that is too large stays on the photo and within the limit.

import assert from "node:assert/strict";
import { test } from "node:test";

import { firstBox, movedBox, resizedBox, shapedBox } from "../../../demo/web/js/box.js";

const picture = { width: 4032, height: 3024 };
const MOST = 4e6;
const isInside = (box) =>
  box.left >= 0 &&
  box.top >= 0 &&
  box.left + box.width <= picture.width &&
  box.top + box.height <= picture.height &&
  box.width * box.height <= MOST;

test("the first box is in the middle, of the photo's shape and as large as is allowed", () => {
  const box = firstBox(4032, 3024, MOST);
  assert.deepEqual(box, { left: 861, top: 646, width: 2309, height: 1732 });
  assert.ok(isInside(box));
  assert.deepEqual(firstBox(300, 200, MOST), { left: 0, top: 0, width: 300, height: 200 });
});

test("a box stops at the edges of the photo", () => {
  const box = firstBox(4032, 3024, MOST);
  assert.deepEqual(movedBox(box, -50, 99999, picture), { ...box, left: 0, top: 3024 - 1732 });
});

test("a corner is dragged, the opposite one stays, and the limit holds", () => {
  const box = { left: 1000, top: 1000, width: 1000, height: 1000 };
  for (const x of [0, 1]) {
    for (const y of [0, 1]) {
      for (const width of [-5, 1, 500, 3999, 9999]) {
        for (const height of [0, 800, 2500, 9999]) {
          const made = resizedBox(box, { width, height }, picture, MOST, { x, y });
          assert.ok(isInside(made), JSON.stringify(made));
          assert.ok(made.width >= 16 && made.height >= 16);
          assert.equal(made.left + x * made.width, box.left + x * box.width);
          assert.equal(made.top + y * made.height, box.top + y * box.height);
        }
      }
    }
  }
});

test("a long strip may be as long as the photo", () => {
  const made = resizedBox({ left: 0, top: 0, width: 100, height: 100 }, { width: 4032, height: 500 }, picture, MOST);
  assert.deepEqual([made.width, made.height], [4032, 500]);
});

test("a box of a fixed shape keeps it, is no smaller than it may be, and stays on the photo", () => {
  const least = { width: 640, height: 427 };
  const box = { left: 1000, top: 1000, width: 1280, height: 854 };
  for (const x of [0, 1]) {
    for (const y of [0, 1]) {
      for (const width of [-5, 640, 901, 2000, 9999]) {
        const made = shapedBox(box, { width }, picture, least, { x, y });
        assert.ok(isInside({ ...made, width: 0, height: 0 }));
        assert.ok(made.left + made.width <= picture.width && made.top + made.height <= picture.height);
        assert.ok(made.width >= least.width && Math.abs((made.width * 427) / 640 - made.height) <= 1);
        assert.equal(made.left + x * made.width, box.left + x * box.width);
        assert.equal(made.top + y * made.height, box.top + y * box.height);
      }
    }
  }
});

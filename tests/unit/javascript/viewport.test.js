// The viewport of the viewer: whole numbers of device pixels, whatever is asked.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  allowedZoom,
  arrangeGrid,
  centerAfterZoom,
  clampCenter,
  fitZoom,
  frameOf,
  MAX_ZOOM,
  nextZoom,
} from "../../../demo/web/viewer/js/viewport.js";

const EXTENT = { width: 448, height: 300 };
const SIZE = { width: 1000, height: 500 };

test("a picture that is smaller than the view fits by a whole number", () => {
  assert.equal(fitZoom(EXTENT, SIZE), 1);
  assert.equal(fitZoom(EXTENT, { width: 1400, height: 1000 }), 3);
  assert.equal(fitZoom({ width: 1, height: 1 }, SIZE), MAX_ZOOM);
});

test("a picture that is larger than the view fits exactly", () => {
  assert.equal(fitZoom({ width: 4000, height: 1000 }, SIZE), 0.25);
});

test("from 1:1 up only whole numbers are allowed, below anything down to the fit", () => {
  assert.deepEqual([0.1, 0.5, 0.98, 1.4, 1.6, 99].map((zoom) => allowedZoom(zoom, 0.25)), [0.25, 0.5, 1, 1, 2, 64]);
});

test("steps go through the stops, with the fit among them, and end", () => {
  const up = [0.25];
  while (up.at(-1) < 8) up.push(nextZoom(up.at(-1), 1, 0.25));
  assert.deepEqual(up, [1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 2, 3, 4, 6, 8]);
  assert.equal(nextZoom(0.25, -1, 0.25), 0.25);
  assert.equal(nextZoom(MAX_ZOOM, 1, 0.25), MAX_ZOOM);
  assert.equal(nextZoom(1 / 3, -1, 0.3), 0.3);
});

test("no empty border is left where the picture is larger than the view", () => {
  const center = clampCenter({ x: -50, y: 9999 }, 4, EXTENT, SIZE);
  assert.deepEqual(center, { x: 125, y: 300 - 62.5 });
  const frame = frameOf({ zoom: 4, center: { x: -50, y: 9999 } }, EXTENT, SIZE);
  assert.deepEqual(frame, { x: 0, y: 500 - 1200, width: 1792, height: 1200 });
});

test("a picture that is smaller lies in the middle, on whole device pixels", () => {
  const frame = frameOf({ zoom: 1, center: { x: 0, y: 0 } }, { width: 3, height: 3 }, { width: 10, height: 9 });
  assert.deepEqual(frame, { x: 4, y: 3, width: 3, height: 3 });
});

test("what lies under the pointer stays there", () => {
  const viewport = { zoom: 2, center: { x: 200, y: 150 } };
  const point = { x: 300, y: 100 };
  const under = (view) => {
    const frame = frameOf(view, EXTENT, SIZE);
    return { x: (point.x - frame.x) / view.zoom, y: (point.y - frame.y) / view.zoom };
  };
  const before = under(viewport);
  const after = under({ zoom: 6, center: centerAfterZoom(viewport, EXTENT, SIZE, point, 6) });
  assert.ok(Math.abs(after.x - before.x) <= 0.5 / 6 && Math.abs(after.y - before.y) <= 0.5 / 6);
});

test("panes stand beside each other while there is room, and below where there is not", () => {
  const grid = { gapPx: 8, minWidthPx: 140, minHeightPx: 170, headerPx: () => 36 };
  assert.equal(arrangeGrid(4, EXTENT, 1300, 700, grid).columns, 2);
  assert.equal(arrangeGrid(2, EXTENT, 1300, 400, grid).columns, 2);
  assert.equal(arrangeGrid(4, EXTENT, 270, 700, grid).columns, 1);
});

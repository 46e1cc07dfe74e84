// From millimetres to pixels per degree, against values worked out by hand.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  acuityDistanceCmOf,
  arcMinutesOf,
  CARD,
  cardSides,
  cssPxPerMmOf,
  cssPxPerMmOfDiagonal,
  diagonalInchesOf,
  distanceCmOfBlindSpot,
  ppdOf,
  ppiOf,
  PRESETS,
} from "../../../demo/web/js/optics.js";

const near = (got, wanted, share = 1e-3) =>
  assert.ok(Math.abs(got - wanted) <= share * Math.abs(wanted), `${got} is not ${wanted}`);

test("a screen of 96 ppi has 3.7795 pixels a millimetre, twice as many at a ratio of 2", () => {
  near(ppiOf(96 / 25.4, 1), 96, 1e-12);
  near(ppiOf(96 / 25.4, 2), 192, 1e-12);
  near(cssPxPerMmOf(ppiOf(5, 1.5), 1.5), 5, 1e-12);
});

test("pixels per degree are those around the middle of the view", () => {
  // One degree at 60 cm takes 2 * 600 mm * tan(0.5 deg) = 10.472 mm: 39.58 pixels of 96 ppi.
  near(ppdOf(96, 60), 39.58);
  near(arcMinutesOf(60), 1, 1e-12);
  near(ppdOf(96, 120) / ppdOf(96, 60), 2);
});

test("pixels merge where one of them takes a minute of arc", () => {
  near(arcMinutesOf(ppdOf(110, acuityDistanceCmOf(110))), 1, 1e-6);
});

test("the diagonal says how large a pixel is", () => {
  near(diagonalInchesOf(1920, 1080, 91.79), 24);
  near(cssPxPerMmOfDiagonal(1920, 1080, 24), 91.79 / 25.4);
});

test("a card lies where it fits and stands where it does not", () => {
  const lying = cardSides(4, 400);
  assert.deepEqual(lying, { width: 4 * CARD.widthMm, height: 4 * CARD.heightMm, isUpright: false });
  const standing = cardSides(6, 400);
  assert.deepEqual(standing, { width: 6 * CARD.heightMm, height: 6 * CARD.widthMm, isUpright: true });
});

test("the blind spot lies 13.5 degrees aside", () => {
  near(distanceCmOfBlindSpot(144.05), 60);
});

test("the displays of the list have the density of their size", () => {
  for (const { inches, width, height, ppi } of PRESETS) near(diagonalInchesOf(width, height, ppi), inches);
});

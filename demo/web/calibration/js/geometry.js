// From millimetres and pixels to pixels per degree. Pure functions; survey/study/display.py has the same.

const CARD = { widthMm: 85.6, heightMm: 53.98 }; // ISO/IEC 7810, ID-1
const MM_PER_INCH = 25.4;
const BLIND_SPOT_DEGREES = 13.5; // Li et al. 2020, doi:10.1038/s41598-019-57204-1
const DISTANCE_CM = { least: 10, most: 400 };

// `cssPxPerMm` is how many CSS pixels are one millimetre of glass.
const ppiOf = (cssPxPerMm, dpr) => cssPxPerMm * dpr * MM_PER_INCH;

const cssPxPerMmOf = (ppi, dpr) => ppi / (dpr * MM_PER_INCH);

const ppdOf = (ppi, distanceCm) =>
  Math.PI / (360 * Math.atan(MM_PER_INCH / ppi / (20 * distanceCm)));

const diagonalInchesOf = (widthPx, heightPx, ppi) => Math.hypot(widthPx, heightPx) / ppi;

const distanceCmOfBlindSpot = (separationMm) =>
  separationMm / Math.tan((BLIND_SPOT_DEGREES * Math.PI) / 180) / 10;

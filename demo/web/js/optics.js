// From millimetres and pixels to pixels per degree, and what follows from them. Arithmetic only;
// survey/study/display.py has the same.

export const CARD = { widthMm: 85.6, heightMm: 53.98 }; // ISO/IEC 7810, ID-1
export const MM_PER_INCH = 25.4;
const BLIND_SPOT_DEGREES = 13.5; // Li et al. 2020, doi:10.1038/s41598-019-57204-1
export const DISTANCE_CM = { least: 10, most: 400 };
export const PPI = { least: 20, most: 1000 };

// `cssPxPerMm` is how many CSS pixels are one millimetre of glass.
export const ppiOf = (cssPxPerMm, dpr) => cssPxPerMm * dpr * MM_PER_INCH;

export const cssPxPerMmOf = (ppi, dpr) => ppi / (dpr * MM_PER_INCH);

export const ppdOf = (ppi, distanceCm) =>
  Math.PI / (360 * Math.atan(MM_PER_INCH / ppi / (20 * distanceCm)));

export const diagonalInchesOf = (widthPx, heightPx, ppi) => Math.hypot(widthPx, heightPx) / ppi;

export const distanceCmOfBlindSpot = (separationMm) =>
  separationMm / Math.tan((BLIND_SPOT_DEGREES * Math.PI) / 180) / 10;

// CSS pixels per millimetre of a screen whose diagonal is known.
export const cssPxPerMmOfDiagonal = (widthCssPx, heightCssPx, inches) =>
  Math.hypot(widthCssPx, heightCssPx) / (inches * MM_PER_INCH);

// How a card is drawn in its true size, in CSS pixels: lying, or standing where it does not fit.
export function cardSides(cssPxPerMm, roomPx) {
  const long = CARD.widthMm * cssPxPerMm;
  const short = CARD.heightMm * cssPxPerMm;
  const isUpright = long > roomPx;
  return isUpright
    ? { width: short, height: long, isUpright }
    : { width: long, height: short, isUpright };
}

// Minutes of arc that one pixel takes; an eye of 20/20 separates one.
export const arcMinutesOf = (ppd) => 60 / ppd;

// From how far on a 20/20 eye no longer separates pixels.
export const acuityDistanceCmOf = (ppi) =>
  MM_PER_INCH / ppi / (2 * Math.tan((0.5 / 60) * (Math.PI / 180))) / 10;

// Displays that many people have, seen from where they usually are: inches, pixels, centimetres.
export const PRESETS = [
  { kind: "phone", inches: 6.1, width: 2556, height: 1179, cm: 30 },
  { kind: "phone", inches: 6.6, width: 2408, height: 1080, cm: 30 },
  { kind: "tablet", inches: 10.9, width: 2360, height: 1640, cm: 40 },
  { kind: "laptop", inches: 13.3, width: 2560, height: 1600, cm: 50 },
  { kind: "laptop", inches: 14, width: 1920, height: 1080, cm: 55 },
  { kind: "laptop", inches: 15.6, width: 1920, height: 1080, cm: 55 },
  { kind: "laptop", inches: 15.6, width: 1366, height: 768, cm: 55 },
  { kind: "monitor", inches: 24, width: 1920, height: 1080, cm: 60 },
  { kind: "monitor", inches: 27, width: 2560, height: 1440, cm: 60 },
  { kind: "monitor", inches: 27, width: 3840, height: 2160, cm: 60 },
  { kind: "tv", inches: 55, width: 3840, height: 2160, cm: 250 },
].map((preset) => ({
  ...preset,
  ppi: Math.hypot(preset.width, preset.height) / preset.inches,
}));

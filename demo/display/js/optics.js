// What follows from density and distance. survey/study/display.py has the same.

const PPI = { least: 20, most: 1000 };

// Minutes of arc that one pixel takes; an eye of 20/20 separates one.
const arcMinutesOf = (ppd) => 60 / ppd;

// From how far on a 20/20 eye no longer separates pixels.
const acuityDistanceCmOf = (ppi) =>
  MM_PER_INCH / ppi / (2 * Math.tan((0.5 / 60) * (Math.PI / 180))) / 10;

// Displays that many people have, seen from where they usually are: inches, pixels, centimetres.
const PRESETS = [
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

// What does not give back its original when it is reduced again is mended with bicubic, as
// sr/inference/guard.py does, in bands of rows so that memory stays bounded.

import { cropped, matlabBicubic } from "./resize.js";
import { roundedEven } from "./tiles.js";

const FLAT_LEVELS = 3;
const CONTRAST_SHARE = 0.5;
const MOST_LEVELS = 32;
const AROUND_PX = 4;
const BAND_ROWS = 256;
const MARGIN_ROWS = 24;

// Beyond the border pixels are mirrored, each border pixel twice: d c b a | a b c d | d c b a.
function mirrored(place, length) {
  const at = ((place % (2 * length)) + 2 * length) % (2 * length);
  return at < length ? at : 2 * length - 1 - at;
}

// `join` of the `size` values around each, down and then across; one channel of floats.
function filtered({ width, height, data }, size, start, join, finish) {
  const half = Math.floor(size / 2);
  const pass = (from, step, length, count, jump) => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < count; line += 1) {
      for (let place = 0; place < length; place += 1) {
        let value = start;
        for (let near = place - half; near < place - half + size; near += 1) {
          value = join(value, from[line * jump + mirrored(near, length) * step]);
        }
        to[line * jump + place * step] = finish(value);
      }
    }
    return to;
  };
  return { width, height, data: pass(pass(data, width, height, width, 1), 1, width, height, width) };
}

const largest = (picture, size) => filtered(picture, size, -Infinity, Math.max, (value) => value);
const smallest = (picture, size) => filtered(picture, size, Infinity, Math.min, (value) => value);
const mean = (picture, size) => filtered(picture, size, 0, (a, b) => a + b, (value) => value / size);

// Where an enlargement does not give back its original: 0 or 1 a pixel.
export function wrongPixels(lr, enlarged, scale, meanPx) {
  const { width, height } = lr;
  const again = matlabBicubic(enlarged, 1 / scale).data;
  const contrast = new Float32Array(width * height);
  const missing = new Float32Array(width * height);
  for (let channel = 0; channel < 3; channel += 1) {
    const own = { width, height, data: new Float32Array(width * height) };
    const lost = { width, height, data: new Float32Array(width * height) };
    for (let at = 0; at < width * height; at += 1) {
      own.data[at] = lr.data[3 * at + channel];
      lost.data[at] = again[3 * at + channel] - own.data[at];
    }
    const [high, low, means] = [largest(own, 5).data, smallest(own, 5).data, mean(lost, meanPx).data];
    for (let at = 0; at < width * height; at += 1) {
      contrast[at] = Math.max(contrast[at], high[at] - low[at]);
      missing[at] = Math.max(missing[at], Math.abs(means[at]));
    }
  }
  return missing.map((levels, at) =>
    Number(levels > Math.min(FLAT_LEVELS + CONTRAST_SHARE * contrast[at], MOST_LEVELS)),
  );
}

// Changes `enlarged` in place; the share of the picture that was wrong, 0 to 1. `meanPx` is the side
// of the means that are compared: more where noise is meant to go.
export function mend(lr, enlarged, scale, meanPx) {
  const { width, height } = lr;
  const wide = enlarged.width;
  const changes = [];
  let share = 0;
  for (let top = 0; top < height; top += BAND_ROWS) {
    const bottom = Math.min(top + BAND_ROWS, height);
    const [first, last] = [Math.max(0, top - MARGIN_ROWS), Math.min(height, bottom + MARGIN_ROWS)];
    const band = cropped(lr, 0, first, width, last - first);
    const large = cropped(enlarged, 0, scale * first, wide, scale * (last - first));
    const wrong = wrongPixels(band, large, scale, meanPx);
    if (!wrong.includes(1)) continue;
    const around = 2 * AROUND_PX + 1;
    const weight = mean(largest({ ...band, data: wrong }, around), around);
    const bytes = Uint8Array.from(weight.data, (value) => roundedEven(255 * value));
    const skipped = scale * (top - first) * wide;
    const count = scale * (bottom - top) * wide;
    const shares = matlabBicubic({ ...band, data: bytes }, scale).data.subarray(skipped, skipped + count);
    const bicubic = matlabBicubic(band, scale).data.subarray(3 * skipped);
    const start = 3 * scale * top * wide;
    // What is changed is kept apart until every band has been looked at.
    const pixels = enlarged.data.slice(start, start + 3 * count);
    let changed = 0;
    shares.forEach((part, at) => {
      if (!part) return;
      changed += 1;
      const [much, little] = [Math.fround(part / 255), Math.fround(1 - Math.fround(part / 255))];
      for (let i = 3 * at; i < 3 * at + 3; i += 1) {
        pixels[i] = roundedEven(Math.fround(Math.fround(pixels[i] * little) + Math.fround(bicubic[i] * much)));
      }
    });
    changes.push([start, pixels]);
    share += ((changed / count) * (bottom - top)) / height;
  }
  for (const [start, pixels] of changes) enlarged.data.set(pixels, start);
  return share;
}

// Colour under transparency, as sr/inference/transparency.py: what is hidden must not come out at
// the edges of what is seen. Pictures are { width, height, data, alpha }.

import { matlabBicubic, taps } from "./resize.js";
import { roundedEven } from "./tiles.js";

const LEAST_ALPHA = 0.5; // of 255: what is rounded away
const LEAST_WEIGHT = 0.01;

const clamped = (place, length) => Math.min(length - 1, Math.max(0, place));

// Calls `use` with each place of the three by three around (x, y); the border is repeated.
function around(x, y, width, height, use) {
  for (let row = y - 1; row <= y + 1; row += 1) {
    for (let column = x - 1; column <= x + 1; column += 1) use(clamped(row, height) * width + clamped(column, width));
  }
}

// Colours times alpha, and alpha, at half the size: sums over 2x2; data is R, G, B, weight.
function halved(width, height, valueOf) {
  const half = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  half.data = new Float32Array(4 * half.width * half.height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const to = 4 * ((y >> 1) * half.width + (x >> 1));
      for (let channel = 0; channel < 4; channel += 1) half.data[to + channel] += valueOf(y * width + x, channel);
    }
  }
  return half;
}

// Mean colours, taken from ever coarser halves where nothing is seen.
function filled({ width, height, data }) {
  const out = new Float32Array(3 * width * height);
  let isWhole = true;
  for (let at = 0; at < width * height; at += 1) {
    const weight = data[4 * at + 3];
    if (!weight) isWhole = false;
    for (let channel = 0; channel < 3; channel += 1) out[3 * at + channel] = data[4 * at + channel] / Math.max(weight, 1e-6);
  }
  if (isWhole || width * height === 1) return out;
  const coarse = filled(halved(width, height, (at, channel) => data[4 * at + channel]));
  const coarseWidth = Math.ceil(width / 2);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const to = y * width + x;
      if (data[4 * to + 3]) continue;
      const sums = [0, 0, 0];
      around(x, y, width, height, (at) => {
        const from = 3 * ((Math.floor(at / width) >> 1) * coarseWidth + ((at % width) >> 1));
        for (let channel = 0; channel < 3; channel += 1) sums[channel] += coarse[from + channel];
      });
      sums.forEach((sum, channel) => (out[3 * to + channel] = sum / 9));
    }
  }
  return out;
}

// The picture with hidden colours replaced by those seen around them; opaque pixels stay.
export function seenColours({ width, height, data, alpha }) {
  const far = filled(halved(width, height, (at, channel) => (channel < 3 ? data[3 * at + channel] : 1) * alpha[at]));
  const out = new Uint8Array(data.length);
  const farWidth = Math.ceil(width / 2);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const to = y * width + x;
      const sums = [0, 0, 0];
      let [total, most] = [0, 1];
      around(x, y, width, height, (at) => {
        total += alpha[at];
        most = Math.max(most, alpha[at]);
        for (let channel = 0; channel < 3; channel += 1) sums[channel] += alpha[at] * data[3 * at + channel];
      });
      const own = alpha[to] / most;
      const from = 3 * ((y >> 1) * farWidth + (x >> 1));
      for (let channel = 0; channel < 3; channel += 1) {
        const mean = total / 9 > LEAST_WEIGHT ? sums[channel] / total : far[from + channel];
        out[3 * to + channel] = roundedEven(own * data[3 * to + channel] + (1 - own) * mean);
      }
    }
  }
  return { width, height, data: out };
}

// Bicubic of premultiplied colour, divided by the alpha enlarged likewise, into `out` wherever
// anything is seen.
function premultipliedBicubic(out, { width, height, data, alpha }, scale) {
  const across = taps(width, scale);
  const row = new Float64Array(4 * width);
  let to = 0;
  for (const { places, weights } of taps(height, scale)) {
    row.fill(0);
    places.forEach((y, tap) => {
      for (let x = 0; x < width; x += 1) {
        const at = y * width + x;
        const weight = weights[tap] * alpha[at];
        for (let channel = 0; channel < 3; channel += 1) row[4 * x + channel] += weight * data[3 * at + channel];
        row[4 * x + 3] += weight;
      }
    });
    for (const side of across) {
      const sums = [0, 0, 0, 0];
      side.places.forEach((x, tap) => {
        for (let channel = 0; channel < 4; channel += 1) sums[channel] += side.weights[tap] * row[4 * x + channel];
      });
      for (let channel = 0; channel < 3 && sums[3] >= LEAST_ALPHA; channel += 1) {
        out.data[to + channel] = Math.min(255, Math.max(0, roundedEven(sums[channel] / sums[3])));
      }
      to += 3;
    }
  }
}

// An enlargement of `seenColours(picture)` with the picture's alpha, enlarged by bicubic.
export function withAlpha(enlarged, picture, scale, isBicubic) {
  const { width, height, alpha } = picture;
  if (isBicubic) premultipliedBicubic(enlarged, picture, scale);
  return { ...enlarged, alpha: matlabBicubic({ width, height, data: alpha }, scale).data };
}

// MATLAB's bicubic bit for bit, as sr/images/resize.py: Keys' kernel with a = -0.5, widened when
// shrinking; height first, rounded to bytes between the passes; borders by replication.
// Pictures are { width, height, data }: bytes, RGB or one channel, row after row.

const TIE = 1e-9; // a sum this close under a half is a half

function cubic(place) {
  const x = Math.abs(place);
  if (x <= 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  return x <= 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
}

// For each place of the output: the first place that is read, and weights from there on.
export function taps(length, scale) {
  const stretch = Math.min(scale, 1);
  const width = 4 / stretch;
  return Array.from({ length: Math.ceil(length * scale - 1e-9) }, (_, place) => {
    const centre = (place + 0.5) / scale - 0.5;
    const first = Math.floor(centre - width / 2) + 1;
    const weights = Array.from({ length: Math.ceil(width) + 1 }, (__, tap) =>
      stretch * cubic(stretch * (centre - (first + tap))),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const used = weights
      .map((weight, tap) => [Math.min(length - 1, Math.max(0, first + tap)), weight / sum])
      .filter(([, weight]) => weight !== 0);
    return { places: Int32Array.from(used, ([at]) => at), weights: Float64Array.from(used, ([, w]) => w) };
  });
}

export function matlabBicubic({ width, height, data }, scale) {
  const channels = data.length / (width * height);
  const [down, across] = [taps(height, scale), taps(width, scale)];
  const row = width * channels;
  const out = new Uint8ClampedArray(down.length * across.length * channels);
  const tall = new Uint8ClampedArray(row); // one row at its final height
  const sums = new Float64Array(row);
  let at = 0;
  for (const { places, weights } of down) {
    sums.fill(0.5 + TIE);
    for (let tap = 0; tap < places.length; tap += 1) {
      const [start, weight] = [places[tap] * row, weights[tap]];
      for (let x = 0; x < row; x += 1) sums[x] += weight * data[start + x];
    }
    for (let x = 0; x < row; x += 1) tall[x] = Math.floor(sums[x]);
    for (const side of across) {
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0.5 + TIE;
        for (let tap = 0; tap < side.places.length; tap += 1) {
          sum += side.weights[tap] * tall[side.places[tap] * channels + channel];
        }
        out[at] = Math.floor(sum);
        at += 1;
      }
    }
  }
  return { width: across.length, height: down.length, data: new Uint8Array(out.buffer) };
}

// The part of a picture from `left`, `top` on.
export function cropped({ width, height, data }, left, top, wide, high) {
  const channels = data.length / (width * height);
  const out = new Uint8Array(wide * high * channels);
  for (let y = 0; y < high; y += 1) {
    const start = ((top + y) * width + left) * channels;
    out.set(data.subarray(start, start + wide * channels), y * wide * channels);
  }
  return { width: wide, height: high, data: out };
}

// Without what is over a multiple of `scale` at the right and below.
export const modcrop = (picture, scale) =>
  cropped(picture, 0, 0, picture.width - (picture.width % scale), picture.height - (picture.height % scale));

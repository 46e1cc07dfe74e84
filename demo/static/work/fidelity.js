// PSNR and SSIM of luma, as sr/metrics/fidelity.py; rows pass through, so memory stays bounded.

const LUMA = [65.481, 128.553, 24.966].map((weight) =>
  Float64Array.from({ length: 256 }, (_, level) => Math.fround(level / 255) * weight),
);
const OFFSET = 16;
const WINDOW_PX = 11;
const SIGMA = 1.5;
const [C1, C2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
const WINDOW = (() => {
  const values = Array.from({ length: WINDOW_PX }, (_, at) => Math.exp(-((at - 5) ** 2) / (2 * SIGMA ** 2)));
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
})();

// One row of luma, without `crop` pixels at both ends.
export function lumaRow({ width, data }, y, crop) {
  const row = new Float64Array(width - 2 * crop);
  for (let x = 0, at = 3 * (y * width + crop); x < row.length; x += 1, at += 3) {
    row[x] = LUMA[0][data[at]] + LUMA[1][data[at + 1]] + LUMA[2][data[at + 2]] + OFFSET;
  }
  return row;
}

function similarityOfRows(first, second) {
  const wide = first[0].length;
  const sums = Array.from({ length: 5 }, () => new Float64Array(wide));
  for (let tap = 0; tap < WINDOW_PX; tap += 1) {
    const [a, b, weight] = [first[tap], second[tap], WINDOW[tap]];
    for (let x = 0; x < wide; x += 1) {
      const [one, two] = [a[x], b[x]];
      sums[0][x] += weight * one;
      sums[1][x] += weight * two;
      sums[2][x] += weight * one * one;
      sums[3][x] += weight * two * two;
      sums[4][x] += weight * one * two;
    }
  }
  let total = 0;
  const values = [0, 0, 0, 0, 0];
  for (let x = 0; x <= wide - WINDOW_PX; x += 1) {
    for (let kind = 0; kind < 5; kind += 1) {
      let sum = 0;
      for (let tap = 0; tap < WINDOW_PX; tap += 1) sum += WINDOW[tap] * sums[kind][x + tap];
      values[kind] = sum;
    }
    const [mx, my, xx, yy, xy] = values;
    total +=
      ((2 * mx * my + C1) * (2 * (xy - mx * my) + C2)) /
      ((mx * mx + my * my + C1) * (xx - mx * mx + (yy - my * my) + C2));
  }
  return total;
}

// { psnr, ssim } of two RGB pictures of one size after cutting `crop` pixels from every border.
// Equal pictures have a psnr of Infinity; null is what there are too few pixels for.
export function measure(one, other, crop) {
  const [wide, high] = [one.width - 2 * crop, one.height - 2 * crop];
  if (Math.min(wide, high) < 1) return { psnr: null, ssim: null };
  const [first, second] = [[], []];
  let [squares, similar] = [0, 0];
  for (let y = crop; y < crop + high; y += 1) {
    const [a, b] = [lumaRow(one, y, crop), lumaRow(other, y, crop)];
    a.forEach((value, x) => (squares += (value - b[x]) ** 2));
    first.push(a);
    second.push(b);
    if (first.length < WINDOW_PX || wide < WINDOW_PX) continue;
    similar += similarityOfRows(first, second);
    first.shift();
    second.shift();
  }
  const windows = (wide - WINDOW_PX + 1) * (high - WINDOW_PX + 1);
  const isLargeEnough = Math.min(wide, high) >= WINDOW_PX;
  return {
    psnr: 10 * Math.log10(255 ** 2 / (squares / (wide * high))),
    ssim: isLargeEnough ? similar / windows : null,
  };
}

// Stored sRGB values to light and back (IEC 61966-2-1), and means of light. Arithmetic only.

const LIGHT_STEPS = 65535;

export const lightOf = (() => {
  const table = new Float32Array(256);
  for (let value = 0; value < 256; value += 1) {
    const share = value / 255;
    table[value] = share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }
  return table;
})();

const valueOfLight = (() => {
  const table = new Uint8ClampedArray(LIGHT_STEPS + 1);
  for (let step = 0; step <= LIGHT_STEPS; step += 1) {
    const light = step / LIGHT_STEPS;
    table[step] = 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
  }
  return table;
})();

// For each of the pixels `from` to `to` of a side of `whole` pixels: the first of `length` source
// pixels it covers, and its share of each.
export function coverage(from, to, whole, length) {
  const step = length / whole;
  const spans = [];
  for (let index = from; index < to; index += 1) {
    const begin = index * step;
    const end = Math.min(length, begin + step);
    const first = Math.floor(begin + 1e-9);
    const last = Math.max(first + 1, Math.ceil(end - 1e-9));
    const shares = [];
    for (let pixel = first; pixel < last; pixel += 1) {
      shares.push((Math.min(end, pixel + 1) - Math.max(begin, pixel)) / (end - begin));
    }
    spans.push({ first, shares });
  }
  return spans;
}

// One row of stored values as light, premultiplied by alpha, in the tile's columns.
export function reduceRow(data, start, columns, firstX) {
  const across = new Float32Array(columns.length * 4);
  columns.forEach(({ first, shares }, index) => {
    let [red, green, blue, alpha] = [0, 0, 0, 0];
    let place = (start + first - firstX) * 4;
    for (const share of shares) {
      const weight = (share * data[place + 3]) / 255;
      red += weight * lightOf[data[place]];
      green += weight * lightOf[data[place + 1]];
      blue += weight * lightOf[data[place + 2]];
      alpha += weight;
      place += 4;
    }
    across[index * 4] = red;
    across[index * 4 + 1] = green;
    across[index * 4 + 2] = blue;
    across[index * 4 + 3] = alpha;
  });
  return across;
}

// Sums of light, premultiplied by alpha, as stored values again.
export function encodeLight(light, data) {
  for (let place = 0; place < light.length; place += 4) {
    const alpha = light[place + 3];
    const scale = alpha > 0 ? LIGHT_STEPS / alpha : 0;
    for (let channel = 0; channel < 3; channel += 1) {
      const step = Math.min(LIGHT_STEPS, Math.round(light[place + channel] * scale));
      data[place + channel] = valueOfLight[step];
    }
    data[place + 3] = Math.round(alpha * 255);
  }
}

// Files out of bytes: PNG of pixels, and zip of files that are small already.

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

export function crc32(...parts) {
  let value = -1;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 1) value = CRC[(value ^ part[at]) & 255] ^ (value >>> 8);
  }
  return ~value >>> 0;
}

const ascii = (text) => new TextEncoder().encode(text);

function chunk(kind, body) {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setUint32(0, body.length);
  head.set(ascii(kind), 4);
  const end = new Uint8Array(4);
  new DataView(end.buffer).setUint32(0, crc32(head.subarray(4), body));
  return [head, body, end];
}

// Each byte without what is foretold by those at its left, above it and at the upper left (Paeth).
function foretold(data, row, channels, first, last) {
  const out = new Uint8Array((last - first) * (row + 1));
  let at = 0;
  for (let y = first; y < last; y += 1) {
    out[at] = 4;
    at += 1;
    for (let x = 0; x < row; x += 1) {
      const i = y * row + x;
      const left = x >= channels ? data[i - channels] : 0;
      const up = y ? data[i - row] : 0;
      const corner = x >= channels && y ? data[i - row - channels] : 0;
      const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
      out[at] = data[i] - (a <= b && a <= c ? left : b <= c ? up : corner);
      at += 1;
    }
  }
  return out;
}

// Red, green, blue and alpha of every pixel.
function interleaved({ width, height, data, alpha }) {
  const out = new Uint8Array(4 * width * height);
  for (let at = 0; at < alpha.length; at += 1) {
    out.set(data.subarray(3 * at, 3 * at + 3), 4 * at);
    out[4 * at + 3] = alpha[at];
  }
  return out;
}

// A PNG of exactly these pixels, with `text` beside them ({ Software: "..." }).
export async function pngOf(picture, text = {}) {
  const { width, height, alpha } = picture;
  const channels = alpha ? 4 : 3;
  const data = alpha ? interleaved(picture) : picture.data;
  const head = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 8, alpha ? 6 : 2, 0, 0, 0]);
  new DataView(head.buffer).setUint32(0, width);
  new DataView(head.buffer).setUint32(4, height);
  const rows = 64;
  let first = 0;
  const filtered = new ReadableStream({
    pull(controller) {
      const last = Math.min(height, first + rows);
      controller.enqueue(foretold(data, channels * width, channels, first, last));
      first = last;
      if (last === height) controller.close();
    },
  });
  const packed = await new Response(filtered.pipeThrough(new CompressionStream("deflate"))).arrayBuffer();
  return new Blob(
    [
      new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
      ...chunk("IHDR", head),
      ...chunk("sRGB", new Uint8Array(1)),
      ...Object.entries(text).flatMap(([key, value]) => chunk("tEXt", ascii(`${key}\0${value}`))),
      ...chunk("IDAT", new Uint8Array(packed)),
      ...chunk("IEND", new Uint8Array(0)),
    ],
    { type: "image/png" },
  );
}

// A zip of blobs by their names, stored as they are.
export async function zipOf(files) {
  const [parts, list] = [[], []];
  let offset = 0;
  for (const [name, blob] of Object.entries(files)) {
    const [label, size] = [ascii(name), blob.size];
    const sum = crc32(new Uint8Array(await blob.arrayBuffer())); // one at a time: zips can be large
    const common = new Uint8Array(26); // version, UTF-8 names, stored, 1980-01-01, sums and sizes
    const view = new DataView(common.buffer);
    [20, 0x0800, 0, 0, 33].forEach((value, at) => view.setUint16(2 * at, value, true));
    view.setUint32(10, sum, true);
    view.setUint32(14, size, true);
    view.setUint32(18, size, true);
    view.setUint16(22, label.length, true);
    parts.push(ascii("PK\x03\x04"), common, label, blob);
    const rest = new Uint8Array(14);
    new DataView(rest.buffer).setUint32(10, offset, true);
    list.push(ascii("PK\x01\x02"), new Uint8Array([20, 0]), common, rest, label);
    offset += 30 + label.length + size;
  }
  const count = Object.keys(files).length;
  const size = list.reduce((sum, part) => sum + part.length, 0);
  const end = new Uint8Array(18);
  const view = new DataView(end.buffer);
  view.setUint16(4, count, true);
  view.setUint16(6, count, true);
  view.setUint32(8, size, true);
  view.setUint32(12, offset, true);
  return new Blob([...parts, ...list, ascii("PK\x05\x06"), end], { type: "application/zip" });
}

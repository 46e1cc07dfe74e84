// Which files are a microscope's, by their names and first bytes: what the server takes for such.

const ONLY_MICROSCOPES = /\.(mrc|dv|czi|nd2|lif|ome\.tiff?)$/i;
const NOT_GREY = [3, 5, 6, 8]; // kinds of samples: palette, CMYK, YCbCr, Lab
const TAG = { bits: 258, kind: 262, description: 270, samples: 277 };
const MOST_TAGS = 500;

export async function isFrame(file) {
  if (ONLY_MICROSCOPES.test(file.name)) return true;
  try {
    if (/\.png$/i.test(file.name)) return await isDeepGrey(file);
    return /\.tiff?$/i.test(file.name) && (await isFrameTiff(file));
  } catch {
    return false; // bytes that may be anything; the server says what is wrong with them
  }
}

const bytes = async (file, from, count) => new DataView(await file.slice(from, from + count).arrayBuffer());

async function isDeepGrey(file) {
  const head = await bytes(file, 0, 26);
  return head.getUint32(0) === 0x89504e47 && head.getUint8(24) === 16 && head.getUint8(25) === 0;
}

async function isFrameTiff(file) {
  const head = await bytes(file, 0, 16);
  const isLittle = head.getUint16(0) === 0x4949;
  const isBig = head.getUint16(2, isLittle) === 43;
  const offset = (view, at) => (isBig ? Number(view.getBigUint64(at, isLittle)) : view.getUint32(at, isLittle));
  const at = offset(head, isBig ? 8 : 4);
  const [counted, entry, value] = isBig ? [8, 20, 12] : [2, 12, 8];
  const start = await bytes(file, at, counted);
  const count = Math.min(isBig ? offset(start, 0) : start.getUint16(0, isLittle), MOST_TAGS);
  const list = await bytes(file, at + counted, count * entry);
  const places = new Map(Array.from({ length: count }, (_, i) => [list.getUint16(i * entry, isLittle), i * entry]));
  const short = (tag, usual) => (places.has(tag) ? list.getUint16(places.get(tag) + value, isLittle) : usual);
  if (short(TAG.samples, 1) !== 1 || NOT_GREY.includes(short(TAG.kind, 1))) return false;
  if (short(TAG.bits, 1) > 8) return true;
  if (!places.has(TAG.description)) return false;
  const place = places.get(TAG.description);
  const length = offset(list, place + 4);
  const said = new TextDecoder().decode(await bytes(file, offset(list, place + value), length));
  return said.startsWith("ImageJ=") || said.slice(-10).replaceAll("\0", "").trim().endsWith("OME>");
}

// What goes wrong with networks, and their files: fetched once and checked; the tensors in them.

export const ROOT = new URL("../../", import.meta.url);
export const MEMORY = /memory|alloc|out of bounds|aborted|invalid array length/i;

export class Trouble extends Error {
  constructor(key, detail = "") {
    super(`${key} ${detail}`);
    this.key = key;
    this.detail = detail;
  }
}

// A file of the site, whole: the sha256 that the manifest names, or nothing.
export async function checkedFile({ file, sha256 }) {
  const url = new URL(`models/${file}`, ROOT).href;
  const reply = await fetch(url).catch(() => null);
  if (!reply?.ok) throw new Trouble("not_loaded", file);
  const bytes = await reply.arrayBuffer().catch(() => null);
  if (!bytes) throw new Trouble("not_loaded", file);
  if (!self.crypto?.subtle) throw new Trouble("insecure");
  const digest = new Uint8Array(await self.crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found === sha256) return new Uint8Array(bytes);
  for (const name of (await self.caches?.keys()) ?? []) await (await self.caches.open(name)).delete(url);
  throw new Trouble("broken", file);
}

function ofHalf(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const value = exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14;
  return bits & 0x8000 ? -value : value;
}

// Tensors by name, { shape, values }, out of a file of the safetensors format: single precision, or
// half, which becomes single.
export function tensorsOf(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const start = 8 + length;
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const tensors = new Map();
  for (const [name, { dtype, shape, data_offsets: [first, last] }] of Object.entries(head)) {
    const { buffer } = bytes.slice(start + first, start + last);
    const values = dtype === "F16" ? Float32Array.from(new Uint16Array(buffer), ofHalf) : new Float32Array(buffer);
    tensors.set(name, { shape, values });
  }
  return tensors;
}

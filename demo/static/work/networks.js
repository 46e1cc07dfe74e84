// The networks in this browser: their files, fetched once and checked; ONNX Runtime, by WebGPU
// where there is one, else by WebAssembly; a picture through them tile by tile.

import { LEAST_TILE_PX, planStrips, planTiles } from "./tiles.js";

const ROOT = new URL("../../", import.meta.url);
const FEATURES_SHARE = 0.55; // of a tile's work
const MOST_THREADS = 8;
const MEMORY = /memory|alloc|out of bounds|aborted|invalid array length/i;
const CHECK_LEVELS = 1; // that a device may differ from what is known of the checked picture

export class Trouble extends Error {
  constructor(key, detail = "") {
    super(`${key} ${detail}`);
    this.key = key;
    this.detail = detail;
  }
}

let runtime = null; // { ort, provider }
const opened = new Map(); // name of a model -> its two sessions

async function hasGpu() {
  const adapter = await self.navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter) && !(adapter.isFallbackAdapter || adapter.info?.isFallbackAdapter);
}

async function startRuntime(provider, place) {
  if (typeof WebAssembly !== "object") throw new Trouble("no_wasm");
  try {
    const ort = await import(`${place}ort.${provider === "webgpu" ? "webgpu" : "wasm"}.min.mjs`);
    ort.env.wasm.wasmPaths = place;
    ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(MOST_THREADS, self.navigator.hardwareConcurrency || 1) : 1;
    ort.env.logLevel = "error";
    return { ort, provider };
  } catch (error) {
    throw new Trouble("no_runtime", error.message);
  }
}

// A file of the site, whole: the sha256 that the manifest names, or nothing.
async function checkedFile({ file, sha256 }) {
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

async function open(model, files) {
  const { ort, provider } = runtime;
  // Threads that wait without sleeping would take the cores from one another, and from the page.
  const extra = { session: { intra_op: { allow_spinning: "0" } } };
  const options = { executionProviders: [provider], graphOptimizationLevel: "all", extra };
  try {
    const sessions = [];
    for (const bytes of files) sessions.push(await ort.InferenceSession.create(bytes, options));
    return sessions;
  } catch (error) {
    throw new Trouble(MEMORY.test(error.message) ? "memory" : "no_runtime", error.message);
  }
}

// The sessions of a model. WebGPU has to give what is known of a small picture, or is left.
async function sessionsOf(model) {
  if (opened.has(model.name)) return opened.get(model.name);
  const files = [await checkedFile(model.features), await checkedFile(model.enlarged)];
  const place = new URL(model.runtime, ROOT).href;
  runtime ??= await startRuntime((await hasGpu()) ? "webgpu" : "wasm", place);
  let sessions = null;
  if (runtime.provider === "webgpu") {
    try {
      sessions = await open(model, files);
      await check(model, sessions);
    } catch (error) {
      console.warn("WebGPU is left:", error.message);
      runtime = await startRuntime("wasm", place);
      opened.clear();
      sessions = null;
    }
  }
  sessions ??= await open(model, files);
  opened.set(model.name, sessions);
  return sessions;
}

async function check(model, sessions) {
  const { side, expected } = model.check;
  const lr = { width: side, height: side, data: Uint8Array.from({ length: 3 * side * side }, (_, at) => (at * at * 7 + 13 * at) % 256) };
  const known = Uint8Array.from(atob(expected), (letter) => letter.charCodeAt(0));
  const { data } = await enlargedBy(sessions, model, lr, side, () => {});
  if (data.some((value, at) => Math.abs(value - known[at]) > CHECK_LEVELS)) throw new Trouble("other_result");
}

// (1, 3, H, W) in [0, 1] of a part of a picture.
function tensorOf({ width, data }, top, left, bottom, right) {
  const [high, wide] = [bottom - top, right - left];
  const values = new Float32Array(3 * high * wide);
  for (let channel = 0; channel < 3; channel += 1) {
    for (let y = 0, at = channel * high * wide; y < high; y += 1) {
      const start = 3 * ((top + y) * width + left) + channel;
      for (let x = 0; x < wide; x += 1, at += 1) values[at] = data[start + 3 * x] / 255;
    }
  }
  return new runtime.ort.Tensor("float32", values, [1, 3, high, wide]);
}

// Rows `top` to `bottom` and columns `left` to `right` of a tensor (1, C, H, W).
function partOf({ data, dims }, top, bottom, left, right) {
  const [, channels, height, width] = dims;
  const [high, wide] = [bottom - top, right - left];
  const values = new Float32Array(channels * high * wide);
  for (let channel = 0, at = 0; channel < channels; channel += 1) {
    for (let y = top; y < bottom; y += 1, at += wide) {
      const start = (channel * height + y) * width;
      values.set(data.subarray(start + left, start + right), at);
    }
  }
  return new runtime.ort.Tensor("float32", values, [1, channels, high, wide]);
}

// Put the rows and columns of an enlarged strip that are wanted in their place.
function handOn(out, { data, dims }, rows, columns, top, left) {
  const [, , height, width] = dims;
  for (let y = 0; y < rows[1] - rows[0]; y += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const from = (channel * height + rows[0] + y) * width + columns[0];
      let to = 3 * ((top + y) * out.width + left) + channel;
      for (let x = 0; x < columns[1] - columns[0]; x += 1, to += 3) {
        const value = data[from + x];
        if (!Number.isFinite(value)) throw new Trouble("not_finite");
        out.data[to] = Math.round(255 * Math.min(1, Math.max(0, value)));
      }
    }
  }
}

async function enlargedBy(sessions, model, lr, tilePx, look) {
  const { scale, radius_px: radiusPx, strip_radius_px: stripRadiusPx } = model;
  const { width, height } = lr;
  const out = { width: scale * width, height: scale * height, data: new Uint8Array(3 * scale * scale * width * height) };
  const tiles = planTiles(height, width, tilePx, radiusPx);
  for (const [number, tile] of tiles.entries()) {
    const told = (share) => look((number + share) / tiles.length);
    const input = tensorOf(lr, tile.inputTop, tile.inputLeft, tile.inputBottom, tile.inputRight);
    const { features } = await sessions[0].run({ lr: input });
    told(FEATURES_SHARE);
    const [high, wide] = input.dims.slice(2);
    const [top, left] = [tile.top - tile.inputTop, tile.left - tile.inputLeft];
    const [bottom, right] = [tile.bottom - tile.inputTop, tile.right - tile.inputLeft];
    const [first, last] = [Math.max(0, left - stripRadiusPx), Math.min(wide, right + stripRadiusPx)];
    for (const strip of planStrips(top, bottom, right - left, high, stripRadiusPx, tilePx)) {
      const read = [strip.inputTop, strip.inputBottom, first, last];
      const { sr } = await sessions[1].run({ features: partOf(features, ...read), lr: partOf(input, ...read) });
      const rows = [strip.top, strip.bottom].map((y) => scale * (y - strip.inputTop));
      const columns = [left, right].map((x) => scale * (x - first));
      handOn(out, sr, rows, columns, scale * (tile.top + strip.top - top), scale * tile.left);
      sr.dispose();
      told(FEATURES_SHARE + ((1 - FEATURES_SHARE) * (strip.bottom - top)) / (bottom - top));
    }
    features.dispose();
  }
  return out;
}

// A picture enlarged by a model; `look` is told the share that is done. Where memory ends, a
// Trouble of the key "memory" says so: smaller tiles need a new worker.
export async function enlarged(model, lr, tilePx, look) {
  try {
    const sessions = await sessionsOf(model);
    look(0);
    const picture = await enlargedBy(sessions, model, lr, Math.max(LEAST_TILE_PX, tilePx), look);
    return { picture, provider: runtime.provider, threads: runtime.ort.env.wasm.numThreads };
  } catch (error) {
    if (error instanceof Trouble) throw error;
    throw new Trouble(MEMORY.test(error.message ?? error) ? "memory" : "other", String(error.message ?? error));
  }
}

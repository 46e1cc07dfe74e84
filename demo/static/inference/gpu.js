// The networks by WebGPU, in ONNX Runtime: a tile of a picture, the second part of it in strips.

import { planStrips } from "../work/tiles.js";
import { checkedFile, MEMORY, ROOT, Trouble } from "./loading.js";

const FEATURES_SHARE = 0.55; // of a tile's work

let ort = null;
const opened = new Map(); // name of a model -> its two sessions

export async function hasGpu() {
  const adapter = await self.navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter) && !(adapter.isFallbackAdapter || adapter.info?.isFallbackAdapter);
}

async function startRuntime(place) {
  try {
    ort = await import(`${place}ort.webgpu.min.mjs`);
    ort.env.wasm.wasmPaths = place;
    ort.env.wasm.numThreads = 1;
    ort.env.logLevel = "error";
  } catch (error) {
    throw new Trouble("no_runtime", error.message);
  }
}

// The sessions of a model.
async function sessionsOf(model) {
  if (opened.has(model.name)) return opened.get(model.name);
  const files = [await checkedFile(model.features), await checkedFile(model.enlarged)];
  if (!ort) await startRuntime(new URL(model.runtime, ROOT).href);
  const options = { executionProviders: ["webgpu"], graphOptimizationLevel: "all" };
  try {
    const sessions = [];
    for (const bytes of files) sessions.push(await ort.InferenceSession.create(bytes, options));
    opened.set(model.name, sessions);
    return sessions;
  } catch (error) {
    throw new Trouble(MEMORY.test(error.message) ? "memory" : "no_runtime", error.message);
  }
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
  return new ort.Tensor("float32", values, [1, 3, high, wide]);
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
  return new ort.Tensor("float32", values, [1, channels, high, wide]);
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

async function enlarge(model, sessions, lr, tile, tilePx, out, told) {
  const { scale, strip_radius_px: stripRadiusPx } = model;
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

// What enlarges a tile: (lr, tile, tilePx, out, told).
export async function byGpu(model) {
  const sessions = await sessionsOf(model);
  return { provider: "webgpu", threads: 1, enlarge: (...what) => enlarge(model, sessions, ...what) };
}

// The networks in this browser, by WebGPU where there is one, else by WebAssembly; a picture through
// them tile by tile.

import { byGpu, hasGpu } from "../inference/gpu.js";
import { MEMORY, Trouble } from "../inference/loading.js";
import { byWasm } from "../inference/wasm.js";
import { LEAST_TILE_PX, planTiles } from "./tiles.js";

const CHECK_LEVELS = 1; // that a device may differ from what is known of the checked picture

const proven = new Set(); // models that WebGPU runs as it should
let isLeft = false; // WebGPU

async function check(model, by) {
  const { side, expected } = model.check;
  const lr = { width: side, height: side, data: Uint8Array.from({ length: 3 * side * side }, (_, at) => (at * at * 7 + 13 * at) % 256) };
  const known = Uint8Array.from(atob(expected), (letter) => letter.charCodeAt(0));
  const { data } = await enlargedBy(by, model, lr, side, () => {});
  if (data.some((value, at) => Math.abs(value - known[at]) > CHECK_LEVELS)) throw new Trouble("other_result");
}

// What runs a model: WebGPU has to give what is known of a small picture, or is left.
async function choose(model, tiles, tilePx) {
  if (!isLeft && (await hasGpu())) {
    try {
      const by = await byGpu(model);
      if (!proven.has(model.name)) await check(model, by);
      proven.add(model.name);
      return by;
    } catch (error) {
      console.warn("WebGPU is left:", error.message);
      isLeft = true;
    }
  }
  return byWasm(model, tiles, tilePx);
}

async function enlargedBy(by, model, lr, tilePx, look) {
  const { scale, radius_px: radiusPx } = model;
  const { width, height } = lr;
  const out = { width: scale * width, height: scale * height, data: new Uint8Array(3 * scale * scale * width * height) };
  const tiles = planTiles(height, width, tilePx, radiusPx);
  for (const [number, tile] of tiles.entries()) {
    await by.enlarge(lr, tile, tilePx, out, (share) => look((number + share) / tiles.length));
  }
  return out;
}

// A picture enlarged by a model; `look` is told the share that is done. Where memory ends, a
// Trouble of the key "memory" says so: smaller tiles need a new worker.
export async function enlarged(model, lr, wantedPx, look) {
  try {
    const tilePx = Math.max(LEAST_TILE_PX, wantedPx);
    const by = await choose(model, planTiles(lr.height, lr.width, tilePx, model.radius_px), tilePx);
    look(0);
    const picture = await enlargedBy(by, model, lr, tilePx, look);
    return { picture, provider: by.provider, threads: by.threads };
  } catch (error) {
    if (error instanceof Trouble) throw error;
    throw new Trouble(MEMORY.test(error.message ?? error) ? "memory" : "other", String(error.message ?? error));
  }
}

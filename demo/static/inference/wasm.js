// The networks by WebAssembly: its module, as many workers as the browser lets share a memory.

import { Crew } from "./crew.js";
import { checkedFile, MEMORY, Trouble } from "./loading.js";
import { SRResNet } from "./srresnet.js";

const MOST_THREADS = 8;

let code = null;
let crew = null;
const known = new Map(); // name of a model -> its network
let loaded = null; // the network whose weights are in the crew's memory

async function moduleOf() {
  if (typeof WebAssembly !== "object") throw new Trouble("no_wasm");
  const reply = await fetch(new URL("network.wasm", import.meta.url)).catch(() => null);
  if (!reply?.ok) throw new Trouble("not_loaded", "network.wasm");
  try {
    return await WebAssembly.compile(await reply.arrayBuffer());
  } catch (error) {
    throw new Trouble("no_runtime", error.message); // without vectors, or threads
  }
}

// A crew with room enough. Memory that was too small is given back with its helpers.
async function crewOf(bytes) {
  code ??= await moduleOf();
  if (crew?.bytes >= bytes) return crew;
  crew?.end();
  crew = loaded = null;
  const threads = self.crossOriginIsolated ? Math.min(MOST_THREADS, self.navigator.hardwareConcurrency || 1) : 1;
  try {
    crew = await Crew.of(code, threads, bytes);
  } catch (error) {
    throw new Trouble(error instanceof RangeError || MEMORY.test(error.message) ? "memory" : "no_runtime", error.message);
  }
  return crew;
}

// A crew whose memory, of at least so many bytes, is somebody else's until a network is loaded anew.
export async function crewWith(bytes) {
  loaded = null;
  return crewOf(bytes);
}

// What enlarges these tiles: (lr, tile, tilePx, out, told).
export async function byWasm(model, tiles, tilePx) {
  if (!known.has(model.name)) known.set(model.name, new SRResNet(model, await checkedFile(model.weights)));
  const network = known.get(model.name);
  const { threads } = await crewOf(Math.max(...tiles.map((tile) => network.bytesFor(network.plan(tile, tilePx)))));
  if (loaded !== network) network.load(crew);
  loaded = network;
  const enlarge = (...what) => {
    if (!network.enlarge(...what)) throw new Trouble("not_finite");
  };
  return { provider: "wasm", threads, enlarge };
}

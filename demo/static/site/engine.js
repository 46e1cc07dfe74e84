// The worker as the page knows it: calls that can be given up, and smaller tiles where memory ends.

import { LEAST_TILE_PX, TILE_PX } from "../work/tiles.js";

export class Engine {
  constructor() {
    const isSmall = matchMedia("(pointer: coarse)").matches || navigator.deviceMemory < 8; // GB
    this.tilePx = isSmall ? TILE_PX / 2 : TILE_PX;
    this.worker = null;
    this.waiting = new Map();
    this.last = 0;
  }

  begin() {
    if (this.worker) return;
    this.worker = new Worker(new URL("../work/worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data: { id, share, result, trouble } }) => {
      const call = this.waiting.get(id);
      if (!call) return;
      if (share !== undefined) return call.look(share);
      this.waiting.delete(id);
      return trouble ? call.reject(trouble) : call.resolve(result);
    });
    this.worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.stop({ key: /memory/i.test(event.message) ? "memory" : "other", detail: event.message ?? "" });
    });
  }

  // Everything that is in work is given up at once.
  stop(trouble = { key: "cancelled", detail: "" }) {
    this.worker?.terminate();
    this.worker = null;
    const calls = [...this.waiting.values()];
    this.waiting.clear();
    for (const call of calls) call.reject(trouble);
  }

  // What the worker answers; rejects with { key, detail }.
  call(name, args, look = () => {}) {
    this.begin();
    const id = (this.last += 1);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { look, resolve, reject });
      this.worker.postMessage({ id, name, args });
    });
  }

  // A version of a picture. Memory of WebAssembly never shrinks, so smaller tiles get a new worker.
  async version(args, look) {
    for (;;) {
      try {
        return await this.call("version", { ...args, tilePx: this.tilePx }, look);
      } catch (trouble) {
        if (trouble.key !== "memory" || this.tilePx / 2 < LEAST_TILE_PX) throw trouble;
        this.tilePx /= 2;
        console.warn(`not enough memory (${trouble.detail}); tiles of ${this.tilePx} px`);
        this.stop();
      }
    }
  }
}

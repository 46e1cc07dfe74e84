// The worker of the site without a server: given up at once, and smaller tiles where memory ends.

import assert from "node:assert/strict";
import { test } from "node:test";

const made = [];

class FakeWorker extends EventTarget {
  constructor() {
    super();
    made.push(this);
    this.isEnded = false;
  }

  postMessage({ id, args }) {
    this.asked = args;
    const data = FakeWorker.answer(args);
    if (data) queueMicrotask(() => this.tell({ id, ...data }));
  }

  tell(data) {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  terminate() {
    this.isEnded = true;
  }
}

Object.defineProperty(globalThis, "navigator", { value: { deviceMemory: 8 }, configurable: true });
Object.assign(globalThis, { Worker: FakeWorker, matchMedia: () => ({ matches: false }) });
const { Engine } = await import("../../../demo/static/site/engine.js");
const noMemory = { trouble: { key: "memory", detail: "bad_alloc" } };
console.warn = () => {};

test("where memory ends a new worker gets tiles of half the side", async () => {
  FakeWorker.answer = ({ tilePx }) => (tilePx > 128 ? noMemory : { result: tilePx });
  const engine = new Engine();
  assert.equal(await engine.version({}), 128);
  assert.deepEqual(made.map(({ isEnded }) => isEnded), [true, true, false]);
  assert.equal(await engine.version({}), 128); // and is kept to
  assert.equal(made.length, 3);
});

test("tiles have a least size, after which it is said", async () => {
  FakeWorker.answer = () => noMemory;
  await assert.rejects(new Engine().version({}), ({ key }) => key === "memory");
  assert.equal(made.at(-1).asked.tilePx, 32);
});

test("what is given up is told, and comes to no late answer", async () => {
  FakeWorker.answer = () => null;
  const engine = new Engine();
  const shares = [];
  const call = engine.call("version", {}, (share) => shares.push(share));
  const worker = made.at(-1);
  worker.tell({ id: 1, share: 0.5 });
  engine.stop();
  await assert.rejects(call, ({ key }) => key === "cancelled");
  assert.ok(worker.isEnded);
  worker.tell({ id: 1, share: 0.9 });
  assert.deepEqual(shares, [0.5]);
});

test("a worker that breaks down is an answer too", async () => {
  FakeWorker.answer = () => null;
  const engine = new Engine();
  const call = engine.call("version", {});
  made.at(-1).dispatchEvent(Object.assign(new Event("error"), { message: "Out of memory" }));
  await assert.rejects(call, ({ key }) => key === "memory");
});

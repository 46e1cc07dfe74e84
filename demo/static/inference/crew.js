// Workers that share one memory of WebAssembly and divide each step of the work.

const [TURN, BUSY, FAILED, NEXT, SHARE, COUNT, NAME, LENGTH, FIRST] = Array(9).keys();
const MOST_ARGUMENTS = 24;
const CONTROL_BYTES = 256; // TURN and what follows it, and the arguments
const STACK_BYTES = 65536; // of each worker
const MOST_CHANNELS = 256; // of a convolution: scratch is made for as many
const PAGE_BYTES = 65536;

// The module as one worker has it: with a stack and scratch memory of its own.
export class Place {
  constructor(module, memory, number) {
    this.calls = new WebAssembly.Instance(module, { env: { memory } }).exports;
    this.names = Object.keys(this.calls);
    const { __heap_base: base, __stack_pointer: stack } = this.calls;
    const start = base.value;
    const own = STACK_BYTES + 4 * this.calls.nitidez_scratch(MOST_CHANNELS, MOST_CHANNELS);
    this.control = new Int32Array(memory.buffer, start, CONTROL_BYTES / 4);
    this.start = start + CONTROL_BYTES + number * own;
    this.end = this.start + own;
    this.scratch = this.start + STACK_BYTES;
    stack.value = this.scratch; // it grows downwards
  }

  // Shares of the step that is given, until none is left.
  work() {
    const { control } = this;
    const call = this.calls[this.names[control[NAME]]];
    const given = [...control.subarray(FIRST, FIRST + control[LENGTH])];
    for (;;) {
      const first = Atomics.add(control, NEXT, control[SHARE]);
      if (first >= control[COUNT]) return;
      call(...given, first, Math.min(first + control[SHARE], control[COUNT]), this.scratch);
    }
  }

  // A helper's life: it sleeps until there is a step.
  help() {
    for (let turn = 0; ; turn += 1) {
      Atomics.wait(this.control, TURN, turn);
      try {
        this.work();
      } catch {
        Atomics.store(this.control, FAILED, 1);
      }
      Atomics.sub(this.control, BUSY, 1);
      Atomics.notify(this.control, BUSY);
    }
  }
}

function helperOf(module, memory, number) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./helper.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", () => resolve(worker));
    worker.addEventListener("error", (event) => reject(new Error(event.message ?? "helper")));
    worker.postMessage([module, memory, number]);
  });
}

export class Crew {
  // `threads` workers, this one among them, and a memory in which `bytes` are free.
  static async of(module, threads, bytes) {
    const least = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
    const { start, end } = new Place(module, least, 0);
    const pages = Math.ceil((start + threads * (end - start) + bytes) / PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const numbers = Array.from({ length: threads - 1 }, (_, number) => number + 1);
    const helpers = await Promise.all(numbers.map((number) => helperOf(module, memory, number)));
    return new Crew(module, memory, helpers, bytes);
  }

  constructor(module, memory, helpers, bytes) {
    this.place = new Place(module, memory, 0);
    this.helpers = helpers;
    this.threads = 1 + helpers.length;
    this.buffer = memory.buffer;
    this.bytes = bytes;
    this.free = this.place.start + this.threads * (this.place.end - this.place.start);
  }

  end() {
    for (const helper of this.helpers) helper.terminate();
  }

  // A function of the module on `count` things, `share` at a time. Every argument is whole.
  run(name, count, share, ...given) {
    const { control, names } = this.place;
    if (given.length > MOST_ARGUMENTS) throw new Error(`${name}: ${given.length} arguments`);
    control.set(given, FIRST);
    control[NAME] = names.indexOf(name);
    control[LENGTH] = given.length;
    control[SHARE] = share;
    control[COUNT] = count;
    Atomics.store(control, NEXT, 0);
    Atomics.store(control, BUSY, this.helpers.length);
    Atomics.add(control, TURN, 1);
    Atomics.notify(control, TURN);
    this.place.work();
    for (;;) {
      const busy = Atomics.load(control, BUSY);
      if (!busy) break;
      Atomics.wait(control, BUSY, busy);
    }
    if (Atomics.load(control, FAILED)) throw new Error("a helper failed");
  }
}

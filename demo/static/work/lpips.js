// LPIPS 0.1 with AlexNet, as sr/metrics/fidelity.py measures it: features of two pictures, brought
// to unit length, their squared differences weighted by channel. Channels are last.

import { tensorsOf } from "../inference/loading.js";

const LAYERS = [
  { key: 0, kernel: 11, stride: 4, pad: 2 },
  { key: 3, kernel: 5, stride: 1, pad: 2, isPooled: true },
  { key: 6, kernel: 3, stride: 1, pad: 1, isPooled: true },
  { key: 8, kernel: 3, stride: 1, pad: 1 },
  { key: 10, kernel: 3, stride: 1, pad: 1 },
];
const [SHIFT, SCALE] = [[-0.03, -0.088, -0.188], [0.458, 0.448, 0.45]];
const LEAST_PX = 32;
const ROWS = 2; // that a worker takes at a time
const SPARE_BYTES = 4096; // so that everything can begin at a multiple of 64

// The maximum of three by three, every second one.
function pooled({ width, height, channels, data }) {
  const [wide, high] = [width, height].map((side) => Math.floor((side - 3) / 2) + 1);
  const out = new Float32Array(channels * wide * high).fill(-Infinity);
  for (let y = 0; y < high; y += 1) {
    for (let x = 0; x < wide; x += 1) {
      const to = (y * wide + x) * channels;
      for (let near = 0; near < 9; near += 1) {
        const from = ((2 * y + Math.floor(near / 3)) * width + 2 * x + (near % 3)) * channels;
        for (let channel = 0; channel < channels; channel += 1) {
          if (data[from + channel] > out[to + channel]) out[to + channel] = data[from + channel];
        }
      }
    }
  }
  return { width: wide, height: high, channels, data: out };
}

function scaled({ width, height, data }) {
  const level = (value, at) => (value / 127.5 - 1 - SHIFT[at % 3]) / SCALE[at % 3];
  return { width, height, channels: 3, data: Float32Array.from(data, level) };
}

// The mean over the picture of the weighted squared differences.
function distance(one, other, head) {
  const { channels, width, height } = one;
  const lengthAt = ({ data }, start) => {
    let sum = 0;
    for (let at = start; at < start + channels; at += 1) sum += data[at] ** 2;
    return Math.sqrt(sum) + 1e-10;
  };
  let total = 0;
  for (let start = 0; start < one.data.length; start += channels) {
    const [a, b] = [lengthAt(one, start), lengthAt(other, start)];
    for (let at = 0; at < channels; at += 1) {
      total += head[at] * (one.data[start + at] / a - other.data[start + at] / b) ** 2;
    }
  }
  return total / (width * height);
}

export class Lpips {
  // bytes: the file of weights, of each row of a filter what a row of a picture is multiplied with.
  constructor(bytes) {
    const tensors = tensorsOf(bytes);
    this.layers = LAYERS.map((layer, number) => {
      const [weight, bias] = ["weight", "bias"].map((kind) => tensors.get(`${layer.key}.${kind}`).values);
      return { ...layer, weight, bias, outs: bias.length, head: tensors.get(`head.${number}`).values };
    });
  }

  // What pictures of this size need of the memory, beside some to spare.
  bytesFor({ width, height }) {
    let [wide, high, channels, most, weights] = [width, height, 3, 0, 0];
    for (const { kernel, stride, pad, isPooled, outs, weight, bias } of this.layers) {
      if (isPooled) [wide, high] = [wide, high].map((side) => Math.floor((side - 3) / 2) + 1);
      const before = channels * (wide + 2 * pad) * (high + 2 * pad);
      [wide, high] = [wide, high].map((side) => Math.floor((side + 2 * pad - kernel) / stride) + 1);
      channels = outs;
      most = Math.max(most, before + channels * wide * high);
      weights += weight.length + bias.length;
    }
    return 4 * (weights + most) + SPARE_BYTES;
  }

  // The weights into the crew's memory.
  load(crew) {
    this.crew = crew;
    this.floats = new Float32Array(crew.buffer);
    this.free = crew.free;
    this.zero = this.place(1);
    this.floats[this.zero / 4] = 0;
    for (const layer of this.layers) {
      layer.places = [layer.weight, layer.bias].map((values) => {
        const place = this.place(values.length);
        this.floats.set(values, place / 4);
        return place;
      });
    }
  }

  place(floats) {
    const start = Math.ceil(this.free / 64) * 64;
    this.free = start + 4 * floats;
    return start;
  }

  // A convolution and its ReLU.
  convolved({ width, height, channels, data }, { kernel, stride, pad, outs, places }) {
    const { free, floats } = this;
    const padded = { width: width + 2 * pad, height: height + 2 * pad };
    const [wide, high] = [padded.width, padded.height].map((side) => Math.floor((side - kernel) / stride) + 1);
    const from = this.place(channels * padded.width * padded.height);
    const to = this.place(outs * wide * high);
    this.free = free;
    floats.fill(0, from / 4, to / 4);
    for (let y = 0; y < height; y += 1) {
      const row = data.subarray(y * width * channels, (y + 1) * width * channels);
      floats.set(row, from / 4 + ((y + pad) * padded.width + pad) * channels);
    }
    this.crew.run("nitidez_direct", high, ROWS, from, ...places, this.zero, to, wide, padded.width, channels, outs, kernel, stride);
    return { width: wide, height: high, channels: outs, data: floats.slice(to / 4, to / 4 + outs * wide * high) };
  }

  // The features of a picture, layer by layer; `look` is told the share that is done.
  featuresOf(picture, look) {
    let each = scaled(picture);
    return this.layers.map((layer, at) => {
      each = this.convolved(layer.isPooled ? pooled(each) : each, layer);
      look((at + 1) / this.layers.length);
      return each;
    });
  }

  // LPIPS of RGB pictures against an original of their size; null where they are too small for it.
  measure(original, others, look) {
    if (Math.min(original.width, original.height) < LEAST_PX) return others.map(() => null);
    const count = others.length + 1;
    const known = this.featuresOf(original, (share) => look(share / count));
    return others.map((other, number) => {
      const found = this.featuresOf(other, (share) => look((number + 1 + share) / count));
      return this.layers.reduce((sum, { head }, at) => sum + distance(known[at], found[at], head), 0);
    });
  }
}

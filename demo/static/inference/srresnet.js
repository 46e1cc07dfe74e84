// SRResNet step by step, in memory that a crew shares: pictures and features are channels last.

import { planStrips } from "../work/tiles.js";
import { tensorsOf } from "./loading.js";

const TILES = 48; // of a convolution, that a worker takes at a time
const ROWS = 4; // of what goes row by row
const LANES = 8; // channels come in multiples of this many
const FEATURES_SHARE = 0.6; // of a tile's work

const rounded = (value, step) => Math.ceil(value / step) * step;

export class SRResNet {
  // model: its facts in the site's manifest; bytes: its file of weights.
  constructor(model, bytes) {
    Object.assign(this, { scale: model.scale, factors: model.factors, blocks: model.blocks });
    this.stripRadiusPx = model.strip_radius_px;
    this.tensors = tensorsOf(bytes);
    const [taps, , features] = this.tensors.get("first.weight").shape;
    Object.assign(this, { taps, features });
    const padded = ({ shape: [outer, inner, , side] }) => 36 * inner * rounded(outer, LANES) + side;
    this.weightFloats = 0;
    for (const tensor of this.tensors.values()) {
      this.weightFloats += rounded(tensor.values.length, LANES) + (tensor.shape[3] ? padded(tensor) : 0) + LANES;
    }
  }

  // Where everything of a tile (floats) is, from `at` on; the strips lie where features no longer are needed.
  layout(at, high, wide, strips, columns) {
    const pixels = high * wide;
    const border = this.taps - 1;
    const next = (floats) => {
      const start = at;
      at += rounded(4 * floats, 64);
      return start;
    };
    const places = { broken: next(1), padded: next(3 * (high + border) * (wide + border)), kept: next(this.features * pixels) };
    const rest = at;
    places.x = next(this.features * pixels);
    places.mid = next(this.features * pixels);
    let end = at;
    at = rest;
    const most = Math.max(...strips.map((strip) => strip.inputBottom - strip.inputTop));
    const rows = Math.max(...strips.map((strip) => strip.bottom - strip.top));
    let area = most * (columns + 2 * this.stripRadiusPx);
    places.part = next(this.features * area);
    places.up = this.factors.map((factor, number) => {
      const isLast = number === this.factors.length - 1;
      const wider = next(factor ** 2 * this.features * area);
      const shuffled = next(factor ** 2 * (isLast ? 3 : this.features) * area);
      area *= factor ** 2;
      return { wider, shuffled };
    });
    places.rgb = next((3 * rows * columns * this.scale ** 2) / 4 + 1);
    end = Math.max(end, at);
    return { ...places, end };
  }

  // What a tile needs of the memory.
  bytesFor(plan) {
    return 4 * this.weightFloats + this.layout(0, ...plan).end;
  }

  // Weights into the crew's memory, those of convolutions as Winograd's algorithm multiplies them.
  load(crew) {
    this.crew = crew;
    this.floats = new Float32Array(crew.buffer);
    this.bytes = new Uint8Array(crew.buffer);
    let at = crew.free;
    const next = (floats) => {
      const start = at;
      at += 4 * rounded(floats, LANES);
      return start;
    };
    const put = (name, length) => {
      const tensor = this.tensors.get(name);
      if (!tensor) return 0;
      const start = next(length ?? tensor.values.length);
      this.floats.set(tensor.values, start / 4);
      return start;
    };
    this.convolutions = new Map();
    for (const [name, { shape }] of this.tensors) {
      const [key, kind] = [name.slice(0, name.lastIndexOf(".")), name.slice(name.lastIndexOf(".") + 1)];
      if (kind !== "weight") continue;
      if (key === "first") {
        this.first = [put(name), put("first.bias"), put("first.slope")];
        continue;
      }
      const [outer, inner, taps] = shape;
      const padded = rounded(outer, LANES);
      const bias = put(`${key}.bias`, padded);
      const slope = put(`${key}.slope`);
      const u = next(36 * inner * padded);
      const plain = at; // forgotten at once
      this.floats.set(this.tensors.get(name).values, plain / 4);
      crew.place.calls.nitidez_filters(plain, u, inner, inner, outer, padded, taps ** 2, inner * taps ** 2, 0, taps);
      this.convolutions.set(key, { u, bias, slope, inner, outer, padded, taps });
    }
    this.start = at;
  }

  convolve(key, x, y, high, wide, skip = 0) {
    const { u, bias, slope, inner, outer, padded, taps } = this.convolutions.get(key);
    const side = 7 - taps; // of what a tile gives
    const tiles = Math.ceil(high / side) * Math.ceil(wide / side);
    this.crew.run("nitidez_forward", tiles, TILES, x, u, bias, slope, skip, y, high, wide, inner, outer, padded, taps);
  }

  // The picture's part of a tile, from [0, 255] to [0, 1], with zeros around it.
  read({ width, data }, tile, padded, high, wide) {
    const border = (this.taps - 1) / 2;
    const line = 3 * (wide + 2 * border);
    const to = this.floats.subarray(padded / 4, padded / 4 + line * (high + 2 * border));
    to.fill(0);
    for (let y = 0; y < high; y += 1) {
      const from = 3 * ((tile.inputTop + y) * width + tile.inputLeft);
      const start = (y + border) * line + 3 * border;
      for (let at = 0; at < 3 * wide; at += 1) to[start + at] = data[from + at] / 255;
    }
  }

  // A tile enlarged, into its place in `out`; false where a number is not finite.
  enlarge(lr, tile, tilePx, out, told) {
    const { crew, features, floats, scale, stripRadiusPx } = this;
    const plan = this.plan(tile, tilePx);
    const [high, wide, strips, columns] = plan;
    const { broken, padded, kept, x, mid, part, up, rgb } = this.layout(this.start, ...plan);
    this.read(lr, tile, padded, high, wide);
    crew.run("nitidez_direct", high, ROWS, padded, ...this.first, kept, wide, wide + this.taps - 1, 3, features, this.taps, 1);
    for (let block = 0; block < this.blocks; block += 1) {
      const from = block ? x : kept;
      this.convolve(`blocks.${block}.0`, from, mid, high, wide);
      this.convolve(`blocks.${block}.1`, mid, x, high, wide, from);
      told((FEATURES_SHARE * (block + 1)) / (this.blocks + 1));
    }
    this.convolve("body", x, kept, high, wide, kept);
    const [top, left] = [tile.top - tile.inputTop, tile.left - tile.inputLeft];
    const [first, last] = [Math.max(0, left - stripRadiusPx), Math.min(wide, left + columns + stripRadiusPx)];
    new Int32Array(crew.buffer, broken, 1)[0] = 0;
    for (const strip of strips) {
      let [rows, across, from] = [strip.inputBottom - strip.inputTop, last - first, part];
      for (let row = 0; row < rows; row += 1) {
        const start = kept / 4 + features * ((strip.inputTop + row) * wide + first);
        floats.copyWithin(part / 4 + features * across * row, start, start + features * across);
      }
      for (const [number, factor] of this.factors.entries()) {
        const { wider, shuffled } = up[number];
        this.convolve(`up.${number}`, from, wider, rows, across);
        if (number === this.factors.length - 1) this.convolve("last", wider, shuffled, rows, across);
        else {
          crew.run("nitidez_shuffle", rows, ROWS, wider, shuffled, across, features, factor);
          [rows, across] = [factor * rows, factor * across];
        }
        from = shuffled;
      }
      const factor = this.factors.at(-1);
      const border = (this.taps - 1) / 2;
      const lines = scale * (strip.bottom - strip.top);
      crew.run(
        "nitidez_last", lines, 4 * ROWS, from, padded, rgb, broken, scale, factor, high, wide, border,
        strip.inputTop, first, across, strip.top, left, columns,
      );
      for (let y = 0; y < lines; y += 1) {
        const start = rgb + 3 * scale * columns * y;
        const line = this.bytes.subarray(start, start + 3 * scale * columns);
        out.data.set(line, 3 * ((scale * (tile.top + strip.top - top) + y) * out.width + scale * tile.left));
      }
      told(FEATURES_SHARE + ((1 - FEATURES_SHARE) * (strip.bottom - top)) / (tile.bottom - tile.top));
    }
    return !new Int32Array(crew.buffer, broken, 1)[0];
  }

  // Height and width that a tile reads, its strips, the width that it gives.
  plan(tile, tilePx) {
    const [high, wide] = [tile.inputBottom - tile.inputTop, tile.inputRight - tile.inputLeft];
    const [top, columns] = [tile.top - tile.inputTop, tile.right - tile.left];
    const strips = planStrips(top, top + tile.bottom - tile.top, columns, high, this.stripRadiusPx, tilePx);
    return [high, wide, strips, columns];
  }
}

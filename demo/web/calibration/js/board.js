// Pixel check: a checkerboard of single device pixels looks evenly grey only where nothing between
// the canvas and the glass resamples it.

import { dprNow } from "../../js/pixels.js";

const BOARD_PX = { width: 240, height: 96 };

export class PixelStep {
  constructor(root) {
    this.canvas = root.querySelector(".nc-board");
    this.isResampled = false;
    this.observer = new ResizeObserver(([entry]) => this.compare(entry));
    try {
      this.observer.observe(this.canvas, { box: "device-pixel-content-box" });
    } catch {
      this.observer.observe(this.canvas); // a browser that does not report device pixels
    }
  }

  draw() {
    const dpr = dprNow();
    const { width, height } = BOARD_PX;
    Object.assign(this.canvas, BOARD_PX);
    this.canvas.style.width = `${width / dpr}px`;
    this.canvas.style.height = `${height / dpr}px`;
    this.snap(dpr);
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const values = new Uint32Array(image.data.buffer);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        values[y * width + x] = (x + y) % 2 ? 0xffffffff : 0xff000000;
      }
    }
    context.putImageData(image, 0, 0);
  }

  // Moves the canvas onto whole device pixels.
  snap(dpr) {
    this.canvas.style.margin = "0";
    const box = this.canvas.getBoundingClientRect();
    const rest = (css) => (Math.ceil(css * dpr - 0.01) - css * dpr) / dpr;
    this.canvas.style.margin = `${rest(box.top)}px 0 0 ${rest(box.left)}px`;
  }

  // What the browser itself says about the device pixels of the canvas. An emulated
  // devicePixelRatio is left out of it, so only a deviation of a few pixels counts.
  compare(entry) {
    const box = entry.devicePixelContentBoxSize && entry.devicePixelContentBoxSize[0];
    if (!box) return;
    const off = Math.abs(box.inlineSize - BOARD_PX.width);
    this.isResampled = off > 0 && off <= 3;
  }
}

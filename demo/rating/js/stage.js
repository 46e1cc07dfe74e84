// Drawing, pixel for pixel. One canvas covers the whole screen from its first device pixel on, so
// that everything in it lies on device pixels; both pictures of a pair appear in the same frame.

import { dprNow, wholePixelStep } from "../../web/js/pixels.js";
import { arrangePictures } from "./layout.js";

const GAP_CSS_PX = 28;

export class Stage {
  constructor(dialog) {
    this.dialog = dialog;
    this.canvas = dialog.querySelector(".ns-canvas");
    this.box = dialog.querySelector(".ns-stage");
    this.letters = [...dialog.querySelectorAll(".ns-letter")];
    this.context = this.canvas.getContext("2d");
    this.bitmaps = [];
    this.only = null; // index of the one picture that is shown in place, or null
    this.clipped = 0;
    this.layout = "single";
    this.magnification = 1; // device pixels per picture pixel: an integer, the protocol's
  }

  show(bitmaps, only = null, magnification = this.magnification) {
    this.bitmaps = bitmaps;
    this.magnification = magnification;
    this.only = only;
    this.draw();
  }

  // What stands above the first picture, and above the second.
  name(...names) {
    this.letters.forEach((letter, index) => (letter.textContent = names[index]));
  }

  clear() {
    this.show([]);
  }

  get isInPlaceOnly() {
    return this.bitmaps.length === 2 && this.layout === "single";
  }

  draw() {
    const dpr = dprNow();
    this.resize(dpr);
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.letters.forEach((letter) => (letter.hidden = true));
    this.canvas.dataset.frames = "";
    if (!this.bitmaps.length) return;
    const box = this.box.getBoundingClientRect();
    const begin = { x: Math.ceil(box.left * dpr), y: Math.ceil(box.top * dpr) };
    const region = {
      ...begin,
      width: Math.floor(box.right * dpr) - begin.x,
      height: Math.floor(box.bottom * dpr) - begin.y,
    };
    const [first] = this.bitmaps;
    const times = this.magnification;
    const size = { width: first.width * times, height: first.height * times };
    const gap = Math.round(GAP_CSS_PX * dpr);
    const arranged = arrangePictures(this.bitmaps.length, size, region, gap);
    this.layout = arranged.layout;
    this.clipped = arranged.clipped;
    if (this.isInPlaceOnly && this.only === null) this.only = 0;
    const inPlace = arrangePictures(1, size, region, gap).frames[0];
    this.context.imageSmoothingEnabled = false;
    const drawn = [];
    this.bitmaps.forEach((bitmap, index) => {
      if (this.only !== null && this.only !== index) return;
      const frame = this.only === null ? arranged.frames[index] : inPlace;
      this.context.drawImage(bitmap, frame.x, frame.y, frame.width, frame.height);
      if (this.bitmaps.length === 2) this.placeLetter(this.letters[index], frame, dpr);
      drawn.push([index, frame.x, frame.y, frame.width, frame.height].join(" "));
    });
    this.canvas.dataset.frames = drawn.join(";"); // for whoever checks from outside
  }

  placeLetter(letter, frame, dpr) {
    letter.hidden = false;
    letter.style.left = `${(frame.x + frame.width / 2) / dpr}px`;
    letter.style.top = `${frame.y / dpr}px`;
  }

  // The canvas begins at the screen's corner and ends on a line that is whole in CSS pixels and in
  // device pixels, so that no rounding of the layout can stretch it.
  resize(dpr) {
    const step = wholePixelStep(dpr);
    const cover = (side) => Math.ceil(side / step) * step;
    const width = cover(window.innerWidth);
    const height = cover(window.innerHeight);
    const backing = [Math.round(width * dpr), Math.round(height * dpr)];
    if (this.canvas.width !== backing[0]) this.canvas.width = backing[0];
    if (this.canvas.height !== backing[1]) this.canvas.height = backing[1];
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
  }
}

// Resolves when what was drawn has been handed to the screen.
export function nextPaint() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  });
}

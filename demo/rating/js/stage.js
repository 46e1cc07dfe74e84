// Drawing, pixel for pixel. One canvas covers the whole screen from its first device pixel on, so
// that everything in it lies on device pixels; both pictures of a pair appear in the same frame.

const GAP_CSS_PX = 28;

// Where pictures lie in a region, in device pixels: beside each other, else one above the other,
// else in the same place.
function arrangePictures(count, picture, region, gap) {
  const { width, height } = picture;
  const spareX = (used) => Math.floor((region.width - used) / 2);
  const spareY = (used) => Math.floor((region.height - used) / 2);
  const at = (x, y) => ({ x: region.x + x, y: region.y + y, width, height });
  const pairWidth = 2 * width + gap;
  const pairHeight = 2 * height + gap;
  if (count === 2 && pairWidth <= region.width && height <= region.height) {
    const left = spareX(pairWidth);
    const top = spareY(height);
    return { layout: "beside", frames: [at(left, top), at(left + width + gap, top)], clipped: 0 };
  }
  if (count === 2 && width <= region.width && pairHeight <= region.height) {
    const left = spareX(width);
    const top = spareY(pairHeight);
    return { layout: "stacked", frames: [at(left, top), at(left, top + height + gap)], clipped: 0 };
  }
  const frame = at(spareX(width), spareY(height));
  const seen = Math.min(1, region.width / width) * Math.min(1, region.height / height);
  return {
    layout: "single",
    frames: Array(count).fill(frame),
    clipped: Math.max(0, 1 - Math.max(0, seen)),
  };
}

class Stage {
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

// The fewest CSS pixels that are a whole number of device pixels: 4 at a ratio of 1.25.
function wholePixelStep(dpr) {
  for (let step = 1; step <= 64; step += 1) {
    if (Math.abs(step * dpr - Math.round(step * dpr)) < 1e-4) return step;
  }
  return 1 / dpr;
}

// Resolves when what was drawn has been handed to the screen.
function nextPaint() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  });
}

// The elements of one pane: a heading, a canvas whose backing store has exactly the device pixels
// it covers, and what is shown while there is no picture yet.

import { create, setAttribute, setText } from "../../js/elements.js";
import { dprNow, wholePixelStep } from "../../js/pixels.js";

const HANDLE_ICON =
  '<svg class="nv-icon" viewBox="0 0 16 16" aria-hidden="true">' +
  '<path d="M6 3.500v1M6 7.500v1M6 11.500v1M10 3.500v1M10 7.500v1M10 11.500v1"/></svg>';
const DOWNLOAD_ICON =
  '<svg class="nv-icon" viewBox="0 0 16 16" aria-hidden="true">' +
  '<path d="M8 2v8.5M4.5 7.500L8 11l3.500-3.500M3 13.500h10"/></svg>';

export class PaneView {
  constructor() {
    this.figure = create("figure", "nv-pane");
    this.head = create("figcaption", "nv-head");
    this.handle = create("button", "nv-button nv-handle", { type: "button" });
    this.handle.innerHTML = HANDLE_ICON;
    this.name = create("button", "nv-name", { type: "button" });
    this.badge = create("span", "nv-badge", { "aria-hidden": "true" });
    this.label = create("span", "nv-label");
    this.name.append(this.badge, this.label);
    this.caption = create("span", "nv-caption");
    this.download = create("a", "nv-button nv-square nv-download");
    this.download.innerHTML = DOWNLOAD_ICON;
    this.head.append(this.handle, this.name, this.caption, this.download);
    this.box = create("div", "nv-view");
    this.canvas = create("canvas", "nv-canvas", { role: "img" });
    this.context = this.canvas.getContext("2d");
    this.cross = create("div", "nv-cross", { "aria-hidden": "true" });
    this.overlay = create("div", "nv-overlay");
    this.overlayText = create("span", "nv-overlay-text");
    this.bar = create("span", "nv-progress", { "aria-hidden": "true" });
    this.bar.append(create("span", "nv-progress-done"));
    this.overlay.append(this.overlayText, this.bar);
    this.box.append(this.canvas, this.cross, this.overlay);
    this.figure.append(this.head, this.box);
    this.size = { width: 0, height: 0 };
    this.inset = { x: 0, y: 0 };
  }

  // Sizes the backing store. `observed` is the size in device pixels where the browser reports
  // it (Safari does not, and an emulated devicePixelRatio is left out of it).
  resize(observed) {
    const dpr = dprNow();
    this.dpr = dpr;
    const isReported = observed && Math.abs(observed.width - this.box.clientWidth * dpr) < 2 * dpr;
    this.isEstimated = !isReported;
    if (isReported) {
      this.canvas.removeAttribute("style");
      this.inset = { x: 0, y: 0 };
      this.size = observed;
      this.setBackingStore(observed.width, observed.height);
    } else {
      this.estimateSize(dpr);
    }
  }

  // Lays the canvas on the nearest lines outside the box that are whole in CSS pixels and in
  // device pixels, so that no rounding of the layout can shift it. The view is the whole device
  // pixels of the box that are seen: where the browser cuts what overflows at the nearest whole CSS
  // pixel, the rest is hidden. The inset is how far inside the canvas they begin.
  estimateSize(dpr) {
    const box = this.box.getBoundingClientRect();
    const step = wholePixelStep(dpr);
    const left = Math.floor(box.left / step) * step;
    const top = Math.floor(box.top / step) * step;
    const width = Math.ceil((box.right - left) / step) * step;
    const height = Math.ceil((box.bottom - top) / step) * step;
    const first = (edge) => Math.ceil(Math.max(edge, Math.round(edge)) * dpr - 0.01);
    const end = (edge) => Math.floor(Math.min(edge, Math.round(edge)) * dpr + 0.01);
    const begin = { x: first(box.left), y: first(box.top) };
    this.inset = { x: begin.x - Math.round(left * dpr), y: begin.y - Math.round(top * dpr) };
    this.size = {
      width: Math.max(0, end(box.right) - begin.x),
      height: Math.max(0, end(box.bottom) - begin.y),
    };
    Object.assign(this.canvas.style, {
      left: `${left - box.left}px`,
      top: `${top - box.top}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
    this.setBackingStore(Math.round(width * dpr), Math.round(height * dpr));
  }

  setBackingStore(width, height) {
    if (width === this.canvas.width && height === this.canvas.height) return;
    this.canvas.width = width;
    this.canvas.height = height;
  }

  // An estimate holds for one place on the screen and one devicePixelRatio.
  checkEstimate() {
    if (this.isEstimated) this.resize(null);
  }

  // Empties the canvas and puts the origin at the first device pixel of the box.
  clear() {
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.translate(this.inset.x, this.inset.y);
  }

  get clip() {
    return { left: 0, top: 0, right: this.size.width, bottom: this.size.height };
  }

  // A pointer event's place in device pixels of the canvas.
  pointOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * this.canvas.width) / box.width - this.inset.x,
      y: ((event.clientY - box.top) * this.canvas.height) / box.height - this.inset.y,
    };
  }

  showHead({ badge, label, caption, nameHint, downloadUrl, downloadName, downloadLabel }) {
    setText(this.badge, badge);
    setText(this.label, label);
    setText(this.caption, caption || "");
    this.caption.title = caption || "";
    setAttribute(this.name, "aria-label", nameHint);
    setAttribute(this.name, "title", nameHint);
    this.download.hidden = !downloadUrl;
    if (!downloadUrl) return;
    setAttribute(this.download, "href", downloadUrl);
    setAttribute(this.download, "download", downloadName);
    setAttribute(this.download, "aria-label", downloadLabel);
    setAttribute(this.download, "title", downloadLabel);
  }

  // Text and progress over the view; nothing when both are absent.
  showOverlay(text, progress, { isFailed, isOverPicture }) {
    this.overlay.hidden = !text;
    this.overlay.classList.toggle("nv-over", Boolean(isOverPicture));
    this.overlay.classList.toggle("nv-failed", Boolean(isFailed));
    setText(this.overlayText, text || "");
    this.bar.hidden = progress == null;
    if (progress != null) this.bar.firstChild.style.width = `${(progress * 100).toFixed(1)}%`;
  }

  showCross(frame, zoom, place) {
    const dpr = dprNow();
    const x = place && frame.x + (Math.floor(place.x) + 0.5) * zoom;
    const y = place && frame.y + (Math.floor(place.y) + 0.5) * zoom;
    const isSeen = place && x >= 0 && y >= 0 && x < this.size.width && y < this.size.height;
    this.cross.hidden = !isSeen;
    if (isSeen) this.cross.style.transform = `translate(${x / dpr}px, ${y / dpr}px)`;
  }
}

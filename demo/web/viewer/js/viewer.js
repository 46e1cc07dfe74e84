// The viewer: what is shown (a value from Python), how it is looked at (mode, viewport, pair), and
// the loop that draws it. Value and viewport are separate: a new value of the same set changes
// the pictures and nothing else.

import { create, setText } from "../../js/elements.js";
import { fillIn, languageOf, numberIn } from "../../js/words.js";
import { attachControls, showControls, showHeads, showStatus } from "./controls.js";
import { drawView } from "./draw.js";
import { attachKeys, attachPointer } from "./input.js";
import { layOut, observeSizes, observeView, watchScreen } from "./layout.js";
import { attachOther, unitOf } from "./other.js";
import { Difference } from "./paint.js";
import { PaneView } from "./panes.js";
import { Picture } from "./pictures.js";
import { Resampler } from "./resample.js";
import {
  allowedZoom,
  centerAfterZoom,
  clampCenter,
  fitZoom,
  frameOf,
  MAX_ZOOM,
  nextZoom,
} from "./viewport.js";

export class Viewer {
  constructor(element, props, watch) {
    this.root = element.querySelector(".nv");
    this.texts = props.text;
    this.language = "en";
    this.panes = [];
    this.views = [];
    this.pictures = new Map(); // address -> Picture
    this.current = new Map(); // pane key -> Picture that is shown
    this.states = new Map(); // pane key -> state, to announce changes
    this.difference = new Difference();
    this.resampler = new Resampler();
    this.other = null; // the display that is imitated: { ppi, cm }
    this.unit = null; // device pixels per image pixel at 1:1 there
    this.badField = null;
    this.listeners = new AbortController();
    this.setId = null;
    this.extent = null;
    this.resetLook();
    this.find();
    this.makeFocusView();
    observeSizes(this);
    watchScreen(this);
    attachControls(this);
    attachOther(this);
    attachPointer(this);
    attachKeys(this);
    this.receive(props.value);
    watch("value", () => this.receive(props.value));
  }

  find() {
    const find = (selector) => this.root.querySelector(selector);
    this.stage = find(".nv-stage");
    this.gridBox = find(".nv-grid");
    this.focusBox = find(".nv-focus");
    this.chips = find(".nv-chips");
    this.help = find(".nv-help");
    this.live = find(".nv-live");
    this.readout = find(".nv-readout");
    this.divider = create("div", "nv-divider", {
      role: "slider",
      tabindex: "0",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      "aria-orientation": "horizontal",
    });
    this.divider.append(create("span", "nv-knob"));
  }

  // The one large pane of single, wipe and difference: its heading holds the choices.
  makeFocusView() {
    this.focusView = new PaneView();
    const options = this.root.querySelector(".nv-options");
    this.focusView.name.replaceWith(options);
    this.focusView.box.append(this.divider);
    this.focusBox.append(this.focusView.figure);
  }

  resetLook() {
    this.mode = "grid";
    this.viewport = { zoom: 1, center: { x: 0, y: 0 } };
    this.isFit = true;
    this.shown = null;
    this.before = null;
    this.sideA = null;
    this.sideB = null;
    this.gain = 4;
    this.split = 0.5;
    this.hover = null;
  }

  // Words

  t(key, values = {}) {
    return fillIn(this.texts[this.language][key], values);
  }

  number(value, digits = 0) {
    return numberIn(this.language, value, digits);
  }

  zoomName() {
    const zoom = this.ratio;
    if (zoom >= 1) return `${zoom}:1`;
    return `${this.number(zoom * 100, zoom < 0.1 ? 1 : 0)} %`;
  }

  duration(seconds) {
    const whole = Math.max(1, Math.ceil(seconds));
    if (whole < 60) return this.t("seconds", { seconds: whole });
    return this.t("minutes", { minutes: Math.floor(whole / 60), seconds: whole % 60 });
  }

  announce(text) {
    setText(this.live, text);
  }

  // The value from Python

  receive(value) {
    if (this.isGone()) return;
    const received = value && typeof value === "object" ? value : {};
    this.panes = (received.panes || []).map((pane) => ({
      ...pane,
      url: pane.url || (pane.image && pane.image.url) || null,
    }));
    this.language = languageOf(received.language || navigator.language || "en");
    if ((received.set ?? null) !== this.setId) {
      this.setId = received.set ?? null;
      this.resetLook();
      this.states.clear();
      this.current.clear();
    }
    this.setExtent(received);
    this.keepChoices(received.pair);
    this.loadPictures();
    this.makeViews();
    this.announceStates();
    const message = this.root.querySelector(".nv-message");
    setText(message, received.message || "");
    message.hidden = !received.message || !this.panes.length;
    setText(this.root.querySelector(".nv-empty p"), received.message || this.t("empty"));
    this.refresh();
  }

  // All versions share one coordinate system: the pixels of the largest one.
  setExtent(received) {
    const sized = this.panes.filter((pane) => pane.width > 0 && pane.height > 0);
    const largest = sized.reduce((best, pane) => (best && best.width >= pane.width ? best : pane), null);
    const extent = largest && {
      width: received.width || largest.width,
      height: received.height || largest.height,
    };
    if (extent && this.extent && !this.isFit && extent.width !== this.extent.width) {
      const factor = extent.width / this.extent.width;
      this.viewport.center.x *= factor;
      this.viewport.center.y *= factor;
      if (!this.unit) {
        this.viewport.zoom = allowedZoom(this.viewport.zoom / factor, 1 / MAX_ZOOM);
      }
    }
    this.extent = extent;
  }

  keepChoices(pair) {
    const keys = this.panes.map((pane) => pane.key);
    const known = (key, otherwise) => (keys.includes(key) ? key : otherwise);
    const last = keys.length - 1;
    const [a, b] = pair || [];
    this.sideA = known(this.sideA, known(a, keys[Math.max(0, last - 1)]));
    this.sideB = known(this.sideB, known(b, keys[last]));
    this.shown = known(this.shown, keys[0]);
    this.before = known(this.before, null);
  }

  loadPictures() {
    const onChange = () => this.refresh();
    for (const pane of this.panes) {
      const known = this.pictures.get(pane.url);
      if (!pane.url || (known && known.state !== "failed")) continue;
      this.pictures.set(pane.url, new Picture(pane.url, onChange));
    }
    this.dropPictures();
  }

  // A pane goes on showing its earlier picture until the new one is decoded.
  dropPictures() {
    for (const pane of this.panes) {
      const picture = this.pictures.get(pane.url);
      if (picture && picture.state === "ready") this.current.set(pane.key, picture);
    }
    for (const key of this.current.keys()) {
      if (!this.panes.some((pane) => pane.key === key && pane.url)) this.current.delete(key);
    }
    const used = new Set(this.current.values());
    for (const [url, picture] of this.pictures) {
      if (used.has(picture) || this.panes.some((pane) => pane.url === url)) continue;
      picture.close();
      this.pictures.delete(url);
    }
  }

  pictureOf(key) {
    return this.current.get(key) || null;
  }

  paneOf(key) {
    return this.panes.find((pane) => pane.key === key) || null;
  }

  makeViews() {
    while (this.views.length > this.panes.length) {
      const view = this.views.pop();
      this.sizes.unobserve(view.box);
      this.viewOfBox.delete(view.box);
      view.figure.remove();
    }
    while (this.views.length < this.panes.length) {
      const view = new PaneView();
      this.views.push(view);
      this.gridBox.append(view.figure);
      observeView(this, view);
    }
    showControls(this);
  }

  announceStates() {
    const changes = [];
    for (const pane of this.panes) {
      const isNew = this.states.get(pane.key) !== pane.state;
      this.states.set(pane.key, pane.state);
      if (isNew && pane.state !== "waiting") {
        changes.push(this.t(`live_${pane.state}`, { label: pane.label }));
      }
    }
    if (changes.length) this.announce(changes.join(". "));
  }

  // How it is looked at

  get activeViews() {
    return this.mode === "grid" ? this.views : [this.focusView];
  }

  // The size all active views have, or the smallest where they differ by a device pixel.
  get viewSize() {
    const sizes = this.activeViews.map((view) => view.size);
    return {
      width: Math.min(...sizes.map((size) => size.width)),
      height: Math.min(...sizes.map((size) => size.height)),
    };
  }

  get fit() {
    return fitZoom(this.extent, this.viewSize);
  }

  // Pixels of the display that is looked at per image pixel: this one, or the one it imitates.
  get ratio() {
    const { zoom } = this.viewport;
    return this.unit ? Math.max(1, Math.round(zoom / this.unit)) : zoom;
  }

  // Shows the picture as on a display { ppi, cm }, or pixel for pixel again (null).
  showAsOn(other) {
    this.other = other;
    this.refresh();
  }

  // Keeps the zoom in step with the display that is imitated and with what is known of this one.
  followDisplays() {
    const unit = unitOf(this.other);
    if (unit && (this.isFit || !this.unit)) {
      const { width, height } = this.extent;
      const center = this.isFit ? { x: width / 2, y: height / 2 } : this.viewport.center;
      this.viewport = { zoom: unit, center };
      this.isFit = false;
    } else if (unit && unit !== this.unit) {
      this.viewport.zoom = unit * this.ratio;
    } else if (!unit && this.unit) {
      this.isFit = true;
    }
    this.unit = unit;
  }

  setMode(mode) {
    if (!this.panes.length || mode === this.mode) return;
    this.mode = mode;
    this.hover = null;
    this.announce(this.t("live_mode", { mode: this.t(`mode_${mode}`) }));
    this.refresh();
  }

  showSingle(key) {
    if (!this.paneOf(key)) return;
    if (key !== this.shown) this.before = this.shown;
    this.shown = key;
    this.mode = "single";
    this.announce(this.t("live_single", { label: this.paneOf(key).label }));
    this.refresh();
  }

  setPair(a, b) {
    this.sideA = a;
    this.sideB = b;
    this.refresh();
  }

  setGain(gain) {
    this.gain = gain;
    this.refresh();
  }

  setSplit(split) {
    this.split = Math.min(1, Math.max(0, split));
    this.requestDraw();
  }

  // Zooms so that `point` (device pixels of a view, its middle by default) stays in place.
  zoomTo(zoom, point, size = this.viewSize) {
    if (!this.extent || !size.width) return;
    const fit = this.fit;
    const allowed = this.unit
      ? this.unit * Math.min(MAX_ZOOM, Math.max(1, Math.round(zoom / this.unit)))
      : allowedZoom(zoom, fit);
    const fixed = point || { x: size.width / 2, y: size.height / 2 };
    const center = centerAfterZoom(this.viewport, this.extent, size, fixed, allowed);
    this.viewport = {
      zoom: allowed,
      center: clampCenter(center, allowed, this.extent, size),
    };
    this.isFit = !this.unit && allowed === Math.min(fit, 1) && fit < 1;
    this.requestDraw();
  }

  step(direction, point, size) {
    const next = nextZoom(this.ratio, direction, this.unit ? 1 : this.fit);
    this.zoomTo(next * (this.unit || 1), point, size);
    this.announce(this.t("live_zoom", { zoom: this.zoomName() }));
  }

  zoomToFit() {
    if (this.unit) return this.zoomTo(this.unit);
    this.isFit = true;
    return this.requestDraw();
  }

  // Moves the picture by device pixels.
  panBy(x, y, size = this.viewSize) {
    if (!this.extent || !size.width) return;
    const { zoom } = this.viewport;
    const center = clampCenter(this.viewport.center, zoom, this.extent, size);
    center.x -= x / zoom;
    center.y -= y / zoom;
    this.viewport = { zoom, center: clampCenter(center, zoom, this.extent, size) };
    this.requestDraw();
  }

  get canPan() {
    if (!this.extent) return false;
    const { zoom } = this.viewport;
    const size = this.viewSize;
    return this.extent.width * zoom > size.width || this.extent.height * zoom > size.height;
  }

  // The pointer moves marks and readings, not pictures.
  setHover(view, point) {
    this.hover = view ? { view, point } : null;
    this.requestDraw({ isHover: true });
  }

  async toggleFullscreen() {
    if (document.fullscreenElement === this.root) await document.exitFullscreen();
    else await this.root.requestFullscreen();
  }

  // Refreshing

  refresh() {
    if (this.isGone()) return;
    this.dropPictures();
    const { root } = this;
    root.dataset.mode = this.mode;
    root.dataset.empty = String(!this.panes.length);
    showControls(this);
    showHeads(this);
    layOut(this);
  }

  requestDraw({ isHover = false } = {}) {
    if (!isHover) {
      this.isStale = true;
      this.root.dataset.ready = "false";
    }
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      if (this.isStale) this.draw();
      else this.showHover();
    });
  }

  draw() {
    if (this.isGone()) return;
    this.isStale = false;
    let isComplete = true;
    if (this.extent && this.panes.length) {
      this.activeViews.forEach((view) => view.checkEstimate());
      const size = this.viewSize;
      if (!size.width || !size.height) return;
      this.followDisplays();
      if (this.isFit) {
        this.viewport = {
          zoom: this.fit,
          center: { x: this.extent.width / 2, y: this.extent.height / 2 },
        };
      }
      for (const view of this.activeViews) isComplete = drawView(this, view) && isComplete;
      isComplete = isComplete && this.panes.every((pane) => this.isSettled(pane));
    }
    this.showHover();
    this.root.dataset.ready = String(isComplete);
  }

  showHover() {
    if (this.isGone()) return;
    this.place = this.hover && this.extent ? this.placeOf(this.hover) : null;
    if (this.extent) {
      for (const view of this.activeViews) {
        const frame = frameOf(this.viewport, this.extent, view.size);
        const place = this.hover && this.hover.view !== view ? this.place : null;
        view.showCross(frame, this.viewport.zoom, place);
      }
    }
    showStatus(this);
  }

  isSettled(pane) {
    const picture = this.pictures.get(pane.url);
    return !picture || picture.state !== "loading";
  }

  // The image position under a pointer, or null outside the picture.
  placeOf({ view, point }) {
    const frame = frameOf(this.viewport, this.extent, view.size);
    const x = Math.floor((point.x - frame.x) / this.viewport.zoom);
    const y = Math.floor((point.y - frame.y) / this.viewport.zoom);
    const isInside = x >= 0 && y >= 0 && x < this.extent.width && y < this.extent.height;
    return isInside ? { x, y } : null;
  }

  // [red, green, blue, alpha] of a version at an image position.
  colourAt(key, place) {
    const picture = this.pictureOf(key);
    if (!picture || !place) return null;
    const along = (value, own, whole) => Math.min(own - 1, Math.floor((value * own) / whole));
    return picture.pixel(
      along(place.x, picture.width, this.extent.width),
      along(place.y, picture.height, this.extent.height),
    );
  }

  // Nobody tells a gr.HTML component that it was taken away, so every entry point asks.
  isGone() {
    if (this.root.isConnected) return false;
    this.listeners.abort();
    this.sizes.disconnect();
    this.rootSize.disconnect();
    this.pictures.forEach((picture) => picture.close());
    this.pictures.clear();
    this.current.clear();
    return true;
  }
}

// What runs when the component is loaded; what it is given is Gradio's.
export const start = ({ element, props, watch }) => new Viewer(element, props, watch);

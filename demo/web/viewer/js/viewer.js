// The viewer: what is shown (value.js), how it is looked at (look.js), and the loop that draws it.
// Value and viewport are separate: a new value of the same set changes the pictures and nothing
// else.

import { create } from "../../js/elements.js";
import { attachControls, showControls, showHeads, showStatus } from "./controls.js";
import { drawView } from "./draw.js";
import { attachKeys, attachPointer } from "./input.js";
import { layOut, observeSizes, watchScreen } from "./layout.js";
import { Look } from "./look.js";
import { attachOrder, rememberOrder } from "./order.js";
import { attachOther } from "./other.js";
import { Difference } from "./paint.js";
import { PaneView } from "./panes.js";
import { Resampler } from "./resample.js";
import { showScaleBar } from "./scalebar.js";
import { frameOf } from "./viewport.js";
import { Work } from "./work.js";

export class Viewer extends Look {
  constructor(element, props, watch, trigger = null) {
    super();
    this.work = trigger && new Work(this, (news) => trigger("input", news));
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
    this.onOrder = rememberOrder; // gets the keys of the panes when their order was changed
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
    attachOrder(this);
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
    this.focusView.handle.remove();
    this.focusView.name.replaceWith(options);
    this.focusView.box.append(this.divider);
    this.focusBox.append(this.focusView.figure);
    if (this.work) this.work.watch(this.focusView);
  }

  refresh() {
    if (this.isGone()) return;
    this.dropPictures();
    const { root } = this;
    root.dataset.mode = this.mode;
    root.dataset.empty = String(!this.panes.length);
    showControls(this);
    showHeads(this);
    if (this.work) this.work.tellSoon();
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
      const { pixel_um: pixelUm } = this.panes.find((pane) => pane.pixel_um) || {};
      for (const view of this.activeViews) {
        isComplete = drawView(this, view) && isComplete;
        showScaleBar(view, pixelUm, this.viewport.zoom);
      }
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
export const start = ({ element, props, watch, trigger }) =>
  new Viewer(element, props, watch, trigger);

// What the viewer shows: the value from Python, its pictures and panes, and the words for it.

import { setText } from "../../js/elements.js";
import { fillIn, languageOf, numberIn } from "../../js/words.js";
import { showControls } from "./controls.js";
import { observeView } from "./layout.js";
import { moved, orderedAsBefore } from "./order.js";
import { PaneView } from "./panes.js";
import { Picture } from "./pictures.js";
import { allowedZoom, MAX_ZOOM } from "./viewport.js";

export class Shown {
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
    const panes = (received.panes || []).map((pane) => ({
      ...pane,
      url: pane.url || (pane.image && pane.image.url) || null,
    }));
    this.panes = orderedAsBefore(panes);
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

  // Moves a pane to another's place, as a person wants it.
  movePane(from, to) {
    this.panes = moved(this.panes, from, to);
    const { label } = this.panes[to];
    const isHeld = this.views[from].handle === document.activeElement;
    this.refresh();
    if (isHeld) this.views[to].handle.focus();
    this.announce(this.t("live_moved", { label, place: to + 1, count: this.panes.length }));
    this.onOrder(this.panes.map(({ key }) => key));
  }

  makeViews() {
    while (this.views.length > this.panes.length) {
      const view = this.views.pop();
      this.sizes.unobserve(view.box);
      this.viewOfBox.delete(view.box);
      if (this.work) this.work.leave(view);
      view.figure.remove();
    }
    while (this.views.length < this.panes.length) {
      const view = new PaneView();
      this.views.push(view);
      this.gridBox.append(view.figure);
      observeView(this, view);
      if (this.work) this.work.watch(view);
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
}

// How the viewer is looked at: mode, viewport, pair, and the display that is imitated.

import { unitOf } from "./other.js";
import { Shown } from "./value.js";
import {
  allowedZoom,
  centerAfterZoom,
  clampCenter,
  fitZoom,
  MAX_ZOOM,
  nextZoom,
} from "./viewport.js";

export class Look extends Shown {
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
}

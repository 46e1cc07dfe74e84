// The viewer: what is shown (a value from Python), how it is looked at (mode, viewport, pair), and
// the loop that draws it. Value and viewport are separate: a new value of the same set changes
// the pictures and nothing else.

const MODES = ["grid", "single", "wipe", "difference"];
const GAINS = [1, 2, 4, 8, 16];
const GRID = {
  gapPx: 8,
  minWidthPx: 140,
  minHeightPx: 170,
  headerPx: (paneWidth) => (paneWidth < 300 ? 52 : 36),
};

class Viewer {
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
    this.listeners = new AbortController();
    this.setId = null;
    this.extent = null;
    this.resetLook();
    this.find();
    this.makeFocusView();
    this.observeSizes();
    this.watchScreen();
    attachControls(this);
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
    const phrase = this.texts[this.language][key];
    return phrase.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  number(value, digits = 0) {
    return new Intl.NumberFormat(this.language, { maximumFractionDigits: digits }).format(value);
  }

  zoomName() {
    const { zoom } = this.viewport;
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
    const asked = received.language || navigator.language || "en";
    this.language = asked.toLowerCase().startsWith("pt") ? "pt-BR" : "en";
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
    this.root.dataset.ready = "false";
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
      this.viewport.zoom = allowedZoom(this.viewport.zoom / factor, 1 / MAX_ZOOM);
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
      if (!pane.url || this.pictures.has(pane.url)) continue;
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
      this.observe(view);
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
    const allowed = allowedZoom(zoom, fit);
    const fixed = point || { x: size.width / 2, y: size.height / 2 };
    const center = centerAfterZoom(this.viewport, this.extent, size, fixed, allowed);
    this.viewport = {
      zoom: allowed,
      center: clampCenter(center, allowed, this.extent, size),
    };
    this.isFit = allowed === Math.min(fit, 1) && fit < 1;
    this.root.dataset.ready = "false";
    this.requestDraw();
  }

  step(direction, point, size) {
    this.zoomTo(nextZoom(this.viewport.zoom, direction, this.fit), point, size);
    this.announce(this.t("live_zoom", { zoom: this.zoomName() }));
  }

  zoomToFit() {
    this.isFit = true;
    this.requestDraw();
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

  setHover(view, point) {
    this.hover = view ? { view, point } : null;
    this.requestDraw();
  }

  async toggleFullscreen() {
    if (document.fullscreenElement === this.root) await document.exitFullscreen();
    else await this.root.requestFullscreen();
  }

  // Layout and sizes

  observeSizes() {
    this.viewOfBox = new Map();
    this.sizes = new ResizeObserver((entries) => {
      for (const entry of entries) {
        const box = entry.devicePixelContentBoxSize && entry.devicePixelContentBoxSize[0];
        const view = this.viewOfBox.get(entry.target);
        view.resize(box && { width: box.inlineSize, height: box.blockSize });
      }
      this.draw(); // a resized canvas is empty: draw before the browser paints it
    });
    this.observe(this.focusView);
    this.rootSize = new ResizeObserver(() => (this.isGone() ? undefined : this.layout()));
    this.rootSize.observe(this.root);
  }

  observe(view) {
    this.viewOfBox.set(view.box, view);
    try {
      this.sizes.observe(view.box, { box: "device-pixel-content-box" });
    } catch (error) {
      this.sizes.observe(view.box);
    }
  }

  watchScreen() {
    const { signal } = this.listeners;
    const relayout = () => (this.isGone() ? undefined : this.layout());
    window.addEventListener("resize", relayout, { signal });
    document.addEventListener("fullscreenchange", relayout, { signal });
    const realign = () => {
      if (this.activeViews.some((view) => view.isEstimated)) this.requestDraw();
    };
    document.addEventListener("scroll", realign, { signal, capture: true, passive: true });
    if (window.visualViewport) {
      window.visualViewport.addEventListener("resize", () => this.requestDraw(), { signal });
    }
    const watchDpr = () => {
      const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
      const onChange = () => {
        watchDpr();
        relayout();
      };
      query.addEventListener("change", onChange, { once: true, signal });
    };
    watchDpr();
  }

  layout() {
    if (!this.extent || !this.stage.clientWidth) return this.requestDraw();
    const isFullscreen = document.fullscreenElement === this.root;
    const width = this.stage.clientWidth;
    const chrome = this.root.offsetHeight - this.stage.offsetHeight;
    const room = window.innerHeight - (isFullscreen ? this.chromeHeight() : chrome + 24);
    const height = isFullscreen ? room : Math.min(1600, Math.max(380, room));
    const grid = arrangeGrid(this.panes.length, this.extent, width, height, GRID);
    const paneWidth = (width - GRID.gapPx * (grid.columns - 1)) / grid.columns;
    const headerPx = GRID.headerPx(paneWidth);
    const rowsHeight = (view) => grid.rows * (view + headerPx) + GRID.gapPx * (grid.rows - 1);
    let viewHeight = grid.viewHeight;
    if (isFullscreen) {
      viewHeight = (height - GRID.gapPx * (grid.rows - 1)) / grid.rows - headerPx;
    }
    const isNarrow = width < 560;
    const natural = (width * this.extent.height) / this.extent.width;
    const focusHeadPx = this.focusView.head.offsetHeight || headerPx;
    let focusHeight = Math.max(rowsHeight(viewHeight), Math.min(natural, height)) - focusHeadPx;
    if (isNarrow && !isFullscreen) {
      focusHeight = Math.max(300, Math.min(natural, height - focusHeadPx));
    }
    const whole = (css) => Math.floor(css * window.devicePixelRatio) / window.devicePixelRatio;
    const set = (name, value) => this.root.style.setProperty(name, value);
    set("--nv-columns", grid.columns);
    set("--nv-head-height", `${headerPx}px`);
    set("--nv-view-height", `${whole(Math.max(viewHeight, 80))}px`);
    set("--nv-focus-height", `${whole(Math.max(focusHeight, 160))}px`);
    this.root.classList.toggle("nv-stacked", headerPx > 40);
    this.requestDraw();
  }

  // In full screen the root fills the screen, so its other parts are summed up.
  chromeHeight() {
    const style = getComputedStyle(this.root);
    const padding = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
    const gap = parseFloat(style.rowGap) || 0;
    const others = [...this.root.children].filter(
      (node) => node !== this.stage && getComputedStyle(node).position === "static",
    );
    return others.reduce((sum, node) => sum + node.offsetHeight + gap, padding);
  }

  // Drawing

  refresh() {
    if (this.isGone()) return;
    this.dropPictures();
    const { root } = this;
    root.dataset.mode = this.mode;
    root.dataset.empty = String(!this.panes.length);
    root.dataset.ready = "false";
    showControls(this);
    showHeads(this);
    this.layout();
  }

  requestDraw() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.draw();
    });
  }

  draw() {
    if (this.isGone()) return;
    let isComplete = true;
    if (this.extent && this.panes.length) {
      const size = this.viewSize;
      if (!size.width || !size.height) return;
      if (this.isFit) {
        this.viewport = {
          zoom: this.fit,
          center: { x: this.extent.width / 2, y: this.extent.height / 2 },
        };
      }
      this.place = this.hover && this.placeOf(this.hover);
      for (const view of this.activeViews) isComplete = this.drawView(view) && isComplete;
      isComplete = isComplete && this.panes.every((pane) => this.isSettled(pane));
    }
    showStatus(this);
    this.root.dataset.ready = String(isComplete);
  }

  isSettled(pane) {
    const picture = this.pictures.get(pane.url);
    return !picture || picture.state !== "loading";
  }

  drawView(view) {
    view.clear();
    const { size, clip } = view;
    const frame = frameOf(this.viewport, this.extent, size);
    view.box.dataset.frame = [frame.x, frame.y, frame.width, frame.height].join(" ");
    view.box.dataset.seen = [view.inset.x, view.inset.y, size.width, size.height].join(" ");
    view.showCross(frame, this.viewport.zoom, this.hover && this.hover.view !== view && this.place);
    if (this.mode === "difference") return this.drawDifference(view, frame);
    if (this.mode === "wipe") {
      const split = Math.round(this.split * size.width);
      this.drawVersion(view, this.sideA, frame, { ...clip, right: split });
      this.drawVersion(view, this.sideB, frame, { ...clip, left: split });
      return true;
    }
    const key = this.mode === "single" ? this.shown : this.panes[this.views.indexOf(view)].key;
    this.drawVersion(view, key, frame, clip);
    return true;
  }

  drawVersion(view, key, frame, clip) {
    const picture = this.pictureOf(key);
    if (!picture || clip.right <= clip.left) return;
    const { context } = view;
    context.save();
    context.beginPath();
    context.rect(clip.left, clip.top, clip.right - clip.left, clip.bottom - clip.top);
    context.clip();
    drawCheckerboard(context, frame, clip, 8 * window.devicePixelRatio);
    drawPicture(context, picture, frame, clip);
    context.restore();
  }

  drawDifference(view, frame) {
    const first = this.pictureOf(this.sideA);
    const second = this.pictureOf(this.sideB);
    if (!first || !second) return true;
    const { context, clip } = view;
    const isDone = this.difference.paint(
      context, first, second, this.gain, this.extent, frame, clip,
    );
    if (!isDone) this.requestDraw();
    return isDone;
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

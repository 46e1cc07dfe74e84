// The elements of one pane: a heading, a canvas whose backing store has exactly the device pixels
// it covers, and what is shown while there is no picture yet.

function create(tag, className, attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

const DOWNLOAD_ICON =
  '<svg class="nv-icon" viewBox="0 0 16 16" aria-hidden="true">' +
  '<path d="M8 2v8.5M4.5 7.500L8 11l3.500-3.500M3 13.500h10"/></svg>';

class PaneView {
  constructor() {
    this.figure = create("figure", "nv-pane");
    const head = create("figcaption", "nv-head");
    this.name = create("button", "nv-name", { type: "button" });
    this.badge = create("span", "nv-badge", { "aria-hidden": "true" });
    this.label = create("span", "nv-label");
    this.name.append(this.badge, this.label);
    this.caption = create("span", "nv-caption");
    this.download = create("a", "nv-button nv-square nv-download");
    this.download.innerHTML = DOWNLOAD_ICON;
    head.append(this.name, this.caption, this.download);
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
    this.figure.append(head, this.box);
    this.size = { width: 0, height: 0 };
  }

  // Sizes the backing store; `devicePixels` is the observed size where the browser reports it.
  resize(devicePixels) {
    const dpr = window.devicePixelRatio || 1;
    if (!devicePixels) {
      // The box may begin between device pixels: cover the whole ones that it touches most of.
      const box = this.box.getBoundingClientRect();
      const left = Math.round(box.left * dpr);
      const top = Math.round(box.top * dpr);
      devicePixels = {
        width: Math.round(box.right * dpr) - left,
        height: Math.round(box.bottom * dpr) - top,
      };
      Object.assign(this.canvas.style, {
        left: `${left / dpr - box.left}px`,
        top: `${top / dpr - box.top}px`,
        width: `${devicePixels.width / dpr}px`,
        height: `${devicePixels.height / dpr}px`,
      });
    }
    if (devicePixels.width === this.size.width && devicePixels.height === this.size.height) return;
    this.size = devicePixels;
    this.canvas.width = devicePixels.width;
    this.canvas.height = devicePixels.height;
  }

  get clip() {
    return { left: 0, top: 0, right: this.size.width, bottom: this.size.height };
  }

  // A pointer event's place in device pixels of the canvas.
  pointOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * this.size.width) / box.width,
      y: ((event.clientY - box.top) * this.size.height) / box.height,
    };
  }

  showHead({ badge, label, caption, nameHint, downloadUrl, downloadName, downloadLabel }) {
    setText(this.badge, badge);
    setText(this.label, label);
    setText(this.caption, caption || "");
    this.caption.title = caption || "";
    this.name.disabled = !nameHint;
    setAttribute(this.name, "aria-label", nameHint || null);
    setAttribute(this.name, "title", nameHint || null);
    this.download.hidden = !downloadUrl;
    if (!downloadUrl) return;
    setAttribute(this.download, "href", downloadUrl);
    setAttribute(this.download, "download", downloadName);
    setAttribute(this.download, "aria-label", downloadLabel);
    setAttribute(this.download, "title", downloadLabel);
  }

  // Text and progress over the view; nothing when both are absent.
  showOverlay(text, progress, isFailed) {
    this.overlay.hidden = !text;
    this.overlay.classList.toggle("nv-failed", Boolean(isFailed));
    setText(this.overlayText, text || "");
    this.bar.hidden = progress == null;
    if (progress != null) this.bar.firstChild.style.width = `${(progress * 100).toFixed(1)}%`;
  }

  showCross(frame, zoom, place) {
    const dpr = window.devicePixelRatio || 1;
    const x = place && frame.x + (Math.floor(place.x) + 0.5) * zoom;
    const y = place && frame.y + (Math.floor(place.y) + 0.5) * zoom;
    const isSeen = place && x >= 0 && y >= 0 && x < this.size.width && y < this.size.height;
    this.cross.hidden = !isSeen;
    if (isSeen) this.cross.style.transform = `translate(${x / dpr}px, ${y / dpr}px)`;
  }
}

function setText(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

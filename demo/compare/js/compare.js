// Pictures of one's own: dropped, named, ordered, looked at, measured and put into a figure.

import { create, setText } from "../../web/js/elements.js";
import { fillIn, languageNow, numberIn } from "../../web/js/words.js";
import { inOrder } from "../../web/viewer/js/order.js";
import { Viewer } from "../../web/viewer/js/viewer.js";
import { Folders } from "./folders.js";
import { asCsv, asLatex, asText, isSameShape, visiblePart } from "./table.js";
import { attachDrawing, viewPicture } from "./view.js";

const MOST_BOXES = 4;
const LEAST_BOX_PX = 4;
const LPIPS_MS = 3000; // until it is asked for again, while it is being loaded

export class ComparePage extends Folders {
  constructor(root, props, upload) {
    super();
    this.root = root;
    this.props = props;
    this.upload = upload;
    this.language = languageNow();
    this.pictures = []; // { key, token, url, width, height, name, whole, part }
    this.reference = null; // key
    this.boxes = []; // [left, top, width, height]
    this.isDrawing = false;
    this.turn = 0;
    this.viewer = new Viewer(this.find(".nc-viewer"), { text: props.viewer_text, value: null }, () => {});
    this.viewer.onOrder = (keys) => this.order(keys);
    attachDrawing(this.viewer, () => this.isDrawing, (box) => this.addBox(box));
    this.attach();
    new MutationObserver(() => this.retell()).observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["lang"],
    });
    this.retell();
    this.recall();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  say(key, values = {}) {
    const words = this.props.text[this.language];
    return fillIn(words[key] ?? words.other, values);
  }

  retell() {
    this.language = languageNow();
    this.root.lang = this.language;
    this.root.setAttribute("aria-label", this.say("title"));
    this.find(".nc-scroll").setAttribute("aria-label", this.say("table"));
    const { most, megapixels } = this.props;
    for (const node of this.root.querySelectorAll("[data-text]")) {
      if (!node.closest(".nv")) setText(node, this.say(node.dataset.text, { most, megapixels }));
    }
    this.refresh();
  }

  attach() {
    const { root } = this;
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-go]");
      if (button && !button.closest(".nv")) this.go(button);
    });
    this.find(".nc-choose input").addEventListener("change", (event) => {
      const files = [...event.target.files];
      event.target.value = "";
      this.add(files);
    });
    const isSeen = () => root.isConnected && root.offsetParent !== null;
    const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!isSeen() || !hasFiles(event)) return;
      event.preventDefault();
      root.classList.add("is-dragging");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) root.classList.remove("is-dragging");
    });
    document.addEventListener("drop", (event) => {
      root.classList.remove("is-dragging");
      if (!isSeen() || !hasFiles(event)) return;
      event.preventDefault();
      this.dropped(event.dataTransfer);
    });
    this.attachList();
    this.attachScope();
    this.attachFolders();
  }

  // What is on the screen

  changed() {
    if (!this.pictures.some(({ key }) => key === this.reference)) this.reference = null;
    if (!this.pictures.length) this.resetLook();
    this.keep();
    this.refresh();
  }

  order(keys) {
    this.pictures = inOrder(this.pictures, keys);
    this.changed();
  }

  refresh() {
    const { pictures, pixelUm } = this;
    this.find(".nc-body").hidden = !pictures.length;
    this.root.dataset.count = pictures.length;
    this.viewer.receive({
      language: this.language,
      set: "compare",
      panes: pictures.map((picture) => ({
        key: picture.key,
        state: "ready",
        label: picture.name,
        caption: this.captionOf(picture),
        width: picture.width,
        height: picture.height,
        url: new URL(picture.url, document.baseURI).href,
        download_name: `${picture.name}.png`,
        ...(picture.frame && this.paneOf(picture, pixelUm)),
      })),
      pair: pictures.slice(0, 2).map(({ key }) => key),
      message: null,
    });
    this.showList();
    this.showStems();
    this.showSizes();
    this.showBoxes();
    this.showScope();
    const part = pictures.find((each) => each.part)?.part;
    const kind = this.areFrames ? "_frames" : "";
    const said = this.say(`protocol${kind}`, { px: this.props.border_px });
    const ofPart = part && this.say(`protocol_part${kind}`, { box: this.boxName(part.box) });
    setText(this.find(".nc-protocol"), this.reference ? [said, ofPart].filter(Boolean).join(" ") : this.say("no_reference"));
  }

  captionOf({ width, height, key, whole, frame }) {
    const size = `${width} × ${height}`;
    if (key === this.reference) return `${size} · ${this.say("original")}`;
    if (!whole) return size;
    if (frame && whole.fitted_psnr) return `${size} · ${this.say("after_fit", { name: `${this.number(whole.fitted_psnr, 2)} dB` })}`;
    return [size, whole.psnr && `${this.number(whole.psnr, 2)} dB`, whole.lpips != null && `LPIPS ${this.number(whole.lpips, 3)}`]
      .filter(Boolean)
      .join(" · ");
  }

  number(value, digits) {
    return numberIn(this.language, value, digits, digits);
  }

  showSizes() {
    const { pictures } = this;
    const largest = pictures.reduce((best, each) => (best && best.width >= each.width ? best : each), null);
    const others = pictures.filter((each) => each.width !== largest.width || each.height !== largest.height);
    const stretched = others.filter((each) => !isSameShape(each, largest)).map(({ name }) => name);
    const said = [];
    if (others.length) said.push(this.say("aligned", { width: largest.width, height: largest.height }));
    if (stretched.length) said.push(this.say("stretched", { names: stretched.join(", ") }));
    setText(this.find(".nc-sizes"), said.join(" "));
  }

  // Measuring

  measureWhole() {
    return this.measure([], (picture, found) => (picture.whole = found));
  }

  measurePart() {
    const original = this.pictures.find(({ key }) => key === this.reference);
    if (!original) return undefined;
    const { viewport, extent, viewSize } = this.viewer;
    const box = visiblePart(viewport, extent, viewSize, original);
    return this.measure(box, (picture, found) => (picture.part = { ...found, box }));
  }

  async measure(region, keep) {
    const original = this.pictures.find(({ key }) => key === this.reference);
    const others = this.pictures.filter(({ key }) => key !== this.reference);
    if (!original || !others.length) return;
    const turn = (this.turn += 1);
    this.note(this.say("measuring"));
    try {
      const tokens = others.map(({ token }) => token);
      const reply = await this.call("measure", { reference: original.token, others: tokens, region });
      const { results } = await reply.json();
      if (turn !== this.turn) return;
      others.forEach((picture, index) => keep(picture, results[index]));
      const late = results.find(({ note }) => note?.startsWith("lpips_"))?.note;
      this.note(late ? this.say(late) : "");
      if (late === "lpips_loading") {
        setTimeout(() => turn === this.turn && this.measure(region, keep), LPIPS_MS);
      }
    } catch (error) {
      if (turn === this.turn) this.note(this.because(error));
    }
    this.changed();
  }

  // Boxes and the figure

  boxName([left, top, width, height]) {
    return `${left}, ${top} · ${width} × ${height}`;
  }

  addBox(box) {
    if (Math.min(box[2], box[3]) < LEAST_BOX_PX) return this.note(this.say("box_small", { px: LEAST_BOX_PX }));
    this.boxes = [...this.boxes.slice(-MOST_BOXES + 1), box];
    return this.changed();
  }

  showBoxes() {
    this.find(".nc-boxes").replaceChildren(
      ...this.boxes.map((box, index) => {
        const button = create("button", "quiet", { type: "button", "data-go": "drop-box", "data-index": index });
        button.textContent = `${index + 1}: ${this.boxName(box)} ✕`;
        button.setAttribute("aria-label", this.say("remove_box", { number: index + 1 }));
        return button;
      }),
    );
    this.find("[data-go=draw]").setAttribute("aria-pressed", this.isDrawing);
    this.root.classList.toggle("is-drawing", this.isDrawing);
  }

  get named() {
    return this.pictures.map((picture) => this.asNamed(picture));
  }

  async figure(kind) {
    const original = this.pictures.find(({ key }) => key === this.reference);
    this.note(this.say("drawing"));
    const body = { pictures: this.named, reference: original?.token ?? "", boxes: this.boxes, kind, ...this.lut };
    const blob = await (await this.call("figure", body)).blob();
    this.save(blob, `nitidez-figure.${kind === "latex" ? "zip" : kind}`);
    if (kind === "png") {
      const image = this.find(".nc-figure");
      URL.revokeObjectURL(image.src);
      image.src = URL.createObjectURL(blob);
      image.alt = this.say("figure_alt", { names: this.pictures.map(({ name }) => name).join(", ") });
      image.hidden = false;
    }
    this.note("");
  }

  // The two sides of the wipe, of the part in view, as an animation.
  async wipe() {
    const { viewer } = this;
    const { viewport, extent, viewSize, sideA, sideB } = viewer;
    const pictures = [sideA, sideB].map((side) => this.pictures.find(({ key }) => key === side));
    const region = visiblePart(viewport, extent, viewSize, pictures[0]);
    const zoom = Math.max(1, Math.round((viewport.zoom * extent.width) / pictures[0].width));
    this.note(this.say("wipe_making"));
    const body = { pictures: pictures.map((each) => this.asNamed(each)), region, zoom, ...this.lut };
    this.save(await (await this.call("wipe", body)).blob(), "nitidez-wipe.webp");
    this.note("");
  }

  save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async copy(write) {
    const { head, rows } = this.cells();
    await navigator.clipboard.writeText(write(head, rows));
    this.note(this.say("copied"));
  }

  async go(button) {
    const view = async () => {
      const canvas = viewPicture(this.viewer);
      this.save(await new Promise((resolve) => canvas.toBlob(resolve)), "nitidez-view.png");
    };
    const pack = async () => {
      const { url } = await (await this.call("zip", { pictures: this.named })).json();
      const link = document.createElement("a");
      link.href = new URL(url, document.baseURI);
      link.download = "nitidez.zip";
      link.click();
    };
    const set = (changes) => {
      Object.assign(this, changes);
      this.changed();
    };
    const { viewport, extent, viewSize } = this.viewer;
    const actions = {
      "save-view": view,
      "save-wipe": () => this.wipe(),
      zip: pack,
      clear: () => {
        this.resetFolders();
        set({ pictures: [], boxes: [], reference: null });
      },
      auto: () => {
        Object.assign(this.look, { low: null, high: null });
        this.changed();
      },
      photos: () => this.becomePhotos(),
      "stem-before": () => this.step(-1),
      "stem-after": () => this.step(1),
      "measure-part": () => (this.reference ? this.measurePart() : this.note(this.say("no_reference"))),
      "copy-text": () => this.copy(asText),
      "copy-csv": () => this.copy(asCsv),
      "copy-latex": () => this.copy(asLatex),
      draw: () => set({ isDrawing: !this.isDrawing }),
      "box-part": () => this.addBox(visiblePart(viewport, extent, viewSize, extent)),
      "drop-box": () => set({ boxes: this.boxes.filter((_, index) => index !== Number(button.dataset.index)) }),
      "figure-png": () => this.figure("png"),
      "figure-svg": () => this.figure("svg"),
      "figure-latex": () => this.figure("latex"),
    };
    try {
      await (actions[button.dataset.go] ?? (() => this.change(button)))();
    } catch (error) {
      this.note(this.because(error));
    }
  }
}

// What runs when the component is loaded; what it is given is Gradio's.
export const start = ({ element, props, upload }) =>
  new ComparePage(element.querySelector(".nc"), props, upload);

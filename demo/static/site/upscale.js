// One photo, its versions, and how they come about: what is asked of the worker, and when.

import { attachCrop } from "../../upscale/js/crop.js";
import { chosenFiles, droppedFiles } from "../../web/js/files.js";
import { languageNow } from "../../web/js/words.js";
import { zipOf } from "../work/packing.js";
import { onWhite, openPhoto, pixelsOf, reducedSize } from "./photo.js";
import { modcrop } from "../work/resize.js";
import { nameInZip, Several } from "./several.js";

const MOST_PIXELS = { fine: 2e6, coarse: 5e5 }; // of what is enlarged, by what the page is used with

export class UpscalePage extends Several {
  constructor(root, given) {
    super(root, given);
    const kind = matchMedia("(pointer: coarse)").matches ? "coarse" : "fine";
    this.mostPixels = MOST_PIXELS[kind];
    this.mode = "upscale";
    this.photo = null; // { name, bitmap, fit }
    this.large = null; // { width, height, most, url } of a photo that has to be fitted first
    this.versions = [];
    this.pictures = 0; // that there were, each with a look of its own
    this.chosen = new Set(this.site.models.map(({ name }) => name));
    this.turn = 0;
    this.problem = null;
    this.restoreCrop = attachCrop(root, (_, { fit }) => this.fit(fit));
    this.attach();
    new MutationObserver(() => this.show()).observe(document.documentElement, { attributeFilter: ["lang"] });
    this.show();
  }

  // Nothing would be lost with the page.
  get isIdle() {
    return !this.photo && !this.batch && !this.isBusy;
  }

  attach() {
    const { root } = this;
    const input = this.find("input[type=file]");
    root.addEventListener("click", (event) => {
      if (event.target.closest("[data-choose]")) input.click();
      if (event.target.closest("[data-zip]")) this.saveAll();
      if (event.target.closest("[data-figure]")) this.handOn();
      if (event.target.closest("[data-zip-all]")) this.saveBatch();
      const row = event.target.closest("[data-look]");
      if (row) this.look(this.batch.items[row.dataset.look]);
      if (event.target.closest("#cancel")) this.cancel();
    });
    const taken = () => {
      const found = chosenFiles(input.files);
      input.value = "";
      this.takeAll(found);
    };
    input.addEventListener("change", taken);
    queueMicrotask(taken); // what was chosen before this script had loaded
    root.addEventListener("change", (event) => {
      const { name, value, checked } = event.target;
      if (name === "mode") this.setMode(value);
      if (name === "model") this.choose(value, checked);
    });
    const isSeen = () => root.offsetParent !== null;
    const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!isSeen() || !hasFiles(event)) return;
      event.preventDefault();
      root.classList.add("is-dragging");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) root.classList.remove("is-dragging");
    });
    document.addEventListener("drop", async (event) => {
      root.classList.remove("is-dragging");
      if (!isSeen() || !hasFiles(event)) return;
      event.preventDefault();
      this.takeAll(await droppedFiles(event.dataTransfer));
    });
    document.addEventListener("paste", (event) => {
      if (isSeen()) this.takeAll(chosenFiles(event.clipboardData?.files ?? []));
    });
  }

  setMode(mode) {
    this.mode = mode;
    if (this.photo) this.begin();
    else this.show();
  }

  choose(model, isChosen) {
    if (isChosen) this.chosen.add(model);
    else this.chosen.delete(model);
    if (this.batch) this.beginAll(this.batch.items, this.batch.leftOut);
    if (this.photo && !this.large) this.begin(this.versions.filter(({ state }) => state === "ready"));
  }

  // The photo

  async take(file) {
    const turn = this.stop();
    this.leaveBatch();
    this.isBusy = true;
    this.problem = null;
    this.show();
    try {
      const bitmap = await openPhoto(file);
      if (turn !== this.turn) return bitmap.close();
      this.photo?.bitmap.close();
      const name = file.name.replace(/\.[^.]*$/, "") || "nitidez";
      this.photo = { file, name, bitmap, fit: null };
      this.versions = [];
      this.isBusy = false;
      await this.begin();
    } catch (error) {
      if (turn !== this.turn) return undefined;
      this.isBusy = false;
      this.problem = { key: error.key ?? "decode", file: file.name };
      this.show();
    }
    return undefined;
  }

  leavePhoto() {
    this.photo?.bitmap.close();
    for (const { url } of this.versions) if (url) URL.revokeObjectURL(url);
    Object.assign(this, { photo: null, large: null, problem: null, versions: [] });
  }

  // In a test the photo is made smaller first, so it may be as much larger.
  get most() {
    return this.mode === "test" ? this.mostPixels * this.site.scale ** 2 / 2 : this.mostPixels;
  }

  // A part of a photo that is too large, or all of it reduced.
  fit(fit) {
    if (fit === "again") this.photo.fit = null;
    else this.photo.fit = fit === "reduced" ? reducedSize(this.large, this.large.most) : fit;
    this.begin();
  }

  // `kept` are versions of this very picture.
  async begin(kept = []) {
    const turn = this.stop();
    const { bitmap, file } = this.photo;
    const { width, height } = this.photo.fit ?? bitmap;
    this.large = null;
    if (width * height > this.most) {
      this.photo.fit = null;
      this.versions = [];
      this.large = { width: bitmap.width, height: bitmap.height, most: this.most, url: URL.createObjectURL(file) };
      return this.show();
    }
    this.problem = null;
    try {
      const picture = await pixelsOf(bitmap, this.photo.fit ?? {});
      if (turn === this.turn) await this.run(picture, turn, kept);
    } catch (error) {
      if (turn !== this.turn) return undefined;
      const detail = error.detail ?? error.message;
      this.problem = { key: error.key ?? "decode", file: file.name, detail };
    }
    return this.show();
  }

  // The versions

  async run(given, turn, kept) {
    const { scale } = this.site;
    const isTest = this.mode === "test";
    const picture = isTest ? onWhite(given) : given;
    if (isTest && Math.min(picture.width, picture.height) < scale) throw Object.assign(new Error(), { key: "too_small" });
    const original = isTest ? modcrop(picture, scale) : null;
    this.size = { picture, original, low: original ? null : picture };
    if (!kept.length) this.pictures += 1;
    const { wanted } = this;
    if (isTest) wanted.unshift({ key: "original", state: "waiting" });
    const before = this.versions;
    this.versions = wanted.map((version) => kept.find(({ key }) => key === version.key) ?? version);
    for (const version of before) if (version.url && !this.versions.includes(version)) URL.revokeObjectURL(version.url);
    this.show();
    const low = original ? await this.engine.call("reduce", { picture: original, scale }) : picture;
    if (turn !== this.turn) return;
    this.size.low = low;
    for (const version of this.versions.filter(({ state }) => state === "waiting")) {
      await this.make(version, { low, original, scale }, turn);
      if (turn !== this.turn) return;
    }
  }

  // The versions that are asked for.
  get wanted() {
    const models = [{ name: "bicubic" }, ...this.site.models.filter(({ name }) => this.chosen.has(name))];
    return models.map((model) => ({ key: model.name, model, state: "waiting" }));
  }

  async make(version, { low, original, scale }, turn) {
    let begun = performance.now();
    Object.assign(version, { state: "running", share: null, left: null });
    this.show();
    const look = (share) => {
      if (share === 0) begun = performance.now();
      const seconds = (performance.now() - begun) / 1000;
      Object.assign(version, { share, left: share > 0.02 ? seconds / share - seconds : null });
      if (turn === this.turn) this.show();
    };
    const { model } = version;
    const text = { Software: `Nitidez ${this.site.version}`, "Nitidez-Model": version.key, "Nitidez-Scale": String(scale) };
    try {
      const made = model
        ? await this.engine.version({ model, scale, picture: low, original, text }, look)
        : { png: await this.engine.call("pack", { picture: original }), ...original, data: null };
      if (turn !== this.turn) return;
      Object.assign(version, made, { state: "ready", url: URL.createObjectURL(made.png) });
    } catch (trouble) {
      if (turn !== this.turn) return;
      Object.assign(version, { state: "failed", trouble });
    }
    this.show();
  }

  // What is in work is given up; returns the turn that begins.
  stop() {
    const versions = [...this.versions, ...(this.batch?.items.flatMap((item) => item.versions) ?? [])];
    if (versions.some(({ state }) => state === "running")) this.engine.stop();
    if (this.large) URL.revokeObjectURL(this.large.url);
    this.isBusy = false;
    this.turn += 1;
    return this.turn;
  }

  cancel() {
    this.stop();
    if (this.batch) this.cancelAll();
    else for (const version of this.versions) {
      if (version.state !== "ready" && version.state !== "failed") version.state = "cancelled";
    }
    this.show();
    this.find("[data-choose].another").focus();
  }

  get ready() {
    return this.versions.filter(({ url }) => url);
  }

  // The versions beside pictures of one's own, where figures are drawn.
  handOn() {
    this.compare(this.ready.map(({ key, png }) => ({ key, name: this.labelOf(key), png })));
  }

  async saveAll() {
    const files = this.ready.map((version) => [this.fileName(version), version.png]);
    await this.save(Object.fromEntries(files), `${this.stem}.zip`);
  }

  async save(files, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await zipOf(files));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  fileName({ key }) {
    return `${this.stem}_${key}.png`;
  }

  get stem() {
    return this.photo?.name ?? nameInZip(this.batch.looked.name).split("/").at(-1);
  }

  get language() {
    return languageNow();
  }
}

// A new study: what it is made of, its plan, and the order that the server gets.

import { create, setText } from "../../web/js/elements.js";
import { cropView } from "./crops.js";
import { byFolder, dropped, freeName, isPicture, methodName, slugOf, stemOf } from "./files.js";
import { isFrame } from "./kinds.js";

const AT_ONCE = 3; // uploads
const TRIES = 4;
const WAIT_MS = 3000; // before another try
const LABELS = { en: "label_en", "pt-BR": "label_pt" };

export class StudyForm {
  constructor(page) {
    this.page = page;
    this.root = page.find(".nst-form");
    this.attach();
    this.clear();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  say(key, values) {
    return this.page.say(key, values);
  }

  clear() {
    for (const { url } of this.photos ?? []) URL.revokeObjectURL(url);
    this.photos = []; // { file, url, path, isFrame }
    this.folders = []; // { name, files: [{ file, path }] }
    this.labels = {}; // by method, then by language
    this.crops = {}; // by photograph
    this.chosen = null; // models; null until they are known
    this.plan = null;
    this.turn = (this.turn ?? 0) + 1;
    this.root.reset();
    this.tell([]);
    this.note("");
  }

  attach() {
    const { root } = this;
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.seePlan();
    });
    root.addEventListener("input", (event) => {
      if (event.target.dataset.label) this.labels[event.target.dataset.method] = this.labelsIn(event.target.dataset.method);
      const index = event.target.dataset.folder;
      if (index) this.folders[index].name = event.target.value;
      if (event.target.dataset.model) this.chosen = this.modelsTicked();
      this.changed(["scale", "frame"].includes(event.target.name));
    });
    this.find("[name=photos]").addEventListener("change", (event) => {
      this.takePhotos([...event.target.files]);
      event.target.value = "";
    });
    this.find("[name=folder]").addEventListener("change", (event) => {
      this.takeFolders(byFolder(event.target.files));
      event.target.value = "";
    });
    for (const place of root.querySelectorAll("[data-drop]")) {
      place.addEventListener("dragover", (event) => {
        event.preventDefault();
        place.classList.add("is-over");
      });
      place.addEventListener("dragleave", () => place.classList.remove("is-over"));
      place.addEventListener("drop", async (event) => {
        event.preventDefault();
        event.stopPropagation();
        place.classList.remove("is-over");
        const { files, folders } = await dropped(event.dataTransfer);
        if (place.dataset.drop === "photos") this.takePhotos([...files, ...folders.flatMap(([, inside]) => inside)]);
        else this.takeFolders([...folders, ...(files.length ? [["", files]] : [])]);
      });
    }
  }

  takePhotos(files) {
    const pictures = files.filter(isPicture);
    const names = new Set(pictures.map(({ name }) => name));
    this.photos = this.photos.filter(({ file }) => !names.has(file.name));
    this.photos.push(...pictures.map((file) => ({ file, url: URL.createObjectURL(file), path: null })));
    this.skipped = files.length - pictures.length;
    this.changed();
    this.looking = this.lookAt(this.photos.filter(({ isFrame: known }) => known === undefined));
  }

  async lookAt(photos) {
    await Promise.all(photos.map(async (photo) => (photo.isFrame = await isFrame(photo.file))));
    if (this.hasFrames !== this.hadFrames) this.chosen = null; // other models
    this.hadFrames = this.hasFrames;
    this.changed(true);
  }

  // Whether frames of microscopes are compared; the server says what does not go together.
  get hasFrames() {
    return this.photos.some(({ isFrame: known }) => known);
  }

  takeFolders(folders) {
    for (const [folder, files] of folders) {
      const pictures = files.filter(isPicture);
      if (!pictures.length) {
        this.note(this.say("no_pictures"));
        continue;
      }
      this.folders.push({ name: this.freeMethod(methodName(folder)), files: pictures.map((file) => ({ file, path: null })) });
    }
    this.changed(true);
  }

  freeMethod(wanted) {
    const taken = this.folders.map(({ name }) => name);
    let name = wanted;
    for (let number = 2; taken.includes(name); number += 1) name = `${wanted.slice(0, 36)} ${number}`;
    return name;
  }

  removeFolder(index) {
    const [{ name }] = this.folders.splice(index, 1);
    delete this.labels[name];
    this.changed(true);
  }

  // What is on the screen

  changed(isRedrawn = false) {
    this.turn += 1;
    this.plan = null;
    this.find(".nst-plan").hidden = true;
    this.tell([]);
    this.showCounts();
    if (isRedrawn) this.show();
    else this.showLabels();
  }

  show() {
    const { models = [], most_methods: most } = this.page.status ?? {};
    const offered = models.filter((m) => (this.hasFrames ? m.is_for_frames : m.is_for_photographs));
    const scales = [...new Set(offered.filter((m) => m.is_network).flatMap((m) => m.scales))].sort((a, b) => b - a);
    const select = this.find("[name=scale]");
    const scale = scales.find((each) => each === Number(select.value)) ?? scales[0] ?? 4;
    select.replaceChildren(...scales.map((each) => new Option(`${each}×`, each, false, each === scale)));
    const usable = offered.filter((model) => model.scales.includes(scale));
    this.showKind();
    this.chosen = (this.chosen ?? usable.filter((m) => m.is_default).map(({ name }) => name)).filter((name) =>
      usable.some((model) => model.name === name),
    );
    this.find(".nst-models").replaceChildren(
      ...usable.map((model) => {
        const label = create("label", "");
        const box = create("input", "", { type: "checkbox", "data-model": model.name });
        box.checked = this.chosen.includes(model.name);
        const text = create("span", "");
        setText(text, model.titles[this.page.language]);
        label.append(box, text);
        return label;
      }),
    );
    this.find(".nst-folders").replaceChildren(
      ...this.folders.map(({ name, files }, index) => {
        const item = create("li", "");
        const input = create("input", "", { type: "text", maxlength: 40, "data-folder": index, "aria-label": this.say("folder_name") });
        input.value = name;
        const count = create("span", "nst-soft");
        setText(count, this.say("folder_count", { count: files.length }));
        const remove = create("button", "plain", { type: "button", "data-go": "remove-folder", "data-index": index });
        setText(remove, this.say("remove", { name }));
        item.append(input, count, remove);
        return item;
      }),
    );
    setText(this.find("[data-text=methods_hint]"), this.say("methods_hint", { most }));
    this.find("[name=name]").placeholder = freeName(this.say("name_usual"), this.page.names);
    this.showCounts();
    this.showLabels();
    this.showPlan();
  }

  // Frames have no original here, so nothing is asked beside one.
  showKind() {
    const isOfFrames = this.hasFrames;
    for (const node of this.root.querySelectorAll(".nst-of-frames")) node.hidden = !isOfFrames;
    for (const node of this.root.querySelectorAll(".nst-of-photographs")) node.hidden = isOfFrames;
    this.find(".nst-number").hidden = !isOfFrames || this.find("[name=frame]").value !== "number";
    const beside = this.find("[value=degradation]");
    if (isOfFrames && beside.checked) this.find("[name=asks]").checked = true;
    beside.disabled = isOfFrames;
  }

  get hasOriginal() {
    return !this.hasFrames && !this.find("[name=no_original]").checked;
  }

  get frame() {
    const { value } = this.find("[name=frame]");
    if (!this.hasFrames) return "";
    return value === "number" ? this.find("[name=number]").value : value;
  }

  showCounts() {
    const count = this.photos.length;
    const key = { 0: "photos_none", 1: "photos_one" }[count] ?? (this.skipped ? "photos_read" : "photos_count");
    setText(this.find(".nst-count"), this.say(key, { count, skipped: this.skipped }));
  }

  modelsTicked() {
    return [...this.root.querySelectorAll("[data-model]:checked")].map((box) => box.dataset.model);
  }

  get methods() {
    const own = this.folders.map(({ name }) => name.trim());
    return [...(this.chosen ?? []), ...own, ...(this.hasOriginal ? ["original"] : [])];
  }

  showLabels() {
    const box = this.find(".nst-labels");
    if (JSON.stringify(this.methods) === box.dataset.of && box.lang === this.page.language) return;
    box.dataset.of = JSON.stringify(this.methods);
    box.lang = this.page.language;
    const titles = Object.fromEntries((this.page.status?.models ?? []).map((m) => [m.name, m.titles]));
    box.replaceChildren(
      ...this.methods.map((method) => {
        const row = create("div", "");
        const name = create("b", "");
        setText(name, titles[method]?.[this.page.language] ?? (method === "original" ? this.say("original") : method));
        const fields = Object.entries(LABELS).map(([tag, key]) => {
          const label = create("label", "");
          const input = create("input", "", { type: "text", maxlength: 60, "data-label": tag, "data-method": method, lang: tag });
          input.value = this.labels[method]?.[tag] ?? "";
          input.placeholder = titles[method]?.[tag] ?? "";
          label.append(this.say(key), input);
          return label;
        });
        row.append(name, ...fields);
        return row;
      }),
    );
  }

  labelsIn(method) {
    const inputs = [...this.root.querySelectorAll("[data-label]")].filter((input) => input.dataset.method === method);
    return Object.fromEntries(inputs.map((input) => [input.dataset.label, input.value.trim()]));
  }

  note(text) {
    setText(this.find(".nst-form-note"), text);
  }

  tell(lines) {
    this.find(".nst-problems").replaceChildren(
      ...lines.map((text) => {
        const line = create("p", "");
        setText(line, text);
        return line;
      }),
    );
  }

  // The plan

  async seePlan() {
    await this.looking;
    const turn = (this.turn += 1);
    this.busy(true);
    try {
      await this.send();
      this.note(this.say(this.hasFrames ? "planning_frames" : "planning"));
      const plan = await this.page.call("plan", { name: this.name, order: this.order() });
      if (turn === this.turn) this.plan = plan;
      this.tell([]);
    } catch (error) {
      if (error.key === "studies_gone") this.forgetPaths();
      if (turn === this.turn) this.tell(this.page.because(error));
    }
    this.note("");
    this.busy(false);
    this.showPlan();
  }

  busy(isBusy) {
    for (const button of this.root.querySelectorAll(".nst-actions button")) button.disabled = isBusy;
  }

  get name() {
    return slugOf(this.find("[name=name]").value) || freeName(this.say("name_usual"), this.page.names);
  }

  get files() {
    return [...this.photos, ...this.folders.flatMap(({ files }) => files)];
  }

  forgetPaths() {
    for (const one of this.files) one.path = null;
  }

  async send() {
    const waiting = this.files.filter(({ path }) => !path);
    let done = 0;
    const count = waiting.length;
    const sendSome = async () => {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        this.note(this.say("uploading", { done: done + 1, count }));
        one.path = await this.sent(one.file);
        done += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sendSome));
  }

  async sent(file) {
    for (let attempt = 1; ; attempt += 1) {
      const uploaded = await this.page.upload(file).catch(() => null);
      if (uploaded?.path) return uploaded.path;
      if (attempt === TRIES) throw Object.assign(new Error(file.name), { key: "not_sent" });
      await new Promise((resolve) => setTimeout(resolve, attempt * WAIT_MS));
    }
  }

  order() {
    const number = (name) => Number(this.find(`[name=${name}]`).value) || 0;
    const named = ({ file, path }) => ({ path, name: file.name });
    const methods = new Set(this.methods);
    return {
      photos: this.photos.map(named),
      folders: this.folders.map(({ name, files }) => ({ name: name.trim(), files: files.map(named) })),
      methods: this.chosen,
      asks: this.find("[name=asks]:checked").value.split(" "),
      has_original: this.hasOriginal,
      frame: this.frame,
      scale: number("scale"),
      images_per_rater: number("images_per_rater"),
      repeats: number("repeats"),
      known_every: number("known_every"),
      labels: Object.fromEntries(Object.entries(this.labels).filter(([method]) => methods.has(method))),
      crops: Object.fromEntries(
        Object.entries(this.crops).filter(([photo]) => this.photos.some(({ file }) => stemOf(file.name) === photo)),
      ),
    };
  }

  showPlan() {
    const { plan } = this;
    this.find(".nst-plan").hidden = !plan;
    if (!plan) return;
    const facts = plan.plan;
    let kind = "plan_trials";
    if (!facts.pairs) kind = "plan_trials_ratings";
    else if (!facts.ratings) kind = "plan_trials_pairs";
    const lines = [
      this.say("plan_photos", facts),
      this.say(kind, facts),
      facts.raters_scores && this.say("plan_scores", { raters: facts.raters_scores }),
      facts.raters_choices && this.say("plan_choices", { raters: facts.raters_choices }),
      this.say("plan_more"),
      ...plan.left_out.map((what) => this.say("plan_left", { what })),
    ].filter(Boolean);
    this.find(".nst-plan-lines").replaceChildren(
      ...lines.map((text) => {
        const line = create("li", "");
        setText(line, text);
        return line;
      }),
    );
    this.find(".nst-crops").replaceChildren(
      ...plan.crops.flatMap((crop) => {
        const photo = this.photos.find(({ file }) => stemOf(file.name) === crop.photo);
        if (!photo) return [];
        const say = (key, values) => this.say(key, values);
        const changed = (box) => {
          if (box) this.crops[crop.photo] = box;
          else delete this.crops[crop.photo];
        };
        return [cropView({ crop, window: plan.window, url: crop.picture ?? photo.url, box: this.crops[crop.photo], say, changed })];
      }),
    );
  }

  async prepare() {
    this.busy(true);
    try {
      await this.page.prepare({ name: this.name, order: this.order() });
      this.clear();
      this.root.hidden = true;
    } catch (error) {
      if (error.key === "studies_gone") this.forgetPaths();
      this.tell(this.page.because(error));
    }
    this.busy(false);
  }
}

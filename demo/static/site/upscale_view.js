// What the upscaling panel shows of its photo and versions.

import { create, setText } from "../../web/js/elements.js";
import { Viewer } from "../../web/viewer/js/viewer.js";

const METRICS = [["psnr", 2], ["ssim", 4]];

export class UpscaleView {
  constructor(root, { site, texts, say, engine, compare }) {
    Object.assign(this, { root, site, say, engine, compare });
    this.viewer = new Viewer(root, { text: texts.viewer, value: null }, () => {});
    this.picker = this.find(".picker");
    this.isBusy = false;
    this.batch = null; // of several photos
    for (const { name, title } of site.models) {
      const box = create("input", "", { type: "checkbox", name: "model", value: name, checked: "" });
      const label = create("label", "");
      label.append(box, title);
      this.find(".models").append(label);
    }
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  labelOf(key) {
    return this.site.models.find(({ name }) => name === key)?.title ?? this.say(key);
  }

  seconds(seconds) {
    if (seconds < 0.05) return `< ${this.say.number(0.1, 1)} s`;
    return seconds < 9.95 ? `${this.say.number(seconds, 1, 1)} s` : this.viewer.duration(seconds);
  }

  troubleOf({ key, file, detail }) {
    if (key === "full") return this.say("error_full");
    if (key === "too_small") return this.say("error_too_small", { scale: this.site.scale });
    return this.say(`failed_${key}`, { file, detail });
  }

  show() {
    const { say, root, site, photo, batch, large, mode } = this;
    root.lang = this.language;
    root.classList.toggle("is-busy", this.isBusy);
    this.picker.classList.toggle("hero", !photo && !batch);
    this.picker.classList.toggle("compact", Boolean(photo ?? batch));
    for (const node of [this.picker, this.find("input[type=file]")]) node.setAttribute("aria-label", say("picker"));
    for (const radio of root.querySelectorAll("[name=mode]")) {
      radio.checked = radio.value === mode;
      radio.parentNode.classList.toggle("selected", radio.checked);
    }
    setText(this.find("#mode-hint p"), say(`mode_${mode}_hint`, { scale: site.scale }));
    const megapixels = say.number(this.most / 1e6, 1);
    setText(this.find(".limits"), `${say("limits", { megapixels })} ${say("first_time", { runtime: say.number(site.runtime_bytes / 1e6) })}`);
    const box = this.find(".problem");
    box.hidden = !this.problem;
    if (this.problem) setText(box.querySelector("p"), this.troubleOf(this.problem));
    setText(this.find(".chosen .name"), batch ? say("batch_count", { count: batch.items.length }) : (photo?.name ?? ""));
    setText(this.find(".chosen .sizes"), photo ?? batch?.looked ? this.sizes() : "");
    this.find(".notes").replaceChildren(...(photo ? this.notes() : []).map((text) => {
      const note = create("p", "note", { role: "note" });
      note.textContent = text;
      if (photo.fit && text !== say("on_white")) note.append(" ", this.again());
      return note;
    }));
    this.showLarge(large);
    this.showBatch();
    this.showWork();
    this.showVersions();
    this.showTable();
  }

  sizes() {
    const { size, large, say, site } = this;
    if (large || !this.versions.length) return say("sizes", large ?? this.photo.bitmap);
    const { picture, original } = size;
    const { width, height } = original ?? picture;
    if (original) {
      return say("sizes_test", { width, height, small_width: width / site.scale, small_height: height / site.scale });
    }
    return say("sizes_arrow", { width, height, out_width: width * site.scale, out_height: height * site.scale });
  }

  notes() {
    const { say, photo, size } = this;
    if (!this.versions.length) return [];
    const said = [];
    if (photo.fit) said.push(say(photo.fit.left === undefined ? "reduced" : "part", photo.fit));
    if (size.picture.isOnWhite) said.push(say("on_white"));
    return said;
  }

  // The way back to the frame on a photo that is too large.
  again() {
    const button = create("button", "link", { type: "button", "data-fit": "again" });
    button.textContent = this.say("large_again");
    return button;
  }

  showLarge(large) {
    const place = this.find(".place-of-large");
    const shown = place.firstElementChild;
    if (shown?.dataset.photo === (large?.url ?? undefined) && shown?.lang === this.language) return;
    place.replaceChildren();
    if (!large) return;
    const { say } = this;
    const { width, height, most, url } = large;
    const share = Math.sqrt(most / (width * height));
    const number = (value) => say.number(Math.floor(value));
    const section = create("section", "large", { "data-width": width, "data-height": height, "data-most": most, "data-photo": url, lang: this.language });
    section.dataset.said = say("large_said", { width: "{width}", height: "{height}", left: "{left}", top: "{top}" });
    const line = (tag, className, text, attributes = {}) => {
      const node = create(tag, className, attributes);
      node.textContent = text;
      return node;
    };
    const ways = create("div", "ways");
    ways.append(
      line("strong", "", say("large", { megapixels: say.number((width * height) / 1e6, 1), limit: say.number(most / 1e6, 1) })),
      line("p", "hint", say("large_hint")),
      line("p", "hint fine", say("large_keys")),
      create("p", "frame-said", { "aria-live": "polite" }),
      line("button", "solid", say("large_part"), { type: "button", "data-fit": "part" }),
      line("button", "quiet", say("large_reduce", { width: number(width * share), height: number(height * share) }), { type: "button", "data-fit": "reduced" }),
    );
    const figure = create("figure", "");
    figure.style.aspectRatio = `${width} / ${height}`;
    figure.style.setProperty("--ratio", (width / height).toFixed(4));
    const frame = create("div", "frame", {
      tabindex: "0", role: "slider", "aria-orientation": "horizontal", "aria-label": say("large_frame"),
      "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "50",
    });
    frame.append(...["nw", "ne", "sw", "se"].map((corner) => create("i", "", { "data-corner": corner })));
    figure.append(create("img", "", { src: url, alt: "", draggable: "false" }), frame);
    section.append(ways, figure);
    place.append(section);
    this.restoreCrop();
  }

  showWork() {
    const { say, versions, batch, running } = this;
    const isWorking = Boolean(running);
    this.find("#work").hidden = !versions.length && !batch;
    this.find("#cancel").hidden = !isWorking;
    this.find("#status .bar").hidden = !isWorking;
    this.find(".status").classList.toggle("running", isWorking);
    this.find(".status .left").textContent = running?.left ? say("status_left", { time: this.seconds(running.left) }) : "";
    this.find(".status .bar i").style.width = `${100 * (running?.share ?? 0)}%`;
    setText(this.find(".status .what"), running?.text ?? this.endText);
  }

  // What is going on, { text, share, left }; null when nothing is.
  get running() {
    const { versions } = this;
    const running = versions.find(({ state }) => state === "running");
    if (running) return { text: this.textOf(running), share: running.share, left: running.left };
    return versions.some(({ state }) => state === "waiting") ? { text: this.say("status_waiting"), share: 0, left: null } : null;
  }

  textOf({ key, model: { features } = {}, share }) {
    const { say } = this;
    const model = this.labelOf(key);
    if (share === null) return say(features ? "status_preparing" : "status_working", { model });
    return say("status_running", { model, percent: say.number(100 * share) });
  }

  get endText() {
    const { say, versions } = this;
    if (versions.some(({ state }) => state === "cancelled")) return say("status_cancelled");
    const names = versions.filter(({ state }) => state === "failed").map(({ key }) => this.labelOf(key)).join(", ");
    const by = versions.find(({ provider }) => provider);
    const way = by && say("by", { model: by.provider === "webgpu" ? "WebGPU" : "WebAssembly", way: say(by.provider === "webgpu" ? "by_webgpu" : by.threads > 1 ? "by_threads" : "by_thread", { count: by.threads }) });
    return [say(names ? "status_done_failed" : "status_done", { models: names }), way].filter(Boolean).join(" ");
  }

  showVersions() {
    const { site, size } = this;
    const versions = this.versions.filter(({ state }) => state !== "cancelled");
    this.find(".shown").hidden = !versions.length;
    const low = size?.original ? null : size?.low;
    const whole = size?.original ?? (low && { width: low.width * site.scale, height: low.height * site.scale });
    this.viewer.receive({
      language: this.language,
      set: `${this.pictures}`,
      pair: [site.models[0].name, site.models.at(-1).name],
      message: null,
      panes: versions.map((version) => ({
        key: version.key,
        state: version.state,
        label: this.labelOf(version.key),
        caption: this.captionOf(version),
        width: whole.width,
        height: whole.height,
        url: version.url ?? null,
        download_name: this.fileName(version),
        progress: version.share ?? null,
        seconds_left: version.left ?? null,
        message: version.trouble ? this.troubleOf(version.trouble) : null,
      })),
    });
    for (const button of this.root.querySelectorAll("[data-zip], [data-figure]")) button.disabled = !this.ready.length;
  }

  captionOf({ state, seconds, mended }) {
    if (state !== "ready" || seconds === undefined) return "";
    const took = this.seconds(seconds);
    return mended ? this.say("took_mended", { took, percent: this.say.number(100 * mended, 1) }) : took;
  }

  showTable() {
    const { say } = this;
    const measured = this.versions.filter((version) => version.measured);
    const section = this.find(".table");
    section.hidden = !measured.length;
    if (!measured.length) return;
    section.querySelector(".scroll").setAttribute("aria-label", say("table"));
    const text = (value, digits) => (value === null ? "–" : value === Infinity ? "∞" : say.number(value, digits, digits));
    const best = Object.fromEntries(METRICS.map(([key]) => [key, Math.max(...measured.map((each) => each.measured[key] ?? -Infinity))]));
    section.querySelector("tbody").replaceChildren(...measured.map((version) => {
      const row = document.createElement("tr");
      const head = create("th", "", { scope: "row" });
      head.textContent = this.labelOf(version.key);
      row.append(head);
      for (const [key, digits] of METRICS) {
        const cell = document.createElement("td");
        const isBest = measured.length > 1 && version.measured[key] === best[key];
        const shown = document.createElement(isBest ? "b" : "span");
        shown.textContent = text(version.measured[key], digits);
        cell.append(shown);
        if (isBest) {
          const said = create("span", "visually-hidden");
          said.textContent = ` (${say("table_best")})`;
          cell.append(said);
        }
        row.append(cell);
      }
      const time = document.createElement("td");
      time.textContent = this.seconds(version.seconds);
      row.append(time);
      return row;
    }));
    setText(section.querySelector(".note"), `${say("table_note_here", { scale: this.site.scale })} ${say(this.site.lpips ? "table_lpips" : "table_no_lpips")}`);
  }
}

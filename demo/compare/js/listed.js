// The table of pictures: names, order, which one is the original, results.

import { create } from "../../web/js/elements.js";
import { moved } from "../../web/viewer/js/order.js";
import { freeName } from "./table.js";

// Of results: key, digits, name and, of frames, the text that says whether they were fitted.
const METRICS = [["psnr", 2, "PSNR-Y"], ["ssim", 4, "SSIM-Y"], ["lpips", 4, "LPIPS"]];
const FRAME_METRICS = [
  ["fitted_psnr", 2, "PSNR", "after_fit"], ["fitted_nrmse", 4, "NRMSE", "after_fit"],
  ["fitted_ssim", 4, "SSIM", "after_fit"], ["raw_psnr", 2, "PSNR", "as_it_is"],
  ["raw_nrmse", 4, "NRMSE", "as_it_is"], ["raw_ssim", 4, "SSIM", "as_it_is"],
];
const NOT_MEASURED = ["other_size", "too_large", "measure_small", "flat"];

export class Listed {
  attachList() {
    const body = this.find("tbody");
    const indexOf = (node) => [...body.children].indexOf(node.closest("tr"));
    body.addEventListener("change", (event) => {
      const index = indexOf(event.target);
      if (event.target.type === "radio") return this.choose(this.pictures[index].key);
      const others = this.pictures.filter((_, each) => each !== index).map(({ name }) => name);
      this.pictures[index].name = freeName(event.target.value.trim(), others);
      return this.changed();
    });
    let from = null;
    const mark = (row) => {
      for (const each of body.children) each.classList.toggle("is-over", each === row);
    };
    body.addEventListener("dragstart", (event) => {
      if (!event.target.closest?.(".nc-grip")) return;
      from = indexOf(event.target);
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", String(from));
    });
    body.addEventListener("dragover", (event) => {
      if (from === null) return;
      event.preventDefault();
      mark(event.target.closest("tr"));
    });
    body.addEventListener("drop", (event) => {
      if (from === null) return;
      event.preventDefault();
      this.pictures = moved(this.pictures, from, indexOf(event.target));
      this.changed();
    });
    body.addEventListener("dragend", () => {
      from = null;
      mark(null);
    });
  }

  // Results belong to one original.
  choose(key) {
    this.reference = key;
    for (const picture of this.pictures) Object.assign(picture, { whole: null, part: null });
    this.changed();
    this.measureWhole();
  }

  // Buttons of a row.
  change(button) {
    const row = button.closest("tr");
    const index = [...row.parentNode.children].indexOf(row);
    const { go } = button.dataset;
    if (go === "remove") this.pictures = this.pictures.filter((_, each) => each !== index);
    else this.pictures = moved(this.pictures, index, index + (go === "up" ? -1 : 1));
    this.changed();
    const place = this.find("tbody").children[go === "up" ? index - 1 : index + 1];
    if (go !== "remove") (place?.querySelector(`[data-go=${go}]:enabled`) ?? place?.querySelector("input"))?.focus();
  }

  get metrics() {
    return this.areFrames ? FRAME_METRICS : METRICS;
  }

  get metricNames() {
    return this.metrics.map(([, , name, fit]) => (fit ? this.say(fit, { name }) : name));
  }

  showHead() {
    const names = this.metricNames;
    const ofPart = names.map((name) => `${name}, ${this.say("part")}`);
    for (const cell of this.root.querySelectorAll(".nc-metric")) cell.remove();
    const last = this.find("thead tr").lastElementChild;
    for (const [index, name] of [...names, ...ofPart].entries()) {
      const cell = create("th", index < names.length ? "nc-metric" : "nc-metric nc-of-part", { scope: "col" });
      cell.textContent = name;
      last.before(cell);
    }
  }

  showList() {
    this.showHead();
    const rows = this.pictures.map((picture, index) => this.rowOf(picture, index));
    this.find("tbody").replaceChildren(...rows);
    const hasPart = this.pictures.some(({ part }) => part);
    for (const cell of this.root.querySelectorAll(".nc-of-part")) cell.hidden = !hasPart;
  }

  rowOf(picture, index) {
    const row = document.createElement("tr");
    const cell = (...inside) => {
      const made = document.createElement("td");
      made.append(...inside);
      row.append(made);
      return made;
    };
    const { name } = picture;
    const button = (go, sign, isOff = false) => {
      const made = create("button", "", { type: "button", "data-go": go, "aria-label": this.say(`${go}_of`, { name }) });
      made.textContent = sign;
      made.disabled = isOff;
      return made;
    };
    const grip = create("span", "nc-grip", { draggable: "true", "aria-hidden": "true" });
    grip.textContent = "⠿";
    const last = this.pictures.length - 1;
    cell(grip, button("up", "↑", index === 0), " ", button("down", "↓", index === last));
    const input = create("input", "", { type: "text", maxlength: "80", "aria-label": this.say("name_of", { number: index + 1 }) });
    input.value = name;
    cell(input);
    const radio = create("input", "", { type: "radio", name: "nc-reference", "aria-label": this.say("original_of", { name }) });
    radio.checked = picture.key === this.reference;
    cell(radio);
    cell([`${picture.width} × ${picture.height}`, picture.frame && this.factsOf(picture)].filter(Boolean).join(" · "));
    for (const text of this.resultsOf(picture.whole)) cell(text);
    for (const text of this.resultsOf(picture.part)) cell(text).className = "nc-of-part";
    cell(button("remove", "✕"));
    return row;
  }

  // Results as text; where there are none, the first says why.
  resultsOf(found) {
    const { metrics } = this;
    const empty = metrics.map(() => "");
    if (!found) return empty;
    if (NOT_MEASURED.includes(found.note) && metrics.every(([key]) => found[key] == null)) {
      return [this.say(found.note), ...empty.slice(1)];
    }
    const texts = metrics.map(([key, digits]) => (found[key] == null ? "–" : this.number(found[key], digits)));
    if (found.note === "equal") texts[0] = this.say("equal");
    return texts;
  }

  // The table as it is copied.
  cells() {
    const hasPart = this.pictures.some(({ part }) => part);
    const names = this.metricNames;
    const ofPart = hasPart ? names.map((name) => `${name} (${this.say("part")})`) : [];
    const head = [this.say("name"), this.say("size"), ...names, ...ofPart];
    const rows = this.pictures.map((picture) => [
      picture.key === this.reference ? `${picture.name} (${this.say("original")})` : picture.name,
      `${picture.width}x${picture.height}`,
      ...this.resultsOf(picture.whole),
      ...(hasPart ? this.resultsOf(picture.part) : []),
    ]);
    return { head, rows };
  }
}

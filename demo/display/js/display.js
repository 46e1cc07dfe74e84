// The person's own display, what follows from it, and how others compare.

import { Calibration } from "../../web/calibration/js/calibration.js";
import { create } from "../../web/js/elements.js";
import {
  acuityDistanceCmOf,
  arcMinutesOf,
  DISTANCE_CM,
  ppdOf,
  PPI,
  PRESETS,
} from "../../web/js/optics.js";
import { screens } from "../../web/js/storage.js";
import { languageNow, makeSay } from "../../web/js/words.js";

class DisplayPage {
  constructor(root, texts) {
    this.root = root;
    this.texts = texts;
    this.language = languageNow();
    this.say = makeSay(texts, () => this.language);
    this.form = this.find(".nd-form");
    this.calibration = new Calibration(this.find(".nc"), this.say, () => this.showMain());
    root.addEventListener("click", (event) => {
      const go = event.target.closest("[data-go]")?.dataset.go;
      if (go === "measure") this.measure();
      if (go === "stop") this.showMain();
      const preset = event.target.closest("[data-preset]");
      if (preset) this.usePreset(PRESETS[Number(preset.dataset.preset)]);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.useNumbers();
    });
    new MutationObserver(() => this.retell()).observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["lang"],
    });
    // Another tab may have measured meanwhile; a window may have moved to another screen.
    new ResizeObserver(() => this.refresh()).observe(root);
    window.addEventListener("resize", () => this.refresh());
    window.addEventListener("storage", () => this.refresh());
    this.retell();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  retell() {
    this.language = languageNow();
    this.root.lang = this.language;
    this.root.setAttribute("aria-label", this.say("display"));
    this.find(".nd-scroll").setAttribute("aria-label", this.say("others"));
    for (const node of this.root.querySelectorAll("[data-text]")) {
      node.textContent = this.say(node.dataset.text);
    }
    for (const node of this.root.querySelectorAll("[data-label]")) {
      node.setAttribute("aria-label", this.say(node.dataset.label));
    }
    this.find(".nd-problem").textContent = "";
    this.calibration.retell();
    this.refresh();
  }

  // What is known of this screen: ppi and distance_cm, each perhaps null.
  get known() {
    return screens.recall() || { ppi: null, distance_cm: null };
  }

  refresh() {
    const { say } = this;
    const { ppi, distance_cm: cm } = this.known;
    const ppd = ppi && cm ? ppdOf(ppi, cm) : null;
    const unknown = say("unknown");
    const figures = {
      density: ppi ? `${say.number(ppi)} ppi` : unknown,
      distance_label: cm ? `${say.number(cm)} cm` : unknown,
      per_degree: ppd ? say.number(ppd, 1, 1) : unknown,
      arc_minutes: ppd ? `${say.number(arcMinutesOf(ppd), 2)}′` : unknown,
      acuity: ppi ? `${say.number(acuityDistanceCmOf(ppi))} cm` : unknown,
    };
    this.find(".nd-figures").replaceChildren(
      ...Object.entries(figures).map(([key, text]) => {
        const box = document.createElement("div");
        const term = document.createElement("dt");
        const value = document.createElement("dd");
        term.textContent = say(key);
        value.textContent = text;
        box.append(term, value);
        return box;
      }),
    );
    const verdict = ppd === null ? "verdict_unknown" : ppd >= 60 ? "verdict_fine" : "verdict_coarse";
    this.find(".nd-verdict").textContent = say(verdict);
    this.find("[data-go=measure]").textContent = say(ppi ? "measure_again" : "measure");
    if (!this.form.contains(document.activeElement)) {
      this.form.elements.ppi.value = ppi ? say.number(ppi, 1) : "";
      this.form.elements.cm.value = cm ? say.number(cm, 0) : "";
    }
    this.fillTable(ppi, cm);
  }

  fillTable(ppi, cm) {
    const { say } = this;
    const heads = ["other_name", "density", "distance_label", "per_degree", "acuity", "other_use"];
    const head = document.createElement("tr");
    for (const key of heads) {
      const cell = document.createElement("th");
      cell.scope = "col";
      const name = key === "other_use" ? cell.appendChild(create("span", "nd-hidden")) : cell;
      name.textContent = say(key);
      head.append(cell);
    }
    this.find("thead").replaceChildren(head);
    const line = (name, density, distance, index) => {
      const row = document.createElement("tr");
      const first = document.createElement("th");
      first.scope = "row";
      first.textContent = name;
      row.append(first);
      const texts = [
        `${say.number(density)} ppi`,
        `${say.number(distance)} cm`,
        say.number(ppdOf(density, distance), 1, 1),
        `${say.number(acuityDistanceCmOf(density))} cm`,
      ];
      for (const [column, text] of texts.entries()) {
        const cell = document.createElement("td");
        cell.textContent = text;
        cell.dataset.head = say(heads[column + 1]);
        row.append(cell);
      }
      const last = document.createElement("td");
      if (index === null) row.className = "nd-own";
      else {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "quiet";
        button.dataset.preset = index;
        button.textContent = say("other_use");
        button.setAttribute("aria-label", `${say("other_use")}: ${name}`);
        last.append(button);
      }
      row.append(last);
      return row;
    };
    const rows = PRESETS.map((preset, index) =>
      line(this.nameOf(preset), preset.ppi, preset.cm, index),
    );
    if (ppi && cm) rows.unshift(line(say("own"), ppi, cm, null));
    this.find("tbody").replaceChildren(...rows);
  }

  nameOf({ kind, inches, width, height }) {
    const size = this.say.number(inches, 1);
    return this.say("other_display", { kind: this.say(kind), inches: size, width, height });
  }

  // Three ways to say what the display is

  measure() {
    this.find(".nd-main").hidden = true;
    this.find(".nd-measure").hidden = false;
    this.calibration.begin(true);
  }

  showMain() {
    this.find(".nd-main").hidden = false;
    this.find(".nd-measure").hidden = true;
    this.refresh();
    this.find("[data-go=measure]").focus({ preventScroll: true });
  }

  usePreset({ ppi, cm }) {
    this.remember(ppi, "preset", cm, "arm");
  }

  useNumbers() {
    const read = (name) => {
      const text = this.form.elements[name].value.trim();
      return text === "" ? NaN : Number(text.replace(",", ".")); // either mark, in either language
    };
    const [ppi, cm] = [read("ppi"), read("cm")];
    const isOf = (value, { least, most }) => value >= least && value <= most;
    const problem = !isOf(ppi, PPI) ? "bad_density" : !isOf(cm, DISTANCE_CM) ? "bad_distance" : null;
    this.find(".nd-problem").textContent = problem
      ? this.say(problem, { got: this.form.elements[problem === "bad_density" ? "ppi" : "cm"].value.trim() || "–" })
      : "";
    if (problem) return;
    document.activeElement?.blur();
    this.remember(ppi, "manual", cm, "ruler");
  }

  remember(ppi, ppi_method, distance_cm, distance_method) {
    const pixel_check = this.known.pixel_check || "skipped";
    screens.remember({ ppi, ppi_method, distance_cm, distance_method, pixel_check });
    this.find(".nd-problem").textContent = "";
    this.refresh();
  }
}

// What runs when the component is loaded; what it is given is Gradio's.
export const start = ({ element, props }) =>
  new DisplayPage(element.querySelector(".nd"), props.text);

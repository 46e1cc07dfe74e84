// The curve's page: a button that asks, then sentences and the chart, with the own display marked.

import { ppdOf } from "../../js/optics.js";
import { screens } from "../../js/storage.js";
import { fillIn, languageOf, numberIn } from "../../js/words.js";
import { drawChart, svgNode } from "./chart.js";

class CurvePage {
  constructor(element, props, trigger, watch) {
    this.root = element.querySelector(".nk");
    this.texts = props.text;
    this.props = props;
    this.find(".nk-button").addEventListener("click", () => trigger("select", {}));
    watch("value", () => this.show());
    // The display may be measured in another tab of the page meanwhile.
    new ResizeObserver(() => this.show()).observe(this.root);
    this.show();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  say(key, values = {}) {
    return fillIn(this.texts[this.language][key], values);
  }

  number(value, most = 0) {
    return numberIn(this.language, value, most);
  }

  get ownPpd() {
    const known = screens.recall();
    return known?.ppi && known?.distance_cm ? ppdOf(known.ppi, known.distance_cm) : null;
  }

  show() {
    if (!this.root.isConnected) return;
    const value = this.props.value;
    if (!value || typeof value !== "object") return;
    this.language = languageOf(value.language || navigator.language || "en");
    const look = JSON.stringify([value, this.ownPpd, this.language]);
    if (look === this.look) return;
    this.look = look;
    this.root.lang = this.language;
    this.root.hidden = value.state === "hidden";
    this.root.dataset.state = value.state;
    const isReady = value.state === "ready";
    this.find(".nk-ask").hidden = isReady;
    this.find(".nk-found").hidden = !isReady;
    const button = this.find(".nk-button");
    button.textContent = this.say(value.state === "busy" ? "busy" : "ask");
    button.disabled = value.state === "busy";
    this.find(".nk-ask .nk-hint").textContent = this.say(value.state === "failed" ? "failed" : "hint");
    if (isReady) this.showFound(value);
  }

  showFound({ ppds, pairs, noticeable, side }) {
    const own = this.ownPpd;
    this.find("h3").textContent = this.say("title");
    this.find(".nk-said").replaceChildren(
      ...pairs.map((pair, index) => {
        const item = document.createElement("li");
        const mark = svgNode("svg", { viewBox: "0 0 30 8", "aria-hidden": "true" });
        mark.append(svgNode("polyline", { class: `line c${index % 6}`, points: "0,4 30,4" }));
        const text = document.createElement("span");
        text.textContent = this.sentence(pair, ppds, own);
        item.append(mark, text);
        return item;
      }),
    );
    const words = {
      axis: this.say("axis"),
      height: this.say("height"),
      noticeable: this.say("noticeable"),
      own: own ? this.say("own", { ppd: this.number(own) }) : "",
    };
    const number = (value, most) => this.number(value, most);
    const title = this.say("title");
    this.find(".nk-chart").replaceChildren(
      drawChart({ ppds, pairs, noticeable, own, title, words, number }),
    );
    const notes = [this.say("note")];
    if (side) notes.push(this.say("part", { side: this.number(side) }));
    if (!own) notes.push(this.say("unknown"));
    this.find(".nk-found .nk-hint").textContent = notes.join(" ");
  }

  sentence({ a, b, from_ppd: from }, ppds, own) {
    const last = ppds[ppds.length - 1];
    const names = { a, b };
    let said;
    if (from === null) said = this.say("always", { ...names, ppd: this.number(last) });
    else if (from <= ppds[0]) said = this.say("never", { ...names, ppd: this.number(ppds[0]) });
    else said = this.say("from", { ...names, ppd: this.number(from) });
    if (!own) return said;
    const key = from !== null && own >= from ? "own_no" : "own_yes";
    return `${said} ${this.say(key)}`;
  }
}

// What runs when the component is loaded; what it is given is Gradio's.
export const start = ({ element, props, trigger, watch }) =>
  new CurvePage(element, props, trigger, watch);

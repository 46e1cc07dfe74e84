// What the screens of the rater's way say.

import { setText } from "../../web/js/elements.js";
import { dprNow } from "../../web/js/pixels.js";
import { storage } from "../../web/js/storage.js";
import { languageNow } from "../../web/js/words.js";
import { make, revealed } from "./reveal.js";
import { troubleNow } from "./screen.js";

export class SurveyWording {
  retell() {
    this.language = languageNow();
    const { say, root } = this;
    root.lang = this.language;
    root.setAttribute("aria-label", say("survey"));
    for (const node of root.querySelectorAll("[data-text]")) {
      node.textContent = say(node.dataset.text);
    }
    for (const node of root.querySelectorAll("[data-label]")) {
      node.setAttribute("aria-label", say(node.dataset.label));
    }
    this.calibration.retell();
    this.judging.refreshWords();
    this.fill();
  }

  // What a screen says depends on status and state.
  fill() {
    const { say, status, state } = this;
    if (status) {
      this.find(".ns-lead").textContent = say("welcome_text", { minutes: status.minutes });
      const paragraphs = (status.consent?.[this.language] || []).map((text) => make("p", "", text));
      this.find(".ns-consent").replaceChildren(...paragraphs);
      if (status.problem) {
        this.find(".ns-problem").textContent = say(status.problem.key);
        this.find(".ns-detail").textContent = status.problem.detail;
      }
      const file = status.waiting_for;
      setText(this.find(".ns-waiting"), file ? say("preparing_waiting", { file }) : "");
      this.find(".ns-bar i").style.width = `${100 * (status.progress || 0)}%`;
      this.find(".ns-bar").setAttribute("aria-valuenow", Math.round(100 * (status.progress || 0)));
    }
    this.find(".ns-memory").hidden = storage.isLasting;
    const scaling = this.find(".ns-scaling");
    scaling.hidden = Number.isInteger(dprNow());
    scaling.textContent = say("scaling", { percent: say.number(dprNow() * 100) });
    if (state && ["practice", "rating", "pair"].includes(state.phase)) this.fillReady();
    this.fillReveal();
    this.find(".ns-class").hidden = !state?.results_open;
    for (const node of this.root.querySelectorAll("[data-only=other]")) node.hidden = !state?.is_other_open;
    this.find(".ns-way-back").hidden = !state?.way_back;
    if (state?.way_back) this.find(".ns-way-back").href = state.way_back;
    this.noteStart(this.startNote);
    this.refreshStart();
    if (this.screen === "break") this.fillBreak();
  }

  // Made once: what is opened in it stays open while the window changes its size.
  fillReveal() {
    const { say, state, language } = this;
    if (!state?.reveal || (this.revealed === state.reveal && this.revealedIn === language)) return;
    this.revealed = state.reveal;
    this.revealedIn = language;
    this.find(".ns-reveal").replaceChildren(...revealed(state.reveal, say));
  }

  fillBreak() {
    const { done, total } = this.state.progress;
    this.find(".ns-break-text").textContent = this.say("break_text", { done, total });
    this.showRest();
  }

  fillReady() {
    const { say, state } = this;
    const { phase, kinds } = state;
    const scored = kinds.find((kind) => kind !== "pair"); // "rating" or "degradation", if any
    const asked = phase === "rating" ? scored : phase;
    this.find(".ns-ready-title").textContent = say(`ready_${asked}`);
    this.find(".ns-ready-text").textContent = say(`ready_${asked}_text`);
    this.find("[data-only=again]").hidden = !this.isAgain;
    const trouble = troubleNow(0, state.display);
    this.find("[data-screen=ready] .ns-note").textContent = trouble ? say(trouble) : "";
    const now = phase === "practice" ? kinds : [asked];
    const rows = now.map((kind) => (kind === "pair" ? "keys_pair" : "keys_rating"));
    if (now.some((kind) => kind !== "rating")) {
      rows.push(now.includes("pair") ? "keys_flicker" : "keys_flicker_degradation");
    }
    rows.push("keys_undo");
    this.find(".ns-keys").replaceChildren(
      ...rows.flatMap((key) => [
        make("dt", "", say(key.replace("_degradation", ""))),
        make("dd", "", say(`${key}_text`)),
      ]),
    );
  }
}

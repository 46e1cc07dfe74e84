// The steps of measuring a display: card, distance, pixels. `begin` shows what is known of this
// screen, or starts measuring; `onDone` gets what survey/study/display.py takes.

import { cssPxPerMmOf, ppdOf } from "../../js/optics.js";
import { dprNow } from "../../js/pixels.js";
import { screens } from "../../js/storage.js";
import { PixelStep } from "./board.js";
import { CardStep } from "./card.js";
import { DistanceStep } from "./distance.js";

const STEPS = ["card", "distance", "pixels"];

export class Calibration {
  constructor(root, say, onDone) {
    this.root = root;
    this.say = say;
    this.onDone = onDone;
    const find = (name) => root.querySelector(`[data-step=${name}]`);
    this.card = new CardStep(find("card"), say, () => this.refresh());
    this.distance = new DistanceStep(find("distance"), say, () => this.refresh());
    this.pixels = new PixelStep(find("pixels"));
    root.addEventListener("click", (event) => this.onClick(event));
    this.begin();
  }

  begin(isAnew = false) {
    const known = isAnew ? null : screens.recall();
    if (known) this.take(known);
    this.show(known ? "known" : "card");
  }

  take(known) {
    this.ppi = known.ppi;
    this.ppiMethod = known.ppi_method;
    this.distanceCm = known.distance_cm;
    this.distanceMethod = known.distance_method;
    this.pixelCheck = known.pixel_check;
    if (known.ppi) this.card.set(cssPxPerMmOf(known.ppi, dprNow()));
    if (known.distance_cm) this.distance.set(known.distance_cm, known.distance_method);
  }

  // What is measured, in the words of the server.
  get measured() {
    return {
      ppi: this.ppi,
      ppi_method: this.ppiMethod,
      distance_cm: this.distanceCm,
      distance_method: this.distanceMethod,
      pixel_check: this.pixelCheck,
      dpr: dprNow(),
      screen_width: window.screen.width,
      screen_height: window.screen.height,
    };
  }

  show(step) {
    this.step = step;
    for (const part of this.root.querySelectorAll("[data-step]")) {
      part.hidden = part.dataset.step !== step;
    }
    this.retell();
    if (this.root.contains(document.activeElement) || this.hasMoved) {
      this.root.querySelector(`[data-step=${step}] h3`).focus({ preventScroll: true });
    }
  }

  onClick(event) {
    const action = event.target.closest("[data-action]")?.dataset.action;
    if (!action) return;
    this.hasMoved = true;
    if (action === "anew") this.begin(true);
    if (action === "keep") this.finish();
    if (action === "back") this.show(STEPS[STEPS.indexOf(this.step) - 1]);
    if (action === "card-done") this.setDensity(this.card.ppi, this.card.method);
    if (action === "card-skip") this.setDensity(null, "skipped");
    if (action === "distance-done") {
      this.setDistance(this.distance.centimetres, this.distance.method);
    }
    if (action === "distance-skip") this.setDistance(null, "skipped");
    if (action.startsWith("pixels-")) this.setPixels(action.slice("pixels-".length));
  }

  setDensity(ppi, method) {
    this.ppi = ppi;
    this.ppiMethod = method;
    this.show("distance");
  }

  setDistance(centimetres, method) {
    if (method !== "skipped" && !this.distance.isValid) {
      this.distance.input.focus();
      return;
    }
    this.distanceCm = centimetres;
    this.distanceMethod = method;
    this.show("pixels");
  }

  setPixels(told) {
    this.pixelCheck = told === "pass" && this.pixels.isResampled ? "fail" : told;
    this.finish();
  }

  finish() {
    const { dpr, screen_width, screen_height, ...measured } = this.measured;
    screens.remember(measured);
    this.onDone(this.measured);
  }

  // Called whenever something is moved: keeps what is said about it up to date.
  refresh() {
    if (!this.pixels) return; // still being made
    this.distance.cssPxPerMm = this.card.cssPxPerMm;
    const next = this.root.querySelector("[data-action=distance-done]");
    next.disabled = !this.distance.isValid;
    const result = this.root.querySelector(".nc-distance-result");
    const canTell = this.ppi && this.distance.isValid;
    result.textContent = canTell
      ? this.say("distance_result", {
          ppd: this.say.number(ppdOf(this.ppi, this.distance.centimetres), 0),
        })
      : "";
    this.root.querySelector("[data-choice=blind_spot]").hidden = !this.ppi;
  }

  // After a change of the language or of the step.
  retell() {
    this.card.draw();
    this.refresh();
    if (this.step === "pixels") this.pixels.draw();
    const known = this.root.querySelector(".nc-known");
    if (this.step === "known") known.textContent = this.describe(this.measured);
  }

  describe({ ppi, distance_cm }) {
    const values = {
      ppi: ppi && this.say.number(ppi, 0),
      cm: distance_cm && this.say.number(distance_cm, 0),
      ppd: ppi && distance_cm && this.say.number(ppdOf(ppi, distance_cm), 0),
    };
    if (values.ppd) return this.say("known_all", values);
    return this.say(ppi ? "known_ppi" : distance_cm ? "known_distance" : "known_none", values);
  }
}

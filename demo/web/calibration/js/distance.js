// Viewing distance: typed in, or estimated by the blind spot of the left eye.

import { DISTANCE_CM, distanceCmOfBlindSpot } from "../../js/optics.js";

const FIRST_DISTANCE_CM = { mouse: 60, touch: 35 };
const BLIND_SPOT = { repeats: 3, mmPerSecond: 22, startMm: 60, dotMm: 7 };

export class DistanceStep {
  constructor(root, say, onChange) {
    this.root = root;
    this.say = say;
    this.onChange = onChange;
    this.input = root.querySelector(".nc-distance");
    const isTouch = window.matchMedia("(pointer: coarse)").matches;
    this.centimetres = isTouch ? FIRST_DISTANCE_CM.touch : FIRST_DISTANCE_CM.mouse;
    this.method = "arm";
    this.input.value = this.centimetres;
    this.input.addEventListener("input", () => {
      const typed = Number(this.input.value.replace(",", "."));
      if (typed >= DISTANCE_CM.least && typed <= DISTANCE_CM.most) this.centimetres = typed;
      if (this.chosen === "blind_spot") this.choose("ruler");
      this.onChange();
    });
    this.radios = [...root.querySelectorAll("[type=radio]")];
    DistanceStep.count = (DistanceStep.count || 0) + 1; // two of them on a page are two groups
    for (const radio of this.radios) {
      radio.name = `nc-way-${DistanceStep.count}`;
      radio.addEventListener("change", () => this.choose(radio.value));
    }
    root.querySelector("[data-action=blind-start]").addEventListener("click", () => this.test());
    this.choose("arm");
  }

  get isValid() {
    const typed = Number(this.input.value.replace(",", "."));
    return typed >= DISTANCE_CM.least && typed <= DISTANCE_CM.most;
  }

  set(centimetres, method) {
    this.centimetres = centimetres;
    this.input.value = Math.round(centimetres);
    this.method = method;
    this.onChange();
  }

  choose(way) {
    this.chosen = way;
    if (way !== "blind_spot") this.method = way;
    for (const radio of this.radios) {
      radio.checked = radio.value === way;
    }
    for (const hint of this.root.querySelectorAll("[data-way]")) {
      hint.hidden = hint.dataset.way !== way;
    }
    if (this.cssPxPerMm) this.moveDot(BLIND_SPOT.startMm);
    this.onChange();
  }

  moveDot(separationMm) {
    const dot = this.root.querySelector(".nc-dot");
    dot.style.transform = `translateX(${-separationMm * this.cssPxPerMm}px)`;
  }

  // A dot moves away from the point that the left eye looks at, until it is no longer seen.
  async test() {
    const field = this.root.querySelector(".nc-field");
    const status = this.root.querySelector(".nc-blind-status");
    const gone = this.root.querySelector("[data-action=blind-gone]");
    const begin = this.root.querySelector("[data-action=blind-start]");
    const roomMm = field.clientWidth / this.cssPxPerMm - 2 * BLIND_SPOT.dotMm;
    if (roomMm < 90) {
      status.textContent = this.say("blind_narrow");
      return;
    }
    begin.hidden = true;
    gone.hidden = false;
    gone.focus();
    const found = [];
    while (found.length < BLIND_SPOT.repeats) {
      status.textContent = this.say("blind_run", {
        number: found.length + 1,
        total: BLIND_SPOT.repeats,
      });
      const separationMm = await this.run(field, gone, roomMm);
      if (separationMm === null) break;
      found.push(separationMm);
    }
    begin.hidden = false;
    gone.hidden = true;
    begin.focus();
    if (found.length < BLIND_SPOT.repeats) {
      status.textContent = this.say("blind_missed");
      return;
    }
    const mean = found.reduce((sum, mm) => sum + mm, 0) / found.length;
    this.set(distanceCmOfBlindSpot(mean), "blind_spot");
    status.textContent = this.say("blind_done", { cm: this.say.number(this.centimetres, 0) });
  }

  // Millimetres between point and dot when the button is pressed; null when the dot has left.
  run(field, gone, roomMm) {
    const began = performance.now();
    return new Promise((resolve) => {
      let separationMm = BLIND_SPOT.startMm;
      const end = (result) => {
        gone.removeEventListener("click", press);
        cancelAnimationFrame(frame);
        this.moveDot(BLIND_SPOT.startMm);
        resolve(result);
      };
      const press = () => end(separationMm);
      const move = () => {
        separationMm =
          BLIND_SPOT.startMm + ((performance.now() - began) / 1000) * BLIND_SPOT.mmPerSecond;
        if (separationMm > roomMm || !field.isConnected) return end(null);
        this.moveDot(separationMm);
        frame = requestAnimationFrame(move);
      };
      let frame = requestAnimationFrame(move);
      gone.addEventListener("click", press);
    });
  }
}

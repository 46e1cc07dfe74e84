// Pixel density: a drawing of a bank card is made as large as a real one. A slider and fine buttons,
// no dragging: that fails on touch screens. Where a card does not fit lying, it stands.

import { CARD, cardSides, cssPxPerMmOfDiagonal, diagonalInchesOf, ppiOf } from "../../js/optics.js";
import { dprNow } from "../../js/pixels.js";

const CARD_RANGE = { least: 0.8, most: 9 }; // CSS pixels per millimetre
const FIRST_GUESS = { mouse: 3.78, touch: 6.1 };

export class CardStep {
  constructor(root, say, onChange) {
    this.root = root;
    this.say = say;
    this.onChange = onChange;
    this.card = root.querySelector(".nc-card");
    this.slider = root.querySelector(".nc-card-slider");
    this.diagonal = root.querySelector(".nc-diagonal");
    const isTouch = window.matchMedia("(pointer: coarse)").matches;
    this.cssPxPerMm = isTouch ? FIRST_GUESS.touch : FIRST_GUESS.mouse;
    this.method = "card";
    this.slider.min = CARD_RANGE.least;
    this.slider.max = CARD_RANGE.most;
    this.slider.addEventListener("input", () => this.set(Number(this.slider.value)));
    for (const button of root.querySelectorAll("[data-fine]")) {
      button.addEventListener("click", () => this.step(Number(button.dataset.fine)));
    }
    this.diagonal.addEventListener("input", () => this.setDiagonal());
    new ResizeObserver(() => this.draw()).observe(root);
  }

  get dpr() {
    return dprNow();
  }

  get ppi() {
    return ppiOf(this.cssPxPerMm, this.dpr);
  }

  set(cssPxPerMm, method = "card") {
    const { least, most } = CARD_RANGE;
    this.cssPxPerMm = Math.min(most, Math.max(least, cssPxPerMm));
    this.method = method;
    this.draw();
    this.onChange();
  }

  // One device pixel of the card's long side.
  step(sign) {
    this.set(this.cssPxPerMm + sign / (this.dpr * CARD.widthMm));
  }

  setDiagonal() {
    const inches = Number(this.diagonal.value.replace(",", "."));
    if (!(inches >= 3 && inches <= 120)) return;
    const { width, height } = window.screen;
    this.set(cssPxPerMmOfDiagonal(width, height, inches), "manual");
  }

  draw() {
    const room = this.root.clientWidth - 8;
    if (room <= 0) return;
    const sides = cardSides(this.cssPxPerMm, room);
    this.card.style.width = `${sides.width}px`;
    this.card.style.height = `${sides.height}px`;
    this.card.classList.toggle("nc-upright", sides.isUpright);
    if (Number(this.slider.value) !== this.cssPxPerMm) this.slider.value = this.cssPxPerMm;
    this.slider.step = 1 / (this.dpr * CARD.widthMm);
    const { width, height } = window.screen;
    const inches = diagonalInchesOf(width * this.dpr, height * this.dpr, this.ppi);
    const told = this.say("card_result", {
      ppi: this.say.number(this.ppi, 0),
      inches: this.say.number(inches, 1),
    });
    this.root.querySelector(".nc-card-result").textContent = told;
    this.slider.setAttribute("aria-valuetext", told);
    if (document.activeElement !== this.diagonal) {
      this.diagonal.value = this.say.number(inches, 1);
    }
  }
}

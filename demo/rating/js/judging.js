// The judging screen: pictures on grey, the answers, the progress. A modal dialog, so that nothing
// else is on the screen or within reach of the keyboard.

import { conditionsNow, troubleNow, watchScreen } from "./screen.js";
import { nextPaint, Stage } from "./stage.js";
import { Trial } from "./trial.js";

const BOUNCE_MS = 250; // two answers so close are one key or button pressed twice
const LATE_MS = 80; // pictures that take longer leave the screen grey meanwhile
const REFUSED_MS = 1500; // how long an answer that was too soon is told
const CHOICE_KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "tie", ArrowDown: "tie", 0: "tie" };
const UNDO_KEYS = ["Backspace", "u", "U"];

export class Judging {
  // `on` has answer(answer), undo(), next() and pause(); `say` gives texts.
  constructor(dialog, say, pictures, on) {
    this.dialog = dialog;
    this.say = say;
    this.pictures = pictures;
    this.on = on;
    this.stage = new Stage(dialog);
    this.trial = null;
    this.feedback = null;
    this.display = null;
    this.progress = { done: 0, total: 1, waiting: 0 };
    this.trouble = null; // text key: answers or pictures do not get through
    this.notice = null; // text key: what the server refused
    this.canUndo = false;
    this.isTooSoon = false; // an answer just now was not taken
    this.answeredAt = -BOUNCE_MS;
    this.find();
    this.listen();
  }

  find() {
    const find = (selector) => this.dialog.querySelector(selector);
    this.question = find(".ns-question");
    this.warning = find(".ns-warning");
    this.live = find(".ns-live");
    this.flickerButton = find("[data-judge=flicker]");
    this.besideButton = find("[data-judge=beside]");
    this.feedbackBox = find(".ns-feedback");
    this.saved = find(".ns-saved");
    this.line = find(".ns-line");
    this.undoButton = find("[data-judge=undo]");
    this.stageBox = find(".ns-stage");
    this.scoreWords = [...this.dialog.querySelectorAll("[data-score] span")];
  }

  listen() {
    this.dialog.addEventListener("click", (event) => this.onClick(event));
    // On the document: a button that was pressed and hidden leaves the focus nowhere.
    document.addEventListener("keydown", (event) => this.isOpen && this.onKey(event));
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.on.pause();
    });
    const lose = () => this.isRunning && (this.trial.focusLost += 1);
    window.addEventListener("blur", lose);
    document.addEventListener("visibilitychange", () => document.hidden && lose());
    watchScreen(() => this.isOpen && this.refresh());
    new ResizeObserver(() => this.isOpen && this.refresh()).observe(this.stageBox);
  }

  get isOpen() {
    return this.dialog.open;
  }

  get isRunning() {
    return this.isOpen && Boolean(this.trial?.isOpen);
  }

  open() {
    if (this.isOpen) return;
    this.dialog.showModal();
    this.stageBox.focus();
  }

  close() {
    if (this.isOpen) this.dialog.close();
    this.trial = null;
    this.feedback = null;
    this.stage.clear();
  }

  // Shows a trial as soon as its pictures are decoded; answers unlock when they are painted.
  async present(given, next) {
    const trial = new Trial(given);
    this.trial = trial;
    this.feedback = null;
    this.refreshWords();
    const isLate = setTimeout(() => this.trial === trial && this.stage.clear(), LATE_MS);
    const bitmaps = await this.pictures.allOf(given);
    clearTimeout(isLate);
    if (this.trial !== trial) return;
    this.stage.show(bitmaps, null, given.magnification);
    this.refreshWords();
    const paintedAt = await nextPaint();
    if (this.trial !== trial) return;
    trial.paint(paintedAt);
    if (this.stage.isInPlaceOnly) trial.flicker(true, false);
    this.refreshWords();
    this.announce(this.question.textContent);
    if (!this.dialog.querySelector(":focus-visible")) this.stageBox.focus();
    this.pictures.allOf(next);
  }

  // What is shown while the next trial is not known yet.
  wait() {
    this.trial = null;
    this.refreshWords();
  }

  // Input

  onClick(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { score, choice, judge } = button.dataset;
    // The second click of a double click is not an answer to the next trial.
    if (event.detail > 1 && !judge && this.isOpen) return this.refuse();
    if (score) this.answer(Number(score));
    if (choice) this.answer(choice);
    if (judge === "undo") this.undo();
    if (judge === "pause") this.on.pause();
    if (judge === "next") this.next();
    if (judge === "flicker") this.flicker();
    if (judge === "beside") this.sideBySide();
    if (event.detail) this.stageBox.focus(); // pressed by a pointer: space is for the pictures
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isOnButton = Boolean(event.target.closest?.("button"));
    const { key } = event;
    const act = (action) => {
      event.preventDefault();
      if (!event.repeat) action();
    };
    if (this.feedback) {
      if ((key === "Enter" || key === " ") && !isOnButton) act(() => this.next());
      return;
    }
    if (UNDO_KEYS.includes(key)) return act(() => this.undo());
    if (!this.trial) return;
    if (this.trial.kind !== "pair") {
      if (/^[1-5]$/.test(key)) act(() => this.answer(Number(key)));
    } else if (key in CHOICE_KEYS) act(() => this.answer(CHOICE_KEYS[key]));
    if (key === " " && !isOnButton) act(() => this.flicker());
    if (key === "Enter" && !isOnButton) act(() => this.sideBySide());
  }

  answer(value) {
    const now = performance.now();
    if (this.feedback) return;
    if (!this.isRunning || now - this.answeredAt < BOUNCE_MS) return this.refuse();
    const { trial } = this;
    const isPair = typeof value === "string";
    if (isPair !== (trial.kind === "pair")) return;
    this.answeredAt = now;
    this.notice = null;
    this.isTooSoon = false;
    this.trial = null;
    this.on.answer(trial, trial.answer(value, conditionsNow(this.stage.clipped, this.display)));
  }

  // An answer before the picture could be seen, or close upon the one before: said, not taken.
  refuse() {
    clearTimeout(this.refusedTimer);
    this.isTooSoon = true;
    this.refreshWords();
    this.announce(this.say("too_soon"));
    this.refusedTimer = setTimeout(() => {
      this.isTooSoon = false;
      this.refreshWords();
    }, REFUSED_MS);
  }

  undo() {
    if (this.canUndo && !this.feedback) this.on.undo();
  }

  next() {
    if (performance.now() - this.answeredAt >= BOUNCE_MS) this.on.next();
  }

  // Shows two pictures in the same place, one after the other.
  flicker() {
    if (!this.isRunning || this.trial.kind === "rating") return;
    const { only } = this.stage;
    this.stage.show(this.stage.bitmaps, only === null ? 0 : 1 - only);
    this.trial.flicker(true, only !== null);
    this.refreshWords();
    this.announce(this.describePictures());
  }

  sideBySide() {
    if (!this.isRunning || this.stage.only === null || this.stage.isInPlaceOnly) return;
    this.stage.show(this.stage.bitmaps);
    this.trial.flicker(false, false);
    this.refreshWords();
  }

  // In practice only: whether the answer fits.
  showFeedback(trial, isRight) {
    this.trial = trial;
    this.feedback = isRight ? "feedback_right" : "feedback_wrong";
    this.refreshWords();
    if (!this.dialog.querySelector(":focus-visible")) this.stageBox.focus();
  }

  announce(text) {
    this.live.textContent = text;
  }

  // Drawing

  refresh() {
    this.stage.draw();
    this.refreshWords();
  }

  refreshWords() {
    const { say, trial } = this;
    const kind = trial ? trial.kind : this.kind;
    this.kind = kind;
    const isLocked = !this.isRunning || Boolean(this.feedback);
    this.dialog.dataset.kind = kind || "";
    this.dialog.dataset.locked = isLocked;
    this.dialog.setAttribute("aria-label", say("judging"));
    for (const button of this.dialog.querySelectorAll("[data-score], [data-choice]")) {
      button.setAttribute("aria-disabled", isLocked);
    }
    for (const word of this.scoreWords) word.textContent = say(`${this.scale}_${word.parentElement.dataset.score}`);
    if (kind === "degradation") this.stage.name(say("original"), say("version"));
    else this.stage.name("A", "B");
    this.showQuestion();
    this.showFlicker();
    this.feedbackBox.hidden = !this.feedback;
    this.feedbackBox.querySelector("p").textContent = this.feedback ? say(this.feedback) : "";
    this.dialog.dataset.feedback = Boolean(this.feedback);
    this.stage.canvas.setAttribute("aria-label", this.describePictures());
    const trouble = this.isOpen && (this.notice || troubleNow(this.stage.clipped, this.display));
    this.warning.hidden = !trouble;
    if (trouble && this.warning.dataset.trouble !== trouble + say.language) {
      this.warning.textContent = say(trouble);
    }
    this.warning.dataset.trouble = trouble ? trouble + say.language : "";
    this.showProgress();
  }

  showQuestion() {
    const { say, trial } = this;
    const wanted = trial?.instructed;
    this.question.classList.toggle("ns-instructed", this.isTooSoon || Boolean(wanted));
    if (this.isTooSoon) this.question.textContent = say("too_soon");
    else if (wanted) this.question.textContent = say("instructed", { answer: this.wordsOf(wanted) });
    else if (this.kind) this.question.textContent = say(`question_${this.kind}`);
  }

  // The words of the scores of this kind of trial.
  get scale() {
    return this.kind === "degradation" ? "impairment" : "score";
  }

  wordsOf(answer) {
    const score = Number(answer);
    return score ? `${score} (${this.say(`${this.scale}_${score}`)})` : this.say(`choice_${answer}`);
  }

  showFlicker() {
    const hasTwo = this.kind !== "rating";
    const isInPlace = this.stage.only !== null;
    this.flickerButton.hidden = !hasTwo;
    this.flickerButton.setAttribute("aria-pressed", isInPlace);
    const key = isInPlace ? "flicker_on" : "flicker_off";
    this.flickerButton.firstElementChild.textContent = this.sayOfTwo(key);
    this.besideButton.hidden = !hasTwo || !isInPlace || this.stage.isInPlaceOnly;
  }

  describePictures() {
    const { only, bitmaps } = this.stage;
    if (!bitmaps.length) return this.say("picture_loading");
    if (bitmaps.length === 1) return this.say("picture_one");
    if (only === null) return this.sayOfTwo("picture_two");
    return this.sayOfTwo(only === 0 ? "shown_left" : "shown_right");
  }

  // Two versions are A and B; beside the original there is one.
  sayOfTwo(key) {
    const own = this.kind === "degradation" && key !== "flicker_off";
    return this.say(own ? `${key}_degradation` : key);
  }

  showProgress() {
    const { say } = this;
    const { done, total, waiting } = this.progress;
    const at = Math.min(total, done + waiting);
    this.line.setAttribute("aria-valuemax", total);
    this.line.setAttribute("aria-valuenow", at);
    this.line.firstChild.style.width = `${(100 * at) / total}%`;
    this.dialog.querySelector(".ns-count").textContent = `${at} / ${total}`;
    const key = this.trouble || (waiting > 1 ? "saving" : "saved");
    const told = say(key, { count: done });
    if (this.trouble && this.saved.textContent !== told) this.announce(told);
    this.saved.textContent = told;
    this.saved.classList.toggle("ns-trouble", Boolean(this.trouble));
    this.undoButton.setAttribute("aria-disabled", !this.canUndo || Boolean(this.feedback));
  }
}

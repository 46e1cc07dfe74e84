// The judging screen: pictures on grey, the answers, the progress. A modal dialog, so that nothing
// else is on the screen or within reach of the keyboard.

import { conditionsNow, troubleNow, watchScreen } from "./screen.js";
import { nextPaint, Stage } from "./stage.js";
import { Trial } from "./trial.js";

const BOUNCE_MS = 250; // two answers so close are one key or button pressed twice
const LATE_MS = 80; // pictures that take longer leave the screen grey meanwhile
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
    // The second click of a double click is not an answer to the next trial.
    if (!button || (event.detail > 1 && !button.dataset.judge)) return;
    const { score, choice, judge } = button.dataset;
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
    if (this.trial.kind === "rating") {
      if (/^[1-5]$/.test(key)) act(() => this.answer(Number(key)));
      return;
    }
    if (key in CHOICE_KEYS) act(() => this.answer(CHOICE_KEYS[key]));
    if (key === " " && !isOnButton) act(() => this.flicker());
    if (key === "Enter" && !isOnButton) act(() => this.sideBySide());
  }

  answer(value) {
    const now = performance.now();
    if (!this.isRunning || this.feedback || now - this.answeredAt < BOUNCE_MS) return;
    const { trial } = this;
    const isPair = typeof value === "string";
    if (isPair !== (trial.kind === "pair")) return;
    this.answeredAt = now;
    this.notice = null;
    this.trial = null;
    this.on.answer(trial, trial.answer(value, conditionsNow(this.stage.clipped, this.display)));
  }

  undo() {
    if (this.canUndo && !this.feedback) this.on.undo();
  }

  next() {
    if (performance.now() - this.answeredAt >= BOUNCE_MS) this.on.next();
  }

  // Shows the pictures of a pair in the same place, one after the other.
  flicker() {
    if (!this.isRunning || this.trial.kind !== "pair") return;
    const { only } = this.stage;
    this.stage.show(this.stage.bitmaps, only === null ? 0 : 1 - only);
    this.trial.flicker(true, only !== null);
    this.refreshWords();
    this.announce(this.say(this.stage.only === 0 ? "shown_left" : "shown_right"));
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
    if (!trial) return;
    const key = trial.kind === "rating" ? "question_rating" : "question_pair";
    const wanted = trial.instructed;
    this.question.textContent = wanted
      ? say("instructed", { answer: say(`answer_${wanted}`) })
      : say(key);
    this.question.classList.toggle("ns-instructed", Boolean(wanted));
  }

  showFlicker() {
    const isPair = this.kind === "pair";
    const isInPlace = this.stage.only !== null;
    this.flickerButton.hidden = !isPair;
    this.flickerButton.setAttribute("aria-pressed", isInPlace);
    const key = isInPlace ? "flicker_on" : "flicker_off";
    this.flickerButton.firstElementChild.textContent = this.say(key);
    this.besideButton.hidden = !isPair || !isInPlace || this.stage.isInPlaceOnly;
  }

  describePictures() {
    const { only, bitmaps } = this.stage;
    if (!bitmaps.length) return this.say("picture_loading");
    if (bitmaps.length === 1) return this.say("picture_one");
    if (only === null) return this.say("picture_two");
    return this.say(only === 0 ? "shown_left" : "shown_right");
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

// The rater's way: which screen is shown, and what the server says is next.

import { Calibration } from "../../web/calibration/js/calibration.js";
import { languageNow, makeSay } from "../../web/js/words.js";
import { Judging } from "./judging.js";
import { kept } from "./kept.js";
import { Pictures } from "./pictures.js";
import { watchScreen } from "./screen.js";
import { Outbox, randomHex, Refusal, Transport } from "./transport.js";
import { SurveyWording } from "./wording.js";

const POLL_MS = 1500;

class SurveyPage extends SurveyWording {
  constructor(root, texts) {
    super();
    this.root = root;
    this.texts = texts;
    this.language = languageNow();
    this.status = null;
    this.state = null;
    this.code = null;
    this.begun = false;
    this.isAgain = false; // a session that was interrupted goes on
    this.startNote = ""; // a text key: what keeps somebody from beginning
    this.say = makeSay(texts, () => this.language);
    this.transport = new Transport((trouble) => this.showTrouble(trouble));
    this.outbox = new Outbox(this.transport, {
      onSaved: (answer, reply) => this.onSaved(reply),
      onRefused: (refusal) => this.onRefused(refusal, "answer"),
    });
    this.calibration = new Calibration(root.querySelector(".nc"), this.say, (display) =>
      this.send("display", display),
    );
    this.judging = new Judging(
      root.querySelector(".ns-judge"), this.say, new Pictures(this.transport), {
        answer: (trial, answer) => this.onAnswer(trial, answer),
        undo: () => this.undo(),
        next: () => this.enter(this.state),
        pause: () => this.pause(),
      },
    );
    kept.takeFromAddress();
    this.listen();
    this.retell();
  }

  listen() {
    this.root.addEventListener("click", (event) => {
      const go = event.target.closest("[data-go]");
      if (go) this.go(go.dataset.go);
    });
    this.root.addEventListener("change", () => this.refreshStart());
    this.root.querySelector("[data-form=withdraw]").addEventListener("submit", (event) => {
      event.preventDefault();
      const code = this.find("[name=code]").value.trim();
      if (code) this.withdraw(code);
      else this.find("[name=code]").focus();
    });
    new MutationObserver(() => this.retell()).observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["lang"],
    });
    watchScreen(() => this.retell());
    // The tab costs nothing until somebody looks at it.
    const observer = new ResizeObserver(() => {
      if (this.begun || !this.root.offsetParent) return;
      this.begun = true;
      this.begin();
    });
    observer.observe(this.root);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  show(screen) {
    const phase = this.state?.phase; // the same screen says other things in another phase
    const isNew = this.screen !== screen || this.shownPhase !== phase;
    this.screen = screen;
    this.shownPhase = phase;
    this.root.dataset.at = screen;
    for (const page of this.root.querySelectorAll("[data-screen]")) {
      page.hidden = page.dataset.screen !== screen;
    }
    for (const note of this.root.querySelectorAll(".ns-page .ns-note")) note.textContent = "";
    this.fill();
    clearInterval(this.restTimer);
    if (!isNew || !this.hasActed) return;
    const page = this.find(`[data-screen=${screen}]`);
    page.querySelector("h2")?.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }

  // Beginning

  async begin() {
    clearTimeout(this.poll);
    if (!this.status) this.show("loading");
    this.status = await this.transport.insist("status");
    const { state } = this.status;
    if (state === "broken") return this.show("broken");
    if (state === "preparing") {
      this.show("preparing");
      this.poll = setTimeout(() => this.begin(), POLL_MS);
      return;
    }
    this.transport.token = kept.token;
    if (this.transport.token) return this.continue();
    const isUninvited = this.status.by_invitation && !kept.came.invitation;
    this.startNote ||= isUninvited ? "survey_invitation_needed" : "";
    this.show(state === "closed" ? "closed" : "welcome");
  }

  // A session that began earlier.
  async continue() {
    this.isAgain = true;
    await this.outbox.sendLeftOver();
    await this.send("state", {});
    const { invitation } = kept.came;
    if (!invitation || !this.state) return;
    if (invitation === kept.invitation) kept.keepCame(null); // the same person comes back
    else await this.askWho();
  }

  // Somebody comes by an invitation, and the session here began with another one.
  async askWho() {
    if (this.state.phase === "end") return this.another();
    if (!this.hasAskedWho) this.show("leave");
    this.hasAskedWho = true;
  }

  refreshStart() {
    const isReady = ["adult", "agree"].every((name) => this.find(`[name=${name}]`).checked);
    this.find("[data-go=start]").disabled = !isReady;
  }

  async start() {
    this.find("[data-go=start]").disabled = true;
    this.noteStart("loading");
    // The same until it is answered: one session, not two.
    this.request ||= kept.requestFor(kept.came.invitation, randomHex(16));
    try {
      const reply = await this.transport.call("start", {
        request: this.request,
        language: this.language,
        consent_version: this.status.consent_version,
        adult: this.find("[name=adult]").checked,
        ...kept.came,
      });
      this.request = null;
      this.noteStart("");
      this.transport.token = reply.token;
      kept.token = reply.token;
      kept.keepCame(null);
      this.state = reply.state;
      this.code = reply.code;
      this.find(".ns-code output").textContent = reply.code;
      const text = this.say("code_file", { code: reply.code, address: location.origin });
      this.find("[data-go=save]").href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
      this.show("code");
    } catch (error) {
      this.noteStart(error instanceof Refusal ? error.key : "offline");
      this.refreshStart();
    }
  }

  noteStart(key) {
    this.startNote = key;
    this.find("#ns-start-note").textContent = key ? this.say(key) : "";
  }

  // What the page's buttons do

  go(action) {
    this.hasActed = true;
    const actions = {
      retry: () => this.begin(),
      start: () => this.start(),
      withdraw: () => this.askToErase(),
      copy: () => this.copyCode(),
      save: () => {},
      noted: () => this.enter(this.state),
      begin: () => this.judge(),
      measure: () => this.measure(),
      resume: () => this.resume(),
      finish: () => this.finish(),
      leave: () => this.show("leave"),
      erase: () => this.withdraw(""),
      another: () => this.another(),
    };
    return actions[action]?.();
  }

  async copyCode() {
    try {
      await navigator.clipboard.writeText(this.code);
      this.find(".ns-copied").textContent = this.say("code_copied");
    } catch {
      getSelection().selectAllChildren(this.find(".ns-code output"));
      this.find(".ns-copied").textContent = this.say("code_select");
    }
  }

  // Whoever has the session of this browser needs no code for it.
  askToErase() {
    this.find(".ns-erase").hidden = !this.transport.token;
    this.show("withdraw");
  }

  async withdraw(code) {
    const note = this.find("[data-screen=withdraw] .ns-note");
    try {
      const { withdrawn } = await this.transport.call("withdraw", { code });
      if (await this.isErased()) this.forget();
      this.find("[name=code]").value = "";
      this.find(".ns-erase").hidden = !this.transport.token;
      note.textContent = this.say(withdrawn ? "withdraw_done" : "withdraw_begun");
    } catch (error) {
      note.textContent = this.say(error instanceof Refusal ? error.key : "offline");
    }
  }

  // Was it this browser's own session? On a shared device the code may be somebody else's.
  async isErased() {
    const asked = await this.transport.call("state", {}).catch((error) => error);
    return asked instanceof Refusal && asked.status === 401;
  }

  // The break is over: within a part the pictures go on where they were.
  async resume() {
    await this.send("resume", {});
    if (this.state.phase === this.block && this.screen === "ready") this.judge();
  }

  finish() {
    this.find("[data-screen=comment] .ns-note").textContent = this.say("saving");
    return this.send("finish", {
      comment: this.find("[name=comment]").value,
      vision: this.find("[name=vision]").value,
    });
  }

  // A shared device: the next person begins anew.
  async another() {
    await this.outbox.idle(); // the answers on their way belong to the one who leaves
    this.forget();
    return this.begin();
  }

  // Nothing of a person stays on the page for the next one.
  forget() {
    for (const box of this.root.querySelectorAll("[type=checkbox]")) box.checked = false;
    for (const name of ["comment", "vision"]) this.find(`[name=${name}]`).value = "";
    kept.token = null;
    this.transport.token = null;
    this.state = null;
    this.code = null;
    this.find(".ns-code output").textContent = "";
  }

  // The server's state

  // A request that answers with the state, sent until it is answered.
  async send(name, body) {
    try {
      this.enter(await this.transport.insist(name, body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await this.onRefused(error, name);
    }
  }

  // Goes where the session is.
  enter(state) {
    this.state = state;
    this.takeProgress(state);
    const { phase } = state;
    this.judging.display = state.display;
    this.judging.pictures.allOf(state.trial ?? state.next);
    if (["practice", "rating", "pair"].includes(phase)) {
      if (this.judging.isOpen && this.block === phase) return this.present();
      this.judging.close();
      return this.show("ready");
    }
    this.judging.close();
    if (phase === "display") this.calibration.begin();
    this.show(phase);
    if (phase === "break") this.startRest();
  }

  // The screen or its zoom has changed.
  measure() {
    this.calibration.begin(true);
    this.show("display");
  }

  judge() {
    this.block = this.state.phase;
    this.isAgain = false;
    this.judging.open();
    this.present();
  }

  pause() {
    this.isAgain = true;
    this.judging.close();
    this.show("ready");
  }

  takeProgress(state) {
    this.judging.canUndo = state.can_undo;
    this.judging.progress = { ...state.progress, waiting: this.outbox.size };
  }

  // Trials that are open and not answered here: the one to show now, and the one to load.
  upcoming() {
    const { trial, next } = this.state;
    return [trial, next].filter((one) => one && !this.outbox.has(one.id));
  }

  present() {
    const [trial, next] = this.upcoming();
    if (!trial || trial.block !== this.block) return this.judging.wait();
    this.judging.present(trial, next);
  }

  onAnswer(trial, answer) {
    this.outbox.add(answer);
    this.answered = trial;
    this.takeProgress(this.state);
    this.judging.canUndo = false;
    // The next trial is known: it need not wait for the acknowledgement. Practice waits for it.
    if (this.block === "practice") this.judging.wait();
    else this.present();
  }

  onSaved(reply) {
    const { state, feedback } = reply;
    this.state = state;
    this.takeProgress(state);
    if (!this.judging.isOpen) {
      if (!this.outbox.size) this.enter(state);
      return;
    }
    if (feedback) return this.judging.showFeedback(this.answered, feedback === "right");
    const [trial, next] = this.upcoming();
    if (this.judging.trial && trial && this.judging.trial.id === trial.id) {
      this.judging.pictures.allOf(next);
      this.judging.refreshWords();
    } else if (!this.outbox.size) {
      this.enter(state);
    } else {
      this.present();
    }
  }

  async undo() {
    this.judging.canUndo = false;
    await this.outbox.idle();
    await this.send("undo", {});
  }

  // The server said no, and will say it again: go on from where it says the session is.
  async onRefused(refusal, name) {
    if (refusal.status === 401) {
      this.forget();
      this.judging.close();
      await this.begin();
      this.noteStart(refusal.key);
      return;
    }
    if (name !== "undo") this.judging.notice = refusal.key; // an undo repeated after a lost reply
    if (refusal.state) return this.enter(refusal.state);
    if (name === "answer" || name === "undo") return this.send("state", {});
    this.tell(refusal.key);
  }

  // A line on the present screen.
  tell(key) {
    const note = this.find(`[data-screen=${this.screen}] .ns-note`);
    if (note) note.textContent = this.say(key);
  }

  showTrouble(trouble) {
    this.judging.trouble = trouble;
    this.judging.refreshWords();
    if (trouble) this.tell(trouble);
  }

  // The break

  startRest() {
    this.restSince = performance.now();
    this.showRest();
    this.restTimer = setInterval(() => this.showRest(), 1000);
  }

  showRest() {
    const seconds = Math.floor((performance.now() - (this.restSince ?? performance.now())) / 1000);
    this.find(".ns-rest").textContent = this.say("break_rest", { seconds });
  }
}

// What runs when the component is loaded; what it is given is Gradio's.
export const start = ({ element, props }) =>
  new SurveyPage(element.querySelector(".ns"), props.text);

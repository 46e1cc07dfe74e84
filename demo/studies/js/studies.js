// The owner's studies: which there are, what each can be told to do, and the one that is being made.

import { create, setText } from "../../web/js/elements.js";
import { fillIn, languageNow } from "../../web/js/words.js";
import { freeName } from "./files.js";
import { StudyForm } from "./form.js";

const LOOK_MS = 700; // between two looks at what is being made
const ACTIONS = {
  prepared: ["open", "pictures", "copy", "archive"],
  open: ["close", "results", "copy"],
  closed: ["open", "results", "copy", "archive"],
  archived: ["take_out", "results", "copy"],
  broken: [],
};

class StudiesPage {
  constructor(root, texts, upload) {
    this.root = root;
    this.texts = texts;
    this.upload = upload;
    this.status = null;
    this.language = languageNow();
    this.form = new StudyForm(this);
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-go]");
      if (button && button.type !== "submit") this.go(button);
    });
    document.addEventListener("nitidez-owner", ({ detail }) => this.signed(detail.isOwner));
    new MutationObserver(() => this.retell()).observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["lang"],
    });
    this.retell();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  say(key, values = {}) {
    const words = this.texts[this.language];
    return fillIn(words[key] ?? words.survey_error, values);
  }

  retell() {
    this.language = languageNow();
    this.root.lang = this.language;
    this.root.setAttribute("aria-label", this.say("title"));
    this.find(".nst-progress").setAttribute("aria-label", this.say("prepare"));
    for (const node of this.root.querySelectorAll("[data-text]")) {
      setText(node, this.say(node.dataset.text, { most: this.status?.most_methods ?? 12 }));
    }
    this.show();
  }

  // Talking to the server

  async call(name, body) {
    let token = "";
    try {
      token = sessionStorage.getItem("nitidez-owner") || "";
    } catch {
      // Without storage the owner is not known here.
    }
    const options = { headers: { "X-Owner-Token": token }, cache: "no-store" };
    if (body !== undefined) {
      options.method = "POST";
      options.body = JSON.stringify(body);
      options.headers["Content-Type"] = "application/json";
    }
    const reply = await fetch(new URL(`studies/${name}`, document.baseURI), options).catch(() => null);
    const told = await reply?.json().catch(() => null);
    if (reply?.ok) return told;
    const known = told?.error ?? { key: reply ? "survey_error" : "offline", detail: "" };
    throw Object.assign(new Error(known.detail), known);
  }

  // An error in words, a line each.
  because({ key, message, detail, problems = [] }) {
    const head = this.say(this.texts[this.language][key] ? key : "survey_error", { detail: detail ?? message, name: message });
    return [head, ...problems.map(({ kind, values }) => this.say(`problem_${kind}`, { ...values, why: values.why?.[this.language] }))];
  }

  async signed(isOwner) {
    this.root.hidden = !isOwner;
    if (!isOwner) {
      this.status = null;
      this.form.clear();
      this.find(".nst-form").hidden = true;
      return;
    }
    await this.look();
  }

  async look() {
    try {
      this.take(await this.call("list"));
    } catch (error) {
      this.note(this.because(error).join(" "));
      this.lookLater(); // the server may be back by then
    }
  }

  lookLater() {
    clearTimeout(this.timer);
    if (this.status?.making?.state === "making") this.timer = setTimeout(() => this.look(), LOOK_MS);
  }

  take(status) {
    const before = this.status?.making;
    this.status = status;
    const { making } = status;
    if (before?.state === "making" && making && making.state !== "making") {
      this.note([this.say(making.state, { name: making.name }), ...(making.error ? this.because(making.error) : [])].join("\n"));
    }
    this.show();
    this.lookLater();
  }

  get names() {
    return (this.status?.studies ?? []).map(({ name }) => name);
  }

  note(text) {
    setText(this.find(".nst-note"), text);
  }

  // What is on the screen

  show() {
    if (!this.status) return;
    const { studies, making, is_fixed: isFixed } = this.status;
    this.find(".nst-fixed").hidden = !isFixed;
    this.showMaking(making);
    const rows = [studies, this.language, this.isArchiveOpen];
    if (JSON.stringify(rows) === this.shown) return; // what has the focus keeps it
    this.shown = JSON.stringify(rows);
    const focused = document.activeElement?.dataset ?? {};
    const current = studies.filter(({ state }) => state !== "archived");
    const archived = studies.filter(({ state }) => state === "archived");
    const items = current.map((study) => this.row(study));
    if (archived.length) {
      const item = create("li", "");
      const details = create("details", "");
      details.open = this.isArchiveOpen;
      details.addEventListener("toggle", () => (this.isArchiveOpen = details.open));
      const summary = create("summary", "");
      setText(summary, this.say("archive_shown", { count: archived.length }));
      const list = create("ul", "nst-list");
      list.append(...archived.map((study) => this.row(study)));
      details.append(summary, list);
      item.append(details);
      items.push(item);
    }
    this.find(".nst-list").replaceChildren(...items);
    if (focused.go && focused.name) this.find(`[data-go="${focused.go}"][data-name="${focused.name}"]`)?.focus();
    if (!this.find(".nst-form").hidden) this.form.show();
  }

  row(study) {
    const { name, state, photographs, methods, raters, problem } = study;
    const item = create("li", `is-${state}${study.is_served ? " is-served" : ""}`);
    const head = create("div", "nst-head");
    const title = create("strong", "");
    setText(title, name);
    const badge = create("span", "nst-state");
    setText(badge, this.say(`state_${state}`));
    const facts = create("span", "nst-soft");
    setText(facts, problem || this.say("facts", { photographs, methods: methods.length, raters }));
    head.append(title, badge, facts);
    const actions = create("div", "nst-actions");
    for (const action of ACTIONS[state]) {
      const button = create("button", "quiet", { type: "button", "data-go": action, "data-name": name });
      setText(button, this.say(action));
      button.setAttribute("aria-label", this.say("action_of", { action: this.say(action), name }));
      actions.append(button);
    }
    const compared = create("p", "nst-soft");
    setText(compared, methods.map((method) => study.labels[method][this.language]).join(", "));
    item.append(head, compared, actions);
    return item;
  }

  showMaking(making) {
    const isMaking = making?.state === "making";
    this.find(".nst-making").hidden = !isMaking;
    this.find(".nst-new").disabled = isMaking;
    if (!isMaking) return;
    const percent = Math.round(100 * making.share);
    setText(this.find(".nst-making-text"), this.say("making", { name: making.name, percent }));
    this.find(".nst-progress").value = making.share;
  }

  // What the owner does

  async prepare(body) {
    this.note("");
    this.take(await this.call("prepare", body));
    this.find(".nst-making").scrollIntoView({ block: "nearest" });
  }

  async change(body, said) {
    this.take(await this.call("change", body));
    this.note(said ?? "");
    this.choose("");
  }

  choose(study) {
    document.dispatchEvent(new CustomEvent("nitidez-study", { detail: { study } }));
  }

  async open(name) {
    const said = this.say("opened", { name });
    try {
      await this.change({ open: name, confirmed: false }, said);
    } catch (error) {
      if (error.key !== "results_rating") throw error;
      if (!confirm(this.say("results_rating"))) return;
      await this.change({ open: name, confirmed: true }, said);
    }
  }

  async go(button) {
    const { go, name } = button.dataset;
    const form = this.find(".nst-form");
    const show = () => this.choose(name);
    const actions = {
      new: () => {
        form.hidden = false;
        this.form.show();
        this.find("[name=name]").focus();
      },
      "close-form": () => {
        form.hidden = true;
        this.form.clear();
        this.find(".nst-new").focus();
      },
      "remove-folder": () => this.form.removeFolder(Number(button.dataset.index)),
      prepare: () => this.form.prepare(),
      cancel: async () => this.take(await this.call("cancel", {})),
      open: () => this.open(name),
      close: () => this.change({ close: name }, this.say("closed", { name })),
      archive: () => this.change({ archive: name }, this.say("archived", { name })),
      take_out: () => this.change({ take_out: name }),
      copy: () => {
        const made = freeName(`${name}-2`, this.names);
        return this.change({ copy: name, as: made }, this.say("copied", { name: made }));
      },
      results: show,
      pictures: show,
    };
    button.disabled = true;
    try {
      await actions[go]?.();
    } catch (error) {
      this.note(this.because(error).join(" "));
    } finally {
      button.disabled = false;
    }
  }
}

// What runs when the component is loaded; what it is given is Gradio's.
export const start = ({ element, props, upload }) => new StudiesPage(element.querySelector(".nst"), props.text, upload);

// The results while they come in; for the owner also what only the owner may do.

import { fillIn, languageNow, numberIn, numberTyped } from "../../web/js/words.js";
import { Viewer } from "../../web/viewer/js/viewer.js";

const LOOK_MS = 15000;

class ResultsPage {
  constructor(root, texts, viewerTexts) {
    this.root = root;
    this.texts = texts;
    this.status = null;
    this.shown = null;
    this.language = languageNow();
    this.viewer = null;
    this.viewerTexts = viewerTexts;
    this.openImage = null;
    this.study = ""; // another than raters get, chosen by the owner
    this.wasOwner = null;
    this.begun = false;
    this.fetching = null;
    root.addEventListener("click", (event) => {
      const go = event.target.closest("[data-go]");
      if (go) this.go(go.dataset.go);
      const picture = event.target.closest("[data-image]");
      if (picture) this.open(picture.dataset.image);
    });
    this.find("[data-form=sign-in]").addEventListener("submit", (event) => {
      event.preventDefault();
      this.signIn(this.find("[name=password]").value);
    });
    this.find("[data-form=margins]").addEventListener("submit", (event) => {
      event.preventDefault();
      this.go("margins");
    });
    this.find("[name=simulated]").addEventListener("change", () => this.look(true));
    new MutationObserver(() => this.retell()).observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["lang"],
    });
    document.addEventListener("nitidez-study", ({ detail }) => {
      this.study = detail.study;
      this.shown = null;
      this.openImage = null;
      this.find(".nr-viewer").hidden = true;
      if (this.begun) this.look(true);
    });
    // The tab costs nothing until somebody looks at it.
    new ResizeObserver(() => {
      if (this.begun || !root.offsetParent) return;
      this.begun = true;
      this.begin();
    }).observe(root);
    this.retell();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // Words

  say(key, values = {}) {
    const phrase = this.texts[this.language][key] ?? this.texts[this.language].survey_error;
    return fillIn(phrase, values);
  }

  retell() {
    const before = this.language;
    this.language = languageNow();
    this.root.lang = this.language;
    this.root.setAttribute("aria-label", this.say("results"));
    for (const node of this.root.querySelectorAll(":scope [data-text]")) {
      if (!node.closest(".nv")) node.textContent = this.say(node.dataset.text);
    }
    this.refresh();
    if (before !== this.language && this.begun) this.look(true);
  }

  // Talking to the server

  get token() {
    try {
      return sessionStorage.getItem("nitidez-owner") || "";
    } catch {
      return "";
    }
  }

  set token(value) {
    try {
      if (value) sessionStorage.setItem("nitidez-owner", value);
      else sessionStorage.removeItem("nitidez-owner");
    } catch {
      // Without storage the owner signs in again after a reload.
    }
  }

  async call(name, body) {
    const options = { headers: { "X-Owner-Token": this.token }, cache: "no-store" };
    if (body !== undefined) {
      options.method = "POST";
      options.body = JSON.stringify(body);
      options.headers["Content-Type"] = "application/json";
    }
    const reply = await fetch(new URL(`results/${name}`, document.baseURI), options);
    if (reply.ok) return reply;
    const told = await reply.json().catch(() => null);
    const error = new Error(told?.error?.detail || `HTTP ${reply.status}`);
    error.key = told?.error?.key || "survey_error";
    throw error;
  }

  async begin() {
    await this.look();
    if (!this.token && this.status?.has_names) await this.signIn("", true);
    setInterval(() => {
      if (this.root.offsetParent && !document.hidden) this.look();
    }, LOOK_MS);
  }

  async look(isForced = false) {
    try {
      this.status = await (await this.call(`status?${new URLSearchParams({ study: this.study })}`)).json();
      const { can_see: canSee, problem, state, stamp } = this.status;
      const key = problem || (state === "preparing" ? "survey_not_ready" : null);
      if (!canSee) this.shown = null;
      else if (!key && (isForced || this.shown?.stamp !== stamp)) await this.load();
      this.trouble = canSee && key ? this.say(key) : null;
    } catch (error) {
      this.trouble = error.key ? this.say(error.key) : this.say("offline");
    }
    this.refresh();
  }

  async load() {
    const simulated = this.find("[name=simulated]").checked;
    const asked = new URLSearchParams({ language: this.language, simulated, study: this.study });
    const isFirst = this.shown === null;
    if (isFirst) this.page("loading");
    const turn = (this.turn = (this.turn || 0) + 1);
    const shown = await (await this.call(`shown?${asked}`)).json();
    if (turn !== this.turn) return; // asked otherwise meanwhile
    this.shown = shown;
    this.find(".nr-report").innerHTML = this.shown.html; // made by the server of its own words and numbers
    this.shownAt = new Date();
    this.makePictures();
    if (this.openImage) this.open(this.openImage);
  }

  // What is on the screen

  page(name) {
    for (const node of this.root.querySelectorAll("[data-page]")) {
      node.hidden = node.dataset.page !== name;
    }
  }

  refresh() {
    const { status } = this;
    const isTrouble = Boolean(this.trouble && !this.shown);
    this.find(".nr-trouble").textContent = this.trouble ?? "";
    if (isTrouble) this.page("trouble");
    if (!status) return;
    if (!isTrouble) this.page(status.can_see && this.shown ? "results" : status.can_see ? "loading" : "closed");
    this.find(".nr-owner").hidden = !status.is_owner; // in trouble, too: the owner makes and opens other studies
    this.find(".nr-of-study").hidden = isTrouble;
    if (this.wasOwner !== status.is_owner) {
      this.wasOwner = status.is_owner;
      document.dispatchEvent(new CustomEvent("nitidez-owner", { detail: { isOwner: status.is_owner } }));
    }
    this.find(".nr-sign-in").hidden = status.is_owner;
    this.find("[data-form=sign-in]").hidden = !status.has_password;
    this.find(".nr-hub").hidden = !status.has_names;
    this.find(".nr-no-way").hidden = status.has_password || status.has_names;
    for (const node of this.root.querySelectorAll(".nr-count")) {
      const key = ["count_none", "count_one"][status.raters] ?? "count";
      node.textContent = this.say(key, { raters: status.raters });
    }
    if (status.is_owner) {
      this.find("[data-go=toggle-results]").textContent = this.say(
        status.results_open ? "results_close" : "results_open",
      );
      this.find("[data-go=toggle-study]").textContent = this.say(
        status.state === "open" ? "study_close" : "study_open",
      );
      this.find(".nr-study").textContent = this.say("study", { study: status.study });
      for (const [name, value] of Object.entries(status.margins ?? {})) {
        const field = this.find(`[name=${name}]`);
        const told = numberIn(this.language, value, 6);
        if (field.dataset.told === told) continue; // what is being typed stays
        field.value = field.dataset.told = told;
      }
      this.find(".nr-backup").textContent = this.backupText(status.backup);
      this.find(".nr-told").textContent = status.told.join("\n");
    }
    if (this.shownAt) {
      const time = this.shownAt.toLocaleTimeString(this.language);
      const text = this.say("updated", { time });
      this.find(".nr-updated").textContent = this.trouble ? `${text} ${this.trouble}` : text;
    }
  }

  backupText(backup) {
    if (!backup) return this.say("backup_none");
    if (backup.problem) return this.say("backup_problem", { place: backup.place, problem: backup.problem });
    if (!backup.at) return this.say("backup_not_yet", { place: backup.place });
    const minutes = Math.max(0, Math.round((Date.now() - new Date(backup.at)) / 60000));
    return this.say("backup_at", { place: backup.place, minutes });
  }

  makePictures() {
    const images = this.shown.images.map(({ id, name, versions }) => [id, name, versions.at(-1).url]);
    if (JSON.stringify(images) === this.madePictures) return; // what has the focus keeps it
    this.madePictures = JSON.stringify(images);
    const buttons = this.shown.images.map((image) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.image = image.id;
      button.setAttribute("aria-pressed", image.id === this.openImage);
      const picture = document.createElement("img");
      picture.alt = "";
      picture.loading = "lazy";
      picture.width = this.shown.width;
      picture.height = this.shown.height;
      picture.src = new URL(image.versions.at(-1).url, document.baseURI);
      const name = document.createElement("span");
      name.textContent = image.name;
      button.append(picture, name);
      return button;
    });
    this.find(".nr-pictures").replaceChildren(...buttons);
  }

  open(id) {
    const image = this.shown.images.find((each) => each.id === id);
    if (!image) return;
    const isNew = this.openImage !== id;
    this.openImage = id;
    for (const button of this.root.querySelectorAll("[data-image]")) {
      button.setAttribute("aria-pressed", button.dataset.image === id);
    }
    const box = this.find(".nr-viewer");
    box.hidden = false;
    const value = {
      language: this.language,
      set: id,
      panes: image.versions.map((version) => ({
        key: version.id,
        state: "ready",
        label: version.label,
        caption: version.caption,
        width: this.shown.width,
        height: this.shown.height,
        url: new URL(version.url, document.baseURI).href,
      })),
      pair: image.versions.slice(2, 4).map((version) => version.id),
      message: null,
    };
    if (this.viewer) this.viewer.receive(value);
    else this.viewer = new Viewer(box, { text: this.viewerTexts, value }, () => {});
    if (isNew) box.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  // The owner

  async go(action) {
    const { status } = this;
    const note = this.find(".nr-note");
    const actions = {
      retry: () => this.look(true),
      "sign-out": () => {
        this.token = "";
        this.study = "";
        this.shown = null;
        return this.look(true);
      },
      "toggle-results": () => this.change({ results_open: !status.results_open }),
      "toggle-study": () => this.change({ study_open: status.state !== "open" }),
      margins: async () => {
        const [margin, percent] = ["margin", "percent"].map((name) => numberTyped(this.find(`[name=${name}]`).value) || 0);
        await this.change({ margin, percent }); // 0, of what is no number, is refused in words
        await this.look(true);
      },
      "export-public": () => this.export(true),
      "export-full": () => this.export(false),
    };
    if (!actions[action]) return;
    const buttons = this.root.querySelectorAll(".nr-owner button");
    for (const button of buttons) button.disabled = true;
    note.textContent = action.startsWith("export") ? this.say("export_wait") : "";
    try {
      await actions[action]();
      note.textContent = "";
    } catch (error) {
      note.textContent = error.key ? this.say(error.key) : this.say("offline");
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }

  async change(changes) {
    const body = { ...changes, study: this.study };
    let reply;
    try {
      reply = await this.call("change", body);
    } catch (error) {
      if (error.key !== "results_rating") throw error;
      if (!confirm(this.say("results_rating"))) return;
      reply = await this.call("change", { ...body, confirmed: true });
    }
    this.status = await reply.json();
    this.wasOwner = null; // the list of studies is told, too
    this.refresh();
  }

  async export(isPublic) {
    const simulated = this.find("[name=simulated]").checked;
    const { language, study } = this;
    const reply = await this.call("export", { language, public: isPublic, simulated, study });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await reply.blob());
    link.download = isPublic ? "nitidez-results-public.zip" : "nitidez-results.zip";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async signIn(password, isSilent = false) {
    const note = this.find(".nr-sign-note");
    note.textContent = "";
    try {
      this.token = (await (await this.call("sign-in", { password })).json()).token;
      this.find("[name=password]").value = "";
      this.shown = null;
      await this.look(true);
    } catch (error) {
      if (!isSilent) note.textContent = error.key ? this.say(error.key) : this.say("offline");
    }
  }
}

// What runs when the component is loaded; what it is given is Gradio's.
export const start = ({ element, props }) =>
  new ResultsPage(element.querySelector(".nr"), props.text, props.viewer_text);

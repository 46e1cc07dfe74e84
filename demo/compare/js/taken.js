// Pictures that the server takes, and what this browser remembers of them.

import { setText } from "../../web/js/elements.js";
import { Framed } from "./frames.js";
import { freeName } from "./table.js";

const KEPT = "nitidez-compare"; // in this tab's memory, until it is closed

export class Taken extends Framed {
  // Talking to the server

  async call(name, body) {
    const reply = await fetch(new URL(`compare/${name}`, document.baseURI), {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
      cache: "no-store",
    }).catch(() => null);
    if (reply?.ok) return reply;
    const told = await reply?.json().catch(() => null);
    const error = new Error(told?.error?.detail ?? "");
    error.key = reply ? (told?.error?.key ?? "other") : "offline";
    throw error;
  }

  because(error) {
    if (error.key === "bad_file") return error.message;
    return this.say(this.props.text[this.language][error.key] ? error.key : "other");
  }

  // A bad file takes nothing away: what is there stays, and every file's fault is said.
  async add(files) {
    const problems = [];
    let done = 0;
    for (const file of files) {
      if (this.pictures.length >= this.props.most) {
        problems.push(`${file.name}: ${this.say("too_many", { most: this.props.most })}`);
        continue;
      }
      this.note(this.say("adding", { done: done + 1, count: files.length }));
      try {
        const found = await this.sent(file);
        this.checkKind({ ...found, name: file.name }, this.pictures);
        this.take(found);
        done += 1;
      } catch (error) {
        const why = this.because(error);
        problems.push(why.startsWith(file.name) ? why : `${file.name}: ${why}`);
      }
    }
    this.note("");
    this.tell(problems);
    await this.measureWhole();
  }

  async sent(file) {
    const uploaded = await this.upload(file).catch(() => null);
    const path = uploaded?.path;
    if (!path) throw Object.assign(new Error(), { key: "not_sent" });
    return this.addSent(path, file.name, this.arePhotos);
  }

  async addSent(path, file, canBePhoto) {
    const body = { path, name: file, language: this.language, can_be_photo: canBePhoto };
    return { ...(await (await this.call("add", body)).json()), path, file };
  }

  take(found, key = crypto.randomUUID?.() ?? `${Math.random()}`) {
    const name = freeName(found.name, this.pictures.map((each) => each.name));
    this.pictures.push({ ...found, name, key });
    this.changed();
  }

  tell(problems) {
    this.find(".nc-problems").replaceChildren(
      ...problems.map((text) => {
        const line = document.createElement("p");
        line.textContent = text;
        return line;
      }),
    );
  }

  note(text) {
    setText(this.find(".nc-note"), text);
  }

  // What is there survives a reload, as long as the server has it

  get state() {
    const { pictures, reference, boxes, look, arePhotos } = this;
    return { pictures, reference, boxes, look, arePhotos };
  }

  keep() {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(this.state));
    } catch {
      // Without storage a reload begins anew.
    }
  }

  recall() {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT));
    } catch {
      return undefined;
    }
    if (!kept?.pictures) return undefined;
    Object.assign(this, { look: { ...this.look, ...kept.look }, arePhotos: Boolean(kept.arePhotos) });
    return this.restore(kept);
  }

  async restore({ pictures, reference, boxes = [] }) {
    const there = await this.stillThere(pictures);
    if (this.pictures.length) return; // dropped meanwhile
    Object.assign(this, { pictures: there, reference, boxes });
    if (there.length < pictures.length) this.note(this.say("gone"));
    this.changed();
  }

  // The pictures that the server has not deleted yet.
  async stillThere(pictures) {
    const isThere = await Promise.all(
      pictures.map(({ url }) =>
        fetch(new URL(url, document.baseURI), { method: "HEAD" }).then((reply) => reply.ok, () => false),
      ),
    );
    return pictures.filter((_, index) => isThere[index]);
  }
}

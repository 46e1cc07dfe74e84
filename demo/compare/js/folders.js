// A folder for each method: pictures of the same name belong together, one of them is looked at.

import { setText } from "../../web/js/elements.js";
import { chosenFiles, droppedFiles } from "../../web/js/files.js";
import { inOrder } from "../../web/viewer/js/order.js";
import { dropFiles, dropOldFiles, keepFiles, keptFiles, newKey } from "./kept.js";
import { commonStems, methodsOf } from "./methods.js";
import { freeName } from "./table.js";
import { Taken } from "./taken.js";

const MOST_NAMED = 5;
const FOLDER = "folder "; // begins the key of a method's picture

export class Folders extends Taken {
  resetFolders() {
    this.methods = []; // { key, name, files: Map(stem -> file), taken: Set(stem) }
    this.shelves = new Map(); // stem -> pictures that were sent already
    this.stem = null;
    this.stemTurn = (this.stemTurn ?? 0) + 1; // what is on its way comes too late
    if (this.filesKey) dropFiles(this.filesKey).catch(() => {});
    this.filesKey = null; // of the files that this browser keeps
  }

  // A file that is not here any more is null: its picture may still be on the server.
  get state() {
    const methods = this.methods.map(({ key, name, files, taken }) => {
      const shown = this.pictures.find((picture) => picture.key === key);
      return { key, name: shown?.name ?? name, stems: [...files.keys()], taken: [...taken] };
    });
    return { ...super.state, methods, shelves: [...this.shelves], stem: this.stem, filesKey: this.filesKey };
  }

  async restore(kept) {
    dropOldFiles().catch(() => {});
    const files = (await keptFiles(kept.filesKey).catch(() => null)) ?? new Map();
    if (this.pictures.length || this.methods.length) return undefined; // dropped meanwhile
    this.methods = (kept.methods ?? []).map(({ key, name, stems, taken }) => {
      const own = new Map(stems.map((stem) => [stem, files.get(key)?.get(stem) ?? null]));
      return { key, name, files: own, taken: new Set(taken) };
    });
    this.shelves = new Map(kept.shelves);
    this.filesKey = kept.filesKey ?? null;
    const { pictures, reference, boxes, stem = null } = kept;
    if (stem !== null) {
      Object.assign(this, { pictures, reference, boxes, stem });
      return this.show(stem);
    }
    if (this.methods.length) this.note(this.sayAlone());
    return super.restore(kept);
  }

  sayAlone() {
    return this.say("folder_alone", { names: this.methods.map(({ name }) => name).join(", ") });
  }

  // Where this browser has no place for them, what was not looked at is chosen again after a reload.
  keepFiles() {
    this.filesKey ??= newKey();
    return keepFiles(this.filesKey, new Map(this.methods.map(({ key, files }) => [key, files]))).catch(() => {});
  }

  attachFolders() {
    this.resetFolders();
    this.find(".nc-folder input").addEventListener("change", (event) => {
      const found = chosenFiles(event.target.files);
      event.target.value = "";
      this.addFolders(found);
    });
    this.find(".nc-stem").addEventListener("change", (event) => this.show(event.target.value));
  }

  // What was dropped: folders are methods, single files are pictures of what is looked at.
  async dropped(transfer) {
    const files = [...transfer.files];
    const isFolder = [...transfer.items].some((item) => item.webkitGetAsEntry?.()?.isDirectory);
    if (!isFolder) return this.add(files);
    const found = await droppedFiles(transfer);
    await this.addFolders(found);
    const loose = found.filter(({ name }) => !name.includes("/"));
    return loose.length ? this.add(loose.map(({ file }) => file)) : undefined;
  }

  get stems() {
    return commonStems(this.methods);
  }

  async addFolders(found) {
    const problems = [];
    for (const { name, files } of methodsOf(found)) {
      const known = this.methods.find((method) => method.key === FOLDER + name);
      if (known && [...known.files.values()].includes(null)) {
        for (const [stem, file] of files) known.files.set(stem, file); // chosen again
        continue;
      }
      if (this.methods.length >= this.props.most) {
        problems.push(`${name}: ${this.say("too_many", { most: this.props.most })}`);
        continue;
      }
      const free = freeName(name, this.methods.map((method) => method.name));
      this.methods.push({ key: FOLDER + free, name: free, files, taken: new Set() });
    }
    const isKept = this.keepFiles(); // which may take a while
    const { stems } = this;
    for (const { name, files } of this.methods) {
      const alone = [...files.keys()].filter((stem) => !stems.includes(stem));
      const named = alone.slice(0, MOST_NAMED).join(", ") + (alone.length > MOST_NAMED ? "…" : "");
      const said = { name, count: alone.length, names: named };
      if (alone.length && stems.length) problems.push(this.say("only_in", said));
    }
    if (stems.length) await this.show(stems.includes(this.stem) ? this.stem : stems[0], problems);
    else {
      this.tell(problems);
      await isKept;
      this.keep();
      this.note(this.sayAlone());
    }
  }

  // Puts what is seen aside, under the names it has by now; a picture taken out takes its method.
  shelve() {
    if (this.stem === null) return;
    this.shelves.set(this.stem, this.pictures);
    this.methods = this.methods.filter((method) => {
      const shown = this.pictures.find(({ key }) => key === method.key);
      if (shown) method.name = shown.name;
      return shown || !method.taken.has(this.stem);
    });
  }

  // The pictures of one name; those not sent yet are sent.
  async show(stem, problems = []) {
    this.shelve();
    const order = this.pictures.map(({ key }) => key);
    const turn = (this.stemTurn += 1);
    const isLoose = ({ key }) => !key.startsWith(FOLDER);
    const before = this.shelves.get(stem) ?? (this.stem === null ? this.pictures.filter(isLoose) : []);
    const shelf = await this.stillThere(before);
    if (turn !== this.stemTurn) return;
    if (before.filter(isLoose).length > shelf.filter(isLoose).length) problems.push(this.say("gone"));
    const members = this.methods.filter(({ files }) => files.has(stem));
    const pictures = [];
    for (const [index, method] of members.entries()) {
      this.note(this.say("adding", { done: index + 1, count: members.length }));
      let picture = shelf.find(({ key }) => key === method.key);
      if (!picture && !method.files.get(stem)) {
        method.taken.delete(stem); // it was not the person who took it out
        problems.push(`${method.name}: ${this.say("folder_gone")}`);
        continue;
      }
      try {
        picture ??= { ...(await this.sent(method.files.get(stem))), key: method.key };
        this.checkKind({ ...picture, name: method.name }, [...pictures, ...shelf.filter(isLoose)]);
      } catch (error) {
        const why = this.because(error);
        problems.push(why.startsWith(`${method.name}: `) ? why : `${method.name}: ${why}`);
        continue;
      }
      if (turn !== this.stemTurn) return;
      method.taken.add(stem);
      pictures.push({ ...picture, name: method.name });
    }
    if (stem !== this.stem) this.boxes = [];
    this.stem = stem;
    this.pictures = inOrder([...pictures, ...shelf.filter(isLoose)], order).slice(0, this.props.most);
    this.note("");
    this.tell(problems);
    this.changed();
    await this.measureWhole();
  }

  step(by) {
    const { stems } = this;
    return this.show(stems[(stems.indexOf(this.stem) + by + stems.length) % stems.length]);
  }

  showStems() {
    const { stems } = this;
    const select = this.find(".nc-stem");
    this.find(".nc-stems").hidden = this.stem === null || stems.length < 2;
    if (select.dataset.stems !== stems.join("\n")) {
      select.replaceChildren(...stems.map((stem) => new Option(stem, stem)));
      select.dataset.stems = stems.join("\n");
    }
    select.value = this.stem ?? "";
    const number = stems.indexOf(this.stem) + 1;
    setText(this.find(".nc-stem-of"), this.say("stem_of", { number, count: stems.length }));
  }
}

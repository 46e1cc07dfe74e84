// A folder for each method: pictures of the same name belong together, one of them is looked at.

import { setText } from "../../web/js/elements.js";
import { chosenFiles, droppedFiles } from "../../web/js/files.js";
import { inOrder } from "../../web/viewer/js/order.js";
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
      if (this.methods.length >= this.props.most) {
        problems.push(`${name}: ${this.say("too_many", { most: this.props.most })}`);
        continue;
      }
      const free = freeName(name, this.methods.map((method) => method.name));
      this.methods.push({ key: FOLDER + free, name: free, files, taken: new Set() });
    }
    const { stems } = this;
    for (const { name, files } of this.methods) {
      const alone = [...files.keys()].filter((stem) => !stems.includes(stem));
      const named = alone.slice(0, MOST_NAMED).join(", ") + (alone.length > MOST_NAMED ? "…" : "");
      const said = { name, count: alone.length, names: named };
      if (alone.length && stems.length) problems.push(this.say("only_in", said));
    }
    const names = this.methods.map(({ name }) => name).join(", ");
    if (stems.length) await this.show(stems.includes(this.stem) ? this.stem : stems[0], problems);
    else {
      this.tell(problems);
      this.note(this.say("folder_alone", { names }));
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
    const turn = (this.stemTurn = (this.stemTurn ?? 0) + 1);
    const loose = this.pictures.filter(({ key }) => !key.startsWith(FOLDER));
    const shelf = this.shelves.get(stem) ?? (this.stem === null ? loose : []);
    const members = this.methods.filter(({ files }) => files.has(stem));
    const pictures = [];
    for (const [index, method] of members.entries()) {
      this.note(this.say("adding", { done: index + 1, count: members.length }));
      let picture = shelf.find(({ key }) => key === method.key);
      try {
        picture ??= { ...(await this.sent(method.files.get(stem))), key: method.key };
      } catch (error) {
        problems.push(`${method.name}: ${this.because(error)}`);
        continue;
      }
      if (turn !== this.stemTurn) return;
      method.taken.add(stem);
      pictures.push({ ...picture, name: method.name });
    }
    const extra = shelf.filter(({ key }) => !key.startsWith(FOLDER));
    if (stem !== this.stem) this.boxes = [];
    this.stem = stem;
    this.pictures = inOrder([...pictures, ...extra], order).slice(0, this.props.most);
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

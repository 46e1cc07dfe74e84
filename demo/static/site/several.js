// Several photos: one after the other, and their results in one zip.

import { create, setText } from "../../web/js/elements.js";
import { openPhoto, pixelsOf, reducedSize } from "./photo.js";
import { UpscaleView } from "./upscale_view.js";

const MOST_BYTES = 4e9; // that a zip without extensions holds, with some room left
const MOST_LETTERS = 80;
const MOST_FOLDERS = 4;

const cleaned = (part) => part.replace(/[^\p{L}\p{N}_\- ().]+/gu, "_").replace(/^[ .]+|[ .]+$/g, "").slice(0, MOST_LETTERS);

// A file's name in a zip, without suffix: folders stay, and none leads out of it.
export function nameInZip(name) {
  const parts = name.split(/[/\\]/).filter(Boolean);
  const stem = cleaned((parts.pop() ?? "").replace(/(?<=.)\.[^.]*$/, "")) || "photo";
  return [...parts.map(cleaned).filter(Boolean).slice(-MOST_FOLDERS), stem].join("/");
}

// The blobs [name, blob] by names that are no other's, in capital letters or small ones.
export function byName(files) {
  const [named, taken] = [{}, new Set()];
  for (const [name, blob] of files) {
    const [, stem, suffix] = /^(.*?)(\.[^.]*)?$/.exec(name);
    let free = name;
    for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${stem} (${number})${suffix ?? ""}`;
    taken.add(free.toLowerCase());
    named[free] = blob;
  }
  return named;
}

export class Several extends UpscaleView {
  // A photo, or several; each is { file, name }, the name with the folders it lay in.
  takeAll(found) {
    if (found.length === 1) return this.take(found[0].file);
    const most = this.site.most_photos;
    return found.length ? this.beginAll(found.slice(0, most), Math.max(0, found.length - most)) : undefined;
  }

  // Every photo by every model that is chosen.
  async beginAll(photos, leftOut) {
    const turn = this.stop();
    this.leaveBatch();
    this.leavePhoto();
    const items = photos.map(({ file, name }) => ({ file, name, state: "waiting", versions: [] }));
    this.batch = { items, leftOut, looked: null };
    this.show();
    for (const item of items) {
      item.state = "running";
      this.show();
      try {
        if (this.filesOf(items).reduce((sum, [, { size }]) => sum + size, 0) > MOST_BYTES) throw Object.assign(new Error(), { key: "full" });
        await this.enlargeOne(item, turn);
      } catch (error) {
        item.trouble = { key: error.key ?? "decode", file: item.file.name, detail: error.detail ?? error.message };
      }
      if (turn !== this.turn) return;
      item.state = item.versions.some(({ png }) => png) ? "ready" : "failed";
      this.show();
    }
  }

  async enlargeOne(item, turn) {
    const bitmap = await openPhoto(item.file);
    const fit = bitmap.width * bitmap.height > this.mostPixels ? reducedSize(bitmap, this.mostPixels) : null;
    const picture = await pixelsOf(bitmap, fit ?? {});
    bitmap.close();
    const { width, height } = picture;
    Object.assign(item, { fit, size: { picture: { width, height }, original: null, low: { width, height } } });
    for (const version of this.wanted) {
      if (turn !== this.turn) return;
      item.versions.push(version);
      await this.make(version, { low: picture, original: null, scale: this.site.scale }, turn);
      if (version.trouble) item.trouble ??= version.trouble;
    }
  }

  // Name in the zip and PNG of all that is ready.
  filesOf(items) {
    return items.flatMap(({ name, versions }) =>
      versions.filter(({ png }) => png).map(({ key, png }) => [`${nameInZip(name)}_${key}.png`, png]),
    );
  }

  // The versions of one of the photos in the panes.
  look(item) {
    this.batch.looked = item;
    this.size = item.size;
    this.versions = item.versions;
    this.pictures += 1;
    this.show();
  }

  cancelAll() {
    for (const item of this.batch.items) {
      if (item.state === "running") item.versions = item.versions.filter(({ png }) => png);
      if (["waiting", "running"].includes(item.state)) item.state = item.versions.length ? "ready" : "cancelled";
    }
    this.batch.isCancelled = true;
  }

  leaveBatch() {
    for (const { versions } of this.batch?.items ?? []) for (const { url } of versions) if (url) URL.revokeObjectURL(url);
    if (this.batch) this.versions = [];
    this.batch = null;
  }

  saveBatch() {
    return this.save(byName(this.filesOf(this.batch.items)), "nitidez.zip");
  }

  // What is going on: null when nothing is.
  get running() {
    const { batch } = this;
    if (!batch) return super.running;
    const number = batch.items.findIndex(({ state }) => state === "running") + 1;
    if (!number) return null;
    const count = batch.items.length;
    const version = batch.items[number - 1].versions.find(({ state }) => state === "running");
    const models = this.wanted.length;
    const done = batch.items[number - 1].versions.length - 1 + (version?.share ?? 0);
    const text = [this.say("batch_running", { number, count }), version && super.textOf(version)].filter(Boolean).join(" · ");
    return { text, share: (number - 1 + Math.max(0, done) / models) / count, left: null };
  }

  get endText() {
    const { batch, say } = this;
    if (!batch) return super.endText;
    if (batch.isCancelled) return say("status_cancelled");
    const names = batch.items.filter(({ trouble }) => trouble).map(({ name }) => name).join(", ");
    return say(names ? "status_done_failed" : "status_done", { models: names });
  }

  showBatch() {
    const { batch, say, mode } = this;
    const section = this.find(".batch");
    section.hidden = !batch;
    if (!batch) return;
    const { items, leftOut } = batch;
    const count = this.filesOf(items).length;
    const link = section.querySelector(".solid");
    link.hidden = !count;
    setText(link, say(this.running ? "batch_download_so_far" : "batch_download", { count }));
    const said = [leftOut && say("batch_left_out", { most: items.length, count: leftOut }), mode === "test" && say("batch_no_test")];
    setText(section.querySelector(".note"), said.filter(Boolean).join(" "));
    const list = section.querySelector("ol");
    list.setAttribute("aria-label", say("batch"));
    while (list.children.length > items.length) list.lastElementChild.remove();
    items.forEach((item, index) => this.showItem(list.children[index] ?? list.appendChild(this.row(index)), item));
  }

  row(index) {
    const row = create("li", "");
    row.append(create("span", "title"), " ", create("span", "state"), " ", create("button", "link", { type: "button", "data-look": index }));
    return row;
  }

  showItem(row, item) {
    const { say, batch, site } = this;
    const { state, size, fit, trouble } = item;
    row.className = trouble ? "failed" : state;
    const [title, said, button] = row.children;
    const sizes = state === "ready" && { ...size.low, out_width: size.low.width * site.scale, out_height: size.low.height * site.scale };
    const parts = [trouble ? this.troubleOf(trouble) : sizes ? say("sizes_arrow", sizes) : say(`item_${state}`)];
    if (fit) parts.push(say("reduced", fit));
    setText(title, item.name);
    setText(said, parts.join(" "));
    button.hidden = state !== "ready";
    button.setAttribute("aria-pressed", batch.looked === item);
    setText(button, say("item_look"));
  }
}

// Comparing one's own pictures, as in the app with a server, with what that server does done here.

import { ComparePage } from "../../compare/js/compare.js";
import { create } from "../../web/js/elements.js";
import { Engine } from "./engine.js";
import { zipOf } from "../work/packing.js";
import { onWhite, openPhoto, pixelsOf } from "./photo.js";
import { cropped } from "../work/resize.js";

const MOST_BYTES_IN_NAMES = 120;
const MOST_FOR_LPIPS = 6e6; // pixels
const VERSION = "version "; // begins the key of a picture that was made on the other tab

class OwnPictures extends ComparePage {
  constructor(root, props) {
    super(root, props, null);
    this.engine = new Engine();
    this.meter = new Engine(); // for LPIPS, which takes long and may be given up
    this.isLpips = false;
    if (props.lpips) {
      const button = create("button", "quiet", { type: "button", "data-go": "lpips", "data-text": "measure_lpips" });
      this.find("[data-go=measure-part]").after(button);
      this.retell();
    }
    this.taken = new Map(); // token -> { picture, png }
  }

  // The pictures are gone with the page: nothing is kept for a reload.
  keep() {}

  recall() {}

  async keepFiles() {}

  async stillThere(pictures) {
    return pictures;
  }

  // What is said of how it was measured.
  say(key, values) {
    return super.say(key === "protocol" && !this.isLpips ? "protocol_without" : key, values);
  }

  go(button) {
    if (button.dataset.go !== "lpips") return super.go(button);
    this.isLpips = true;
    this.root.classList.add("has-lpips");
    this.refresh();
    return this.reference ? this.measureWhole() : this.note(this.say("no_reference"));
  }

  because(error) {
    const { most, megapixels } = this.props;
    if (error.key === "too_large") return this.say("too_large_to_take", { megapixels });
    return this.say(this.props.text[this.language][error.key] ? error.key : "other", { most });
  }

  async sent(file) {
    const bitmap = await openPhoto(file);
    if (bitmap.width * bitmap.height > this.props.megapixels * 1e6) {
      throw Object.assign(new Error(), { key: "too_large" });
    }
    const picture = onWhite(await pixelsOf(bitmap));
    bitmap.close();
    const png = await this.engine.call("pack", { picture });
    const url = URL.createObjectURL(png);
    this.taken.set(url, { picture, png });
    const name = file.name.replace(/\.[^.]*$/, "").slice(0, MOST_BYTES_IN_NAMES);
    return { token: url, url, width: picture.width, height: picture.height, name };
  }

  // The versions { key, name, png } of a photo, in the place of those of another; the one that is
  // called "original" is what they are measured against.
  async receive(versions) {
    const turn = (this.received = (this.received ?? 0) + 1);
    const isVersion = ({ key }) => key.startsWith(VERSION);
    for (const { url } of this.pictures.filter(isVersion)) {
      URL.revokeObjectURL(url);
      this.taken.delete(url);
    }
    this.pictures = this.pictures.filter((picture) => !isVersion(picture));
    this.boxes = [];
    this.changed();
    const problems = [];
    for (const [index, { key, name, png }] of versions.entries()) {
      this.note(this.say("adding", { done: index + 1, count: versions.length }));
      try {
        if (this.pictures.length >= this.props.most) throw Object.assign(new Error(), { key: "too_many" });
        const found = await this.sent(new File([png], `${name}.png`));
        if (turn !== this.received) return;
        this.take(found, VERSION + key);
      } catch (error) {
        problems.push(`${name}: ${this.because(error)}`);
      }
    }
    this.note("");
    this.tell(problems);
    const original = this.pictures.find(({ key }) => key === `${VERSION}original`);
    if (original) this.choose(original.key);
    else await this.measureWhole();
  }

  async call(name, body) {
    const result = await this[`${name}Here`](body);
    return { json: async () => result, blob: async () => result };
  }

  async measureHere({ reference, others, region }) {
    const original = this.taken.get(reference).picture;
    const part = (picture) => (region.length ? cropped(picture, ...region) : picture);
    const results = [];
    for (const token of others) {
      const { picture } = this.taken.get(token);
      const isOther = picture.width !== original.width || picture.height !== original.height;
      if (isOther) results.push({ token, note: "other_size" });
      else {
        const args = { one: part(picture), other: part(original), crop: region.length ? 0 : this.props.border_px };
        const { psnr, ssim } = await this.engine.call("measure", args);
        const isEqual = psnr === Infinity;
        const note = psnr === null ? "measure_small" : isEqual ? "equal" : null;
        results.push({ token, psnr: isEqual ? null : psnr, ssim, lpips: null, note });
      }
    }
    if (this.isLpips) await this.addLpips(part(original), results, part);
    return { results };
  }

  async addLpips(original, results, part) {
    const measured = results.filter(({ ssim }) => ssim != null);
    const tell = (note) => measured.forEach((each) => (each.note ??= note));
    if (!measured.length) return;
    if (original.width * original.height > MOST_FOR_LPIPS) return tell("lpips_large");
    const others = measured.map(({ token }) => part(this.taken.get(token).picture));
    const look = (share) => this.note(`${this.say("measuring")} ${this.number(100 * share, 0)} %`);
    this.meter.stop();
    try {
      const values = await this.meter.call("lpips", { file: this.props.lpips, original, others }, look);
      values.forEach((value, index) => (measured[index].lpips = value));
    } catch (trouble) {
      console.warn("LPIPS:", trouble.key, trouble.detail);
      tell("lpips_failed");
    }
  }

  // The original is the first, and what the others are measured against.
  async figureHere({ pictures, reference, boxes, kind }) {
    const named = pictures.map(({ token, name }) => ({ token, name, picture: this.taken.get(token).picture }));
    const [{ picture: first }] = named;
    const isOther = ({ picture: { width, height } }) => width !== first.width || height !== first.height;
    const isOutside = ([left, top, width, height]) => left + width > first.width || top + height > first.height;
    if (named.some(isOther) || boxes.some(isOutside)) throw Object.assign(new Error(), { key: "sizes" });
    const ordered = [...named.filter(({ token }) => token === reference), ...named.filter(({ token }) => token !== reference)];
    const chosen = boxes.length ? boxes : [await this.engine.call("differ", { pictures: ordered.map(({ picture }) => picture) })];
    const columns = [];
    for (const { token, name, picture } of ordered) {
      const other = reference && token !== reference ? ordered[0].picture : null;
      const found = other && (await this.engine.call("measure", { one: picture, other, crop: this.props.border_px }));
      const psnr = Number.isFinite(found?.psnr) ? found.psnr : null;
      const lpips = other ? (this.pictures.find((each) => each.token === token)?.whole?.lpips ?? null) : null;
      columns.push({ name, psnr, lpips, crops: chosen.map((box) => cropped(picture, ...box)) });
    }
    return this.engine.call("figure", { figure: { whole: ordered[0].picture, columns, boxes: chosen }, kind });
  }

  async zipHere({ pictures }) {
    const files = pictures.map(({ token, name }) => [`${name.replace(/[/\\]/g, "_")}.png`, this.taken.get(token).png]);
    return { url: URL.createObjectURL(await zipOf(Object.fromEntries(files))) };
  }
}

export const start = (root, props) => new OwnPictures(root, props);

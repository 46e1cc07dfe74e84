// Comparing one's own pictures, as in the app with a server, with what that server does done here.

import { ComparePage } from "../../compare/js/compare.js";
import { Engine } from "./engine.js";
import { zipOf } from "./packing.js";
import { openPhoto, pixelsOf } from "./photo.js";
import { cropped } from "./resize.js";

const MOST_BYTES_IN_NAMES = 120;

class OwnPictures extends ComparePage {
  constructor(root, props) {
    super(root, props, null);
    this.engine = new Engine();
    this.taken = new Map(); // token -> { picture, png }
  }

  // The pictures are gone with the page: nothing is kept for a reload.
  keep() {}

  recall() {}

  because(error) {
    if (error.key === "too_large") return this.say("too_large_to_take", { megapixels: this.props.megapixels });
    return this.say(this.props.text[this.language][error.key] ? error.key : "other");
  }

  async sent(file) {
    const bitmap = await openPhoto(file);
    if (bitmap.width * bitmap.height > this.props.megapixels * 1e6) {
      throw Object.assign(new Error(), { key: "too_large" });
    }
    const picture = await pixelsOf(bitmap);
    bitmap.close();
    const png = await this.engine.call("pack", { picture });
    const url = URL.createObjectURL(png);
    this.taken.set(url, { picture, png });
    const name = file.name.replace(/\.[^.]*$/, "").slice(0, MOST_BYTES_IN_NAMES);
    return { token: url, url, width: picture.width, height: picture.height, name };
  }

  async call(name, body) {
    const result = await this[`${name}Here`](body);
    return { json: async () => result };
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
    return { results };
  }

  async zipHere({ pictures }) {
    const files = pictures.map(({ token, name }) => [`${name.replace(/[/\\]/g, "_")}.png`, this.taken.get(token).png]);
    return { url: URL.createObjectURL(await zipOf(Object.fromEntries(files))) };
  }
}

export const start = (root, props) => new OwnPictures(root, props);

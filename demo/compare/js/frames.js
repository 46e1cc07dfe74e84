// Frames of microscopes among the pictures: all with one contrast, one table of colours and a scale
// bar. They are measured with their counts, and never mixed with photographs.

import { setText } from "../../web/js/elements.js";
import { Listed } from "./listed.js";

const NEW_LOOK = { lut: "grey", low: null, high: null, isFitted: false };
const SAME = { gain: 1, offset: 0 }; // a fit that changes nothing
const STEPS = 4; // powers of ten of what a typed limit can tell apart
const PIXEL_SHARE = 0.02; // by which two files may differ on the size of a pixel
const MOST_NAMED = 3;
const PERCENTILES = { low: 0.1, high: 99.9 };

// Limits within which every frame can be seen, in the counts that the fits lead to.
export const sharedLimits = (frames) => [
  Math.min(...frames.map(({ limits: [low], fit }) => fit.gain * low + fit.offset)),
  Math.max(...frames.map(({ limits: [, high], fit }) => fit.gain * high + fit.offset)),
];

// The same limits in the counts of a frame's own file.
export const ownLimits = (limits, { gain, offset }) => limits.map((value) => (value - offset) / gain);

// The side in micrometres of a pixel of the largest picture, to which all are drawn: null where no
// file says it, NaN where files disagree.
export function sharedPixel(pictures, width) {
  const said = pictures.filter(({ frame }) => frame.pixel_um).map((each) => (each.frame.pixel_um * each.width) / width);
  if (!said.length) return null;
  return Math.max(...said) <= Math.min(...said) * (1 + PIXEL_SHARE) ? said[0] : Number.NaN;
}

// The names of some pictures, the first few of many.
export const namesOf = (pictures) =>
  pictures.slice(0, MOST_NAMED).map(({ name }) => name).join(", ") + (pictures.length > MOST_NAMED ? "…" : "");

export class Framed extends Listed {
  get areFrames() {
    return this.pictures.some(({ frame }) => frame);
  }

  resetLook() {
    this.look = { ...NEW_LOOK };
    this.arePhotos = false; // what might be a photograph is one
  }

  attachScope() {
    this.resetLook();
    const box = this.find(".nc-scope");
    const [low, high] = ["low", "high"].map((name) => box.querySelector(`[name=${name}]`));
    box.addEventListener("change", ({ target }) => {
      if (target.name === "lut") this.look.lut = target.value;
      if (target.name === "fitted") Object.assign(this.look, { isFitted: target.checked, low: null, high: null });
      if (target === low || target === high) {
        const isRange = low.value !== "" && high.value !== "" && Number(low.value) < Number(high.value);
        for (const field of [low, high]) field.setAttribute("aria-invalid", String(!isRange));
        if (!isRange) return;
        Object.assign(this.look, { low: Number(low.value), high: Number(high.value) });
      }
      this.changed();
    });
  }

  // What brings a frame to the counts in which all are shown.
  fitOf({ key, whole }) {
    return this.look.isFitted && key !== this.reference && whole?.gain > 0 ? whole : SAME;
  }

  get limits() {
    const { low, high } = this.look;
    if (low !== null) return [low, high];
    return sharedLimits(this.pictures.map((each) => ({ limits: each.frame.limits, fit: this.fitOf(each) })));
  }

  // A frame as the server draws it.
  asNamed(picture) {
    const { token, name, frame } = picture;
    return frame ? { token, name, limits: ownLimits(this.limits, this.fitOf(picture)) } : { token, name };
  }

  get lut() {
    return this.areFrames ? { lut: this.look.lut } : {};
  }

  // What the viewer gets of a frame beside its name and size.
  paneOf(picture, pixelUm) {
    const { token, url, frame } = picture;
    const [low, high] = ownLimits(this.limits, this.fitOf(picture));
    const query = new URLSearchParams({ low, high, lut: this.look.lut });
    const address = (path) => new URL(path, document.baseURI).href;
    return {
      url: address(`frames/${token}.png?${query}`),
      download_url: address(url),
      download_name: `${picture.name}${frame.suffix}`,
      ...(pixelUm ? { pixel_um: pixelUm } : {}),
    };
  }

  get pixelUm() {
    const width = Math.max(...this.pictures.map((each) => each.width));
    return this.areFrames ? sharedPixel(this.pictures, width) : null;
  }

  // Refuses a picture of the other kind than those that are there.
  checkKind({ name, frame }, others) {
    const apart = others.filter((each) => Boolean(each.frame) !== Boolean(frame));
    if (!apart.length) return;
    const text = this.say(frame ? "mixed_frame" : "mixed_photo", { name, names: namesOf(apart) });
    throw Object.assign(new Error(text), { key: "bad_file" });
  }

  // Frames that might be photographs are taken again, as such.
  async becomePhotos() {
    const taken = [];
    for (const picture of this.pictures) {
      const found = await this.addSent(picture.path, picture.file, true);
      taken.push({ ...found, key: picture.key, name: picture.name });
    }
    this.arePhotos = true;
    this.pictures = taken;
    this.shelves.clear(); // of folders: sent again when they are looked at
    this.changed();
    await this.measureWhole();
  }

  factsOf({ frame }) {
    const size = frame.pixel_um ? `${this.nanometres(frame.pixel_um)} nm` : null;
    return [frame.kind, size].filter(Boolean).join(" · ");
  }

  nanometres(um) {
    const nm = 1000 * um;
    return this.number(nm, nm >= 1000 || Math.abs(nm - Math.round(nm)) < 0.05 ? 0 : 1);
  }

  showScope() {
    const { areFrames, look, pictures } = this;
    const box = this.find(".nc-scope");
    box.hidden = !areFrames;
    setText(this.find(".nc-frames-figure"), areFrames ? this.say("frames_figure") : "");
    this.showFits();
    if (!areFrames) return;
    box.setAttribute("aria-label", this.say("frames"));
    const { pixelUm } = this;
    let size = this.say("frame_pixel_unknown");
    if (Number.isNaN(pixelUm)) size = this.say("frames_pixels_differ");
    else if (pixelUm) size = this.say("frame_pixel", { pixel: this.nanometres(pixelUm) });
    setText(box.querySelector(".nc-facts"), `${this.say("frames")} · ${size}`);
    box.querySelector("[data-go=photos]").hidden = !pictures.every(({ frame }) => frame.can_be_photo);
    const select = box.querySelector("[name=lut]");
    const luts = (this.props.luts ?? []).map((lut) => new Option(this.say(`lut_${lut}`), lut));
    if (select.lang !== this.language) select.replaceChildren(...luts);
    select.lang = this.language;
    select.value = look.lut;
    const limits = this.limits;
    const digits = Math.min(12, Math.max(0, STEPS - Math.floor(Math.log10(limits[1] - limits[0] || 1))));
    for (const [index, name] of ["low", "high"].entries()) {
      const field = box.querySelector(`[name=${name}]`);
      field.value = Number(limits[index].toFixed(digits));
      field.setAttribute("aria-label", this.say(`frame_${name}`));
      field.removeAttribute("aria-invalid");
    }
    const percentiles = Object.fromEntries(Object.entries(PERCENTILES).map(([key, value]) => [key, this.number(value, 1)]));
    const isTyped = look.low !== null;
    const [auto, back] = [box.querySelector(".nc-auto"), box.querySelector("[data-go=auto]")];
    auto.hidden = isTyped;
    back.hidden = !isTyped;
    setText(auto, this.say("frame_auto", percentiles));
    setText(back, this.say("frame_auto_again", percentiles));
    const fitted = box.querySelector("[name=fitted]");
    fitted.checked = look.isFitted;
    fitted.disabled = !this.reference;
  }

  // What there is to say of how frames lie to the original.
  showFits() {
    const others = this.areFrames && this.reference ? this.pictures.filter(({ key }) => key !== this.reference) : [];
    const said = others.flatMap(({ name, whole }) => {
      if (whole?.is_alike === false) return [this.say("frames_unlike", { name })];
      return whole?.shift ? [this.say("frames_shift", { name, px: this.number(whole.shift, 2) })] : [];
    });
    const apart = this.look.isFitted ? others.filter((each) => each.whole && this.fitOf(each) === SAME) : [];
    if (apart.length) said.push(this.say("frames_unfitted", { names: namesOf(apart) }));
    setText(this.find(".nc-fits"), said.join(" "));
  }
}

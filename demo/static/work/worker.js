// The work beside the page: enlarging, reducing, measuring, drawing, packing. One call at a time; a
// page that no longer wants an answer ends the whole worker.

import { checkedFile } from "../inference/loading.js";
import { crewWith } from "../inference/wasm.js";
import { measure } from "./fidelity.js";
import { whereTheyDiffer } from "../figures/figure.js";
import { figureFile } from "../figures/figure_files.js";
import { Lpips } from "./lpips.js";
import { mend } from "./mend.js";
import { enlarged } from "./networks.js";
import { pngOf } from "./packing.js";
import { matlabBicubic } from "./resize.js";
import { seenColours, withAlpha } from "./transparency.js";

let alexnet = null;

const CALLS = {
  reduce: ({ picture, scale }) => matlabBicubic(picture, 1 / scale),

  pack: ({ picture }) => pngOf(picture),

  measure: ({ one, other, crop }) => measure(one, other, crop),

  async lpips({ file, original, others }, look) {
    alexnet ??= new Lpips(await checkedFile(file));
    alexnet.load(await crewWith(alexnet.bytesFor(original)));
    return alexnet.measure(original, others, look);
  },

  differ: ({ pictures }) => whereTheyDiffer(pictures),

  figure: ({ figure, kind }) => figureFile(figure, kind),

  // A version of a picture as a PNG, measured where there is an original.
  async version({ model, scale, picture, original, tilePx, text }, look) {
    let begun = performance.now();
    const told = (share) => {
      if (share === 0) begun = performance.now(); // the network is there: loading it does not count
      look(share);
    };
    const isBicubic = model.name === "bicubic";
    const given = picture.alpha ? seenColours(picture) : picture;
    const made = isBicubic ? { picture: matlabBicubic(given, scale) } : await enlarged(model, given, tilePx, told);
    const mended = isBicubic ? 0 : mend(given, made.picture, scale, model.mean_px);
    const whole = picture.alpha ? withAlpha(made.picture, picture, scale, isBicubic) : made.picture;
    const seconds = (performance.now() - begun) / 1000;
    const { width, height } = made.picture;
    const measured = original && measure(made.picture, original, scale);
    const facts = mended ? { ...text, "Nitidez-Mended": `bicubic in ${Number((100 * mended).toPrecision(3))} %` } : text;
    const png = await pngOf(whole, facts);
    return { png, width, height, seconds, mended, measured, provider: made.provider, threads: made.threads };
  },
};

self.addEventListener("message", async ({ data: { id, name, args } }) => {
  const look = (share) => self.postMessage({ id, share });
  try {
    self.postMessage({ id, result: await CALLS[name](args, look) });
  } catch (error) {
    const isMemory = error instanceof RangeError;
    self.postMessage({ id, trouble: { key: error.key ?? (isMemory ? "memory" : "other"), detail: error.detail ?? String(error.message ?? error) } });
  }
});

// A scale bar over each view, where it is known how large a pixel is: of a round length, and of
// whole device pixels. It lies beside the picture's pixels and never among them.

import { create, setText } from "../../js/elements.js";

const SHARE = 0.3; // of the view's width, at most
const STEPS = [5, 2, 1];

// The longest round length, in micrometres, that takes at most so many.
export function roundLength(mostUm) {
  const power = 10 ** Math.floor(Math.log10(mostUm));
  const step = STEPS.find((one) => one * power <= mostUm * 1.000001) ?? 1;
  return step * power;
}

// 5 µm, 0.5 µm as 500 nm, 2000 µm as 2 mm: whole numbers.
export function lengthName(um) {
  const [value, unit] = um >= 1000 ? [um / 1000, "mm"] : um >= 1 ? [um, "µm"] : [um * 1000, "nm"];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

export function showScaleBar(view, pixelUm, zoom) {
  if (!view.scaleBar) {
    view.scaleBar = create("div", "nv-scalebar");
    view.scaleBar.append(create("span"), create("i"));
    view.box.append(view.scaleBar);
  }
  view.scaleBar.hidden = !pixelUm;
  if (!pixelUm) return;
  const dpr = view.dpr || 1;
  const perUm = zoom / pixelUm; // device pixels
  const length = roundLength((view.size.width * SHARE) / perUm);
  setText(view.scaleBar.firstChild, lengthName(length));
  view.scaleBar.lastChild.style.width = `${Math.round(length * perUm) / dpr}px`;
}

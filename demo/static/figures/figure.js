// The figure of a paper, laid out as sr/figures/paper.py and paper_files.py do it: a whole picture
// with boxes on the left, a row a box and a column a method on its right.

import { lumaRow } from "../work/fidelity.js";
import { roundedEven } from "../work/tiles.js";

export const COLOURS = ["#d55e00", "#0072b2", "#009e73", "#cc79a7"];
const COLUMN_PX = 200; // about as wide as a column of crops is, where the crops allow it
const LEAST_BOX_PX = 4;
const CHOSEN_SHARE = 6; // a box that is chosen here is so many times narrower than the picture
const TIE = 1e-9; // sums this close, as a share of them, are the same
const MARGIN_PX = 16;
const GAP_PX = 8;
export const LINE_PX = 18;
const MOST_WHOLE_PX = 900; // a larger picture is drawn smaller; its crops are not
const [INK, GREY] = ["#141414", "#5a5a5a"];

function meanOf(picture) {
  let sum = 0;
  for (let y = 0; y < picture.height; y += 1) for (const value of lumaRow(picture, y, 0)) sum += value;
  return sum / (picture.width * picture.height);
}

// The square in which the pictures' luma differs most, of one picture its most varied one:
// [left, top, width, height].
export function whereTheyDiffer(pictures) {
  const [{ width, height }] = pictures;
  const side = Math.max(LEAST_BOX_PX, Math.floor(Math.max(width, height) / CHOSEN_SHARE));
  const [wide, high] = [Math.min(side, width), Math.min(side, height)];
  const count = pictures.length;
  const mean = count === 1 ? meanOf(pictures[0]) : null;
  const spread = (values) => {
    const middle = mean ?? values.reduce((sum, value) => sum + value, 0) / count;
    return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / count;
  };
  const rows = []; // of sums from the left, as many as the square is high
  const sums = new Float64Array(width + 1);
  let best = { sum: -1, left: 0, top: 0 };
  for (let y = 0; y < height; y += 1) {
    const lumas = pictures.map((picture) => lumaRow(picture, y, 0));
    const row = new Float64Array(width + 1);
    for (let x = 0; x < width; x += 1) row[x + 1] = row[x] + spread(lumas.map((luma) => luma[x]));
    const gone = rows.length === high ? rows.shift() : null;
    rows.push(row);
    for (let x = 1; x <= width; x += 1) sums[x] += row[x] - (gone?.[x] ?? 0);
    for (let x = 0; rows.length === high && x + wide <= width; x += 1) {
      const sum = sums[x + wide] - sums[x];
      if (sum > best.sum * (1 + TIE)) best = { sum, left: x, top: y - high + 1 };
    }
  }
  return [best.left, best.top, wide, high];
}

// By how much each box is enlarged, pixel by pixel.
export const magnificationOf = ([, , width]) => Math.max(1, Math.floor(COLUMN_PX / width));

// What stands under a name: "27.31 dB / 0.182"; "" without an original.
export function numbersOf({ psnr, lpips }) {
  return [psnr != null && `${psnr.toFixed(2)} dB`, lpips != null && lpips.toFixed(3)].filter(Boolean).join(" / ");
}

// How to read it, in a sentence.
export function captionOf({ columns, boxes }) {
  const said = `crops enlarged ${[...new Set(boxes.map(magnificationOf))].map((times) => `${times}:1`).join(", ")}`;
  const measured = [["psnr", "PSNR-Y"], ["lpips", "LPIPS"]].filter(([key]) => columns.some((one) => one[key] != null));
  if (!measured.length) return said;
  return `${said}; under each name ${measured.map(([, name]) => name).join(" / ")} of the whole picture`;
}

// Where everything is: { width, height, shrink, placed, boxes, texts }. `columns` are { name, psnr,
// lpips, crops }, the original first where there is one; the whole picture is the first column's.
export function layoutOf({ whole, columns, boxes }) {
  const shrink = Math.min(1, MOST_WHOLE_PX / Math.max(whole.width, whole.height));
  const [wholeWidth, wholeHeight] = [whole.width, whole.height].map((side) => Math.ceil(side * shrink - 1e-9));
  const placed = [{ picture: whole, left: MARGIN_PX, top: MARGIN_PX, width: wholeWidth, height: wholeHeight }];
  const frames = [];
  const columnPx = Math.max(...boxes.map((box) => box[2] * magnificationOf(box)));
  const start = MARGIN_PX + wholeWidth + 2 * GAP_PX;
  const leftOf = (column) => start + column * (columnPx + GAP_PX);
  let top = MARGIN_PX;
  boxes.forEach((box, row) => {
    const [left, above, wide, high] = box.map((side) => roundedEven(side * shrink));
    const colour = COLOURS[row];
    frames.push({ left: MARGIN_PX + left, top: MARGIN_PX + above, width: Math.max(1, wide), height: Math.max(1, high), colour });
    const times = magnificationOf(box);
    const [width, height] = [box[2] * times, box[3] * times];
    columns.forEach((one, column) => {
      placed.push({ picture: one.crops[row], left: leftOf(column), top, width, height, colour });
    });
    top += height + GAP_PX;
  });
  const texts = [{ text: columns[0].name, left: MARGIN_PX, top: MARGIN_PX + wholeHeight + 4, width: wholeWidth, colour: INK }];
  columns.forEach((one, column) => {
    texts.push({ text: one.name, left: leftOf(column), top: top - 2, width: columnPx, colour: INK });
    texts.push({ text: numbersOf(one), left: leftOf(column), top: top - 2 + LINE_PX, width: columnPx, colour: GREY });
  });
  const bottom = Math.max(top + 2 * LINE_PX, MARGIN_PX + wholeHeight + LINE_PX);
  const width = leftOf(columns.length) - GAP_PX + MARGIN_PX;
  texts.push({ text: captionOf({ columns, boxes }), left: MARGIN_PX, top: bottom + 4, width: width - 2 * MARGIN_PX, colour: GREY });
  const shown = texts.filter(({ text }) => text);
  return { width, height: bottom + LINE_PX + MARGIN_PX, shrink, placed, boxes: frames, texts: shown };
}

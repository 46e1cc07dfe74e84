// The figure of a paper as files: PNG, SVG, and LaTeX with the pictures it includes, as
// sr/figures/paper_files.py writes them. Letters are this browser's.

import { latexOf } from "../../compare/js/table.js";
import { captionOf, COLOURS, layoutOf, LINE_PX, magnificationOf, numbersOf } from "./figure.js";
import { pngOf, zipOf } from "../work/packing.js";
import { cropped, matlabBicubic } from "../work/resize.js";

const FONT_PX = 14;
const FRAME_PX = 3;
const FONT = `${FONT_PX}px sans-serif`;

// Every pixel as a block of times x times.
function enlarged({ width, height, data }, times) {
  const out = { width: times * width, height: times * height, data: new Uint8Array(3 * times * times * width * height) };
  const row = 3 * out.width;
  for (let y = 0; y < height; y += 1) {
    const first = y * times * row;
    for (let x = 0; x < out.width; x += 1) {
      const from = 3 * (y * width + Math.floor(x / times));
      out.data.set(data.subarray(from, from + 3), first + 3 * x);
    }
    for (let copy = 1; copy < times; copy += 1) out.data.copyWithin(first + copy * row, first, first + row);
  }
  return out;
}

function paste(out, { width, height, data }, left, top) {
  for (let y = 0; y < height; y += 1) out.data.set(data.subarray(3 * y * width, 3 * (y + 1) * width), 3 * ((top + y) * out.width + left));
}

function fill(out, left, top, right, bottom, colour) {
  const rgb = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  for (let y = Math.max(0, top); y < Math.min(bottom, out.height); y += 1) {
    for (let x = Math.max(0, left); x < Math.min(right, out.width); x += 1) out.data.set(rgb, 3 * (y * out.width + x));
  }
}

// A frame around a rectangle, outside of its pixels.
function frame(out, { left, top, width, height, colour }) {
  const [right, bottom] = [left + width, top + height];
  fill(out, left - FRAME_PX, top - FRAME_PX, right + FRAME_PX, top, colour);
  fill(out, left - FRAME_PX, bottom, right + FRAME_PX, bottom + FRAME_PX, colour);
  fill(out, left - FRAME_PX, top, left, bottom, colour);
  fill(out, right, top, right + FRAME_PX, bottom, colour);
}

// The text, with an ellipsis where it is too long.
function cut(text, width) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.font = FONT;
  const isFit = (said) => context.measureText(said).width <= width;
  if (isFit(text)) return text;
  let letters = [...text];
  while (letters.length && !isFit(`${letters.join("")}...`)) letters = letters.slice(0, -1);
  return `${letters.join("")}...`;
}

// A line of text on white, as wide as it may be.
function written({ text, width, colour }) {
  const context = new OffscreenCanvas(width, LINE_PX).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, LINE_PX);
  context.font = FONT;
  context.fillStyle = colour;
  context.fillText(cut(text, width), 0, FONT_PX);
  const { data } = context.getImageData(0, 0, width, LINE_PX);
  return { width, height: LINE_PX, data: data.filter((_, at) => at % 4 < 3) };
}

// The figure's pixels. `write` makes the pixels of a text.
export function drawn(figure, write = written) {
  const { width, height, shrink, placed, boxes, texts } = layoutOf(figure);
  const out = { width, height, data: new Uint8Array(3 * width * height).fill(255) };
  for (const each of placed) {
    const { picture, left, top } = each;
    const isSmaller = each.width < picture.width;
    paste(out, isSmaller ? matlabBicubic(picture, shrink) : enlarged(picture, each.width / picture.width), left, top);
    if (each.colour) frame(out, each);
  }
  for (const box of boxes) frame(out, box);
  for (const text of texts) paste(out, write(text), text.left, text.top);
  return out;
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };
const escaped = (text) => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]);

async function dataAddress(picture) {
  const bytes = new Uint8Array(await (await pngOf(picture)).arrayBuffer());
  let letters = "";
  for (let at = 0; at < bytes.length; at += 8190) letters += btoa(String.fromCharCode(...bytes.subarray(at, at + 8190)));
  return `data:image/png;base64,${letters}`;
}

// The figure with text as text; its pictures are inside, pixel by pixel as they are.
export async function svgOf(figure, cutText = cut) {
  const { width, height, placed, boxes, texts } = layoutOf(figure);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="${FONT_PX}">`,
    `<title>${escaped(captionOf(figure))}</title>`,
    '<rect width="100%" height="100%" fill="white"/>',
  ];
  for (const each of placed) {
    parts.push(
      `<image x="${each.left}" y="${each.top}" width="${each.width}" height="${each.height}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${await dataAddress(each.picture)}"/>`,
    );
  }
  for (const each of [...placed.filter(({ colour }) => colour), ...boxes]) {
    parts.push(
      `<rect x="${each.left}" y="${each.top}" width="${each.width}" height="${each.height}" fill="none" stroke="${each.colour}" stroke-width="${FRAME_PX}"/>`,
    );
  }
  for (const { text, left, top, width: most, colour } of texts) {
    parts.push(`<text x="${left}" y="${top + FONT_PX}" fill="${colour}">${escaped(cutText(text, most))}</text>`);
  }
  return `${[...parts, "</svg>"].join("\n")}\n`;
}

// A LaTeX figure that needs graphicx only, and the pictures it includes by name, in `folder`.
export function latexFigure(figure, folder) {
  const { whole, columns, boxes } = figure;
  const framed = cropped(whole, 0, 0, whole.width, whole.height);
  boxes.forEach(([left, top, width, height], row) => frame(framed, { left, top, width, height, colour: COLOURS[row] }));
  const pictures = { "whole.png": framed };
  const share = 0.98 / (columns.length + 2);
  const rows = boxes.map((box, row) => {
    const cells = columns.map(({ crops }, column) => {
      const name = `box${row + 1}_${column + 1}.png`;
      pictures[name] = enlarged(crops[row], magnificationOf(box));
      return `\\includegraphics[width=${share.toFixed(3)}\\linewidth]{${folder}/${name}}`;
    });
    return `${cells.join(" &\n    ")} \\\\`;
  });
  for (const line of [columns.map(({ name }) => latexOf(name)), columns.map((one) => latexOf(numbersOf(one)))]) {
    if (line.some(Boolean)) rows.push(`${line.map((cell) => `\\scriptsize ${cell}`).join(" & ")} \\\\`);
  }
  const caption = captionOf(figure);
  const text = [
    "% needs \\usepackage{graphicx}",
    "\\begin{figure*}",
    "  \\centering\\setlength{\\tabcolsep}{1pt}",
    `  \\raisebox{-0.5\\height}{\\includegraphics[width=${(2 * share).toFixed(3)}\\linewidth]{${folder}/whole.png}}`,
    `  \\begin{tabular}{${"c".repeat(columns.length)}}\n    ${rows.join("\n    ")}\n  \\end{tabular}`,
    `  \\caption{${latexOf(caption[0].toUpperCase() + caption.slice(1))}.}`,
    "\\end{figure*}\n",
  ].join("\n");
  return { text, pictures };
}

// The figure as a blob: "png", "svg", or "latex", which is a zip.
export async function figureFile(figure, kind) {
  if (kind === "png") return pngOf(drawn(figure), { Description: captionOf(figure) });
  if (kind === "svg") return new Blob([await svgOf(figure)], { type: "image/svg+xml" });
  const { text, pictures } = latexFigure(figure, "figure");
  const files = { "figure.tex": new Blob([text]) };
  for (const [name, picture] of Object.entries(pictures)) files[`figure/${name}`] = await pngOf(picture);
  return zipOf(files);
}

// What the comparison comes to, without a browser: order, parts of pictures, tables as text.

import { frameOf } from "../../web/viewer/js/viewport.js";

// A name that no other picture has.
export function freeName(name, taken) {
  let free = name || "-";
  for (let number = 2; taken.includes(free); number += 1) free = `${name || "-"} (${number})`;
  return free;
}

// The whole pixels of a picture of `width` x `height` that a view shows: [left, top, width, height].
export function visiblePart(viewport, extent, size, { width, height }) {
  const frame = frameOf(viewport, extent, size);
  const along = (start, zoomed, view, own) => {
    const first = Math.max(0, Math.floor((-start * own) / zoomed + 1e-6));
    const last = Math.min(own, Math.ceil(((view - start) * own) / zoomed - 1e-6));
    return [first, Math.max(1, last - first)];
  };
  const [left, wide] = along(frame.x, frame.width, size.width, width);
  const [top, high] = along(frame.y, frame.height, size.height, height);
  return [left, top, wide, high];
}

// The pixels between two corners, given in pixels of the extent: [left, top, width, height].
export function boxBetween(one, two, { width, height }) {
  const along = (a, b, most) => {
    const first = Math.max(0, Math.floor(Math.min(a, b)));
    const last = Math.min(most, Math.ceil(Math.max(a, b)));
    return [first, last - first];
  };
  const [left, wide] = along(one.x, two.x, width);
  const [top, high] = along(one.y, two.y, height);
  return [left, top, wide, high];
}

// Sides whose ratio is the same within a pixel are one content at two scales.
export const isSameShape = (a, b) =>
  Math.abs(a.width * b.height - b.width * a.height) <= Math.max(a.width, a.height, b.width, b.height);

export const asText = (head, rows) => [head, ...rows].map((row) => row.join("\t")).join("\n");

export const asCsv = (head, rows) =>
  [head, ...rows]
    .map((row) => row.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell)))
    .map((row) => row.join(","))
    .join("\n");

const LATEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };

// Text as LaTeX prints it.
export const latexOf = (text) => text.replace(/[\\~^&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`);

export function asLatex(head, rows) {
  const line = (row) => `  ${row.map(latexOf).join(" & ")} \\\\`;
  const columns = `l${"r".repeat(head.length - 1)}`;
  return [
    `\\begin{tabular}{${columns}}`, "  \\hline", line(head), "  \\hline", ...rows.map(line),
    "  \\hline", "\\end{tabular}",
  ].join("\n");
}

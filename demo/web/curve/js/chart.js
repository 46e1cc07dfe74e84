// A line chart over the logarithm of pixels per degree, as SVG.

const CHART = { width: 720, height: 240, left: 44, right: 16, top: 22, bottom: 40 };

export function svgNode(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

// A round number a few of which make the height of the chart.
function tickStep(most) {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough);
}

// `own` is the person's pixels per degree, or null.
export function drawChart({ ppds, pairs, noticeable, own, title, words, number }) {
  const { width, height, left, right, top, bottom } = CHART;
  const svg = svgNode("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
  const most = Math.max(noticeable * 1.5, ...pairs.flatMap((pair) => pair.differences));
  const [first, last] = [ppds[0], ppds[ppds.length - 1]];
  const share = (ppd) => Math.log(ppd / first) / Math.log(last / first);
  const x = (ppd) => left + (width - left - right) * Math.min(1, Math.max(0, share(ppd)));
  const y = (value) => height - bottom - ((height - top - bottom) * value) / most;
  const step = tickStep(most);
  for (let value = 0; value <= most; value += step) {
    svg.append(svgNode("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    const place = { class: "tick", x: left - 8, y: y(value) + 4, "text-anchor": "end" };
    svg.append(svgNode("text", place, number(value, 1)));
  }
  for (const ppd of ppds) {
    const place = { class: "tick", x: x(ppd), y: height - bottom + 18, "text-anchor": "middle" };
    svg.append(svgNode("text", place, number(ppd)));
  }
  const axis = { class: "tick", x: width - right, y: height - 4, "text-anchor": "end" };
  svg.append(svgNode("text", axis, words.axis));
  svg.append(svgNode("text", { class: "tick", x: left, y: 12 }, words.height));
  const edge = { class: "just", x1: left, x2: width - right, y1: y(noticeable), y2: y(noticeable) };
  svg.append(svgNode("line", edge));
  pairs.forEach((pair, index) => {
    const points = ppds.map((ppd, place) => `${x(ppd)},${y(pair.differences[place])}`).join(" ");
    svg.append(svgNode("polyline", { class: `line c${index % 6}`, points }));
  });
  if (own) {
    svg.append(svgNode("line", { class: "own", x1: x(own), x2: x(own), y1: top, y2: height - bottom }));
    const anchor = share(own) > 0.6 ? "end" : "start";
    const shift = anchor === "end" ? -6 : 6;
    const place = { class: "own-label", x: x(own) + shift, y: top + 10, "text-anchor": anchor };
    svg.append(svgNode("text", place, words.own));
  }
  const note = { class: "tick over", x: width - right, y: y(noticeable) - 5, "text-anchor": "end" };
  svg.append(svgNode("text", note, words.noticeable));
  return svg;
}

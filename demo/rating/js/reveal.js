// The end: what was chosen, in pictures and in numbers, beside what PSNR and LPIPS say.

import { surveyUrl } from "./transport.js";

const SHOWN = 4; // pictures side by side that are seen at once; the others unfold

export function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

export function revealed(reveal, say) {
  const nameOf = (method) => reveal.names[method]?.[say.language] || method;
  const scale = reveal.scale === "dcr" ? "impairment" : "score";
  const parts = [];
  const { again } = reveal;
  if (again.ratings) parts.push(make("p", "", say("reveal_again_ratings", again)));
  if (again.pairs) parts.push(make("p", "", say("reveal_again_pairs", again)));
  parts.push(...picturesOf(reveal.choices, nameOf, say, scale));
  if (reveal.ratings.length) parts.push(ratingsTable(reveal, nameOf, say));
  if (reveal.pairs.length) parts.push(pairsTable(reveal.pairs, nameOf, say));
  parts.push(make("p", "ns-soft", say("reveal_note")));
  if (reveal.choices.length) parts.push(choicesList(reveal.choices, nameOf, say, scale));
  return parts;
}

// Two pictures of a photograph side by side with their names: those that were compared, the
// preferred one marked; where nothing was, the one rated highest and the one rated lowest.
function picturesOf(choices, nameOf, say, scale) {
  const compared = choices
    .filter((choice) => choice.kind === "pair" && choice.answer !== "tie")
    .map(({ photograph, left, right, answer, images }) => ({
      photograph,
      two: [left, right].map((method, side) => ({
        name: nameOf(method),
        image: images[side],
        told: method === answer ? say("reveal_preferred") : "",
      })),
    }));
  const shown = compared.length ? compared : extremes(choices, nameOf, say, scale);
  const seen = new Set();
  const isNew = ({ photograph }) => !seen.has(photograph) && seen.add(photograph);
  const first = shown.filter(isNew).slice(0, SHOWN);
  if (!first.length) return [];
  const rest = shown.filter((one) => !first.includes(one));
  const title = say(compared.length ? "reveal_pictures" : "reveal_extremes");
  const parts = [make("h3", "", title), ...first.map(twoPictures)];
  if (rest.length) {
    const details = make("details");
    details.append(make("summary", "", say("reveal_more", { count: rest.length })));
    details.addEventListener("toggle", () => details.append(...rest.map(twoPictures)), { once: true });
    parts.push(details);
  }
  return parts;
}

function extremes(choices, nameOf, say, scale) {
  const rated = new Map();
  for (const choice of choices) {
    if (choice.kind === "pair") continue;
    rated.set(choice.photograph, [...(rated.get(choice.photograph) || []), choice]);
  }
  return [...rated]
    .map(([photograph, own]) => {
      const sorted = [...own].sort((a, b) => b.answer - a.answer);
      const two = [sorted[0], sorted[sorted.length - 1]].map(({ left, right, answer, images }) => ({
        name: nameOf(right || left),
        image: images[1] || images[0],
        told: wordsOf(answer, say, scale),
        answer,
      }));
      return { photograph, two };
    })
    .filter(({ two }) => two[0].answer !== two[1].answer);
}

function twoPictures({ photograph, two }) {
  const figure = make("figure", "ns-two");
  for (const { name, image, told } of two) {
    const box = make("div", told ? "ns-told" : "");
    const picture = make("img");
    picture.src = surveyUrl(`image/${image}`);
    picture.alt = `${photograph}, ${name}`;
    picture.loading = "lazy";
    const words = make("span", "", name);
    if (told) words.append(make("b", "", told));
    box.append(picture, words);
    figure.append(box);
  }
  figure.append(make("figcaption", "ns-soft", photograph));
  return figure;
}

const wordsOf = (score, say, scale) => `${score} (${say(`${scale}_${score}`)})`;

function table(caption, heads, rows) {
  const scroll = make("div", "ns-scroll");
  const made = make("table");
  made.append(make("caption", "", caption));
  const head = make("tr");
  heads.forEach((text) => {
    const cell = make("th", "", text);
    cell.scope = "col";
    head.append(cell);
  });
  const top = make("thead");
  top.append(head);
  const body = make("tbody");
  for (const row of rows) {
    const line = make("tr");
    row.forEach((content, index) => {
      const cell = make(index ? "td" : "th");
      if (!index) cell.scope = "row";
      cell.append(content);
      line.append(cell);
    });
    body.append(line);
  }
  made.append(top, body);
  scroll.append(made);
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", caption);
  return scroll;
}

function ratingsTable({ ratings, scale }, nameOf, say) {
  const figure = (value, digits) => (value === null ? "–" : say.number(value, digits, digits));
  const rows = [...ratings]
    .sort((a, b) => b.mean - a.mean)
    .map((row) => [
      nameOf(row.method),
      meter(row.mean, say),
      figure(row.psnr_y, 2),
      figure(row.lpips_alex, 3),
    ]);
  const heads = ["reveal_version", "reveal_score", "reveal_psnr", "reveal_lpips"].map((k) => say(k));
  return table(say(scale === "dcr" ? "reveal_degradation" : "reveal_ratings"), heads, rows);
}

// A mean score as a number and a bar from 1 to 5.
function meter(mean, say) {
  const box = make("span", "ns-meter");
  const bar = make("i");
  const fill = make("b");
  fill.style.width = `${((mean - 1) / 4) * 100}%`;
  bar.append(fill);
  bar.setAttribute("aria-hidden", "true");
  box.append(bar, make("span", "", say.number(mean, 1, 1)));
  return box;
}

function pairsTable(pairs, nameOf, say) {
  const heads = ["reveal_pair", "reveal_you", "reveal_psnr_choice", "reveal_lpips_choice"];
  const rows = pairs.map((pair) => {
    const a = nameOf(pair.method_a);
    const b = nameOf(pair.method_b);
    const votes = (forA, forB) => (forA === null || forB === null ? "–" : `${forA} : ${forB}`);
    const own = make("span", "", votes(pair.a, pair.b));
    if (pair.tie) own.append(make("small", "", ` (${say("reveal_tie", { count: pair.tie })})`));
    return [`${a} : ${b}`, own, votes(pair.psnr_a, pair.psnr_b), votes(pair.lpips_a, pair.lpips_b)];
  });
  return table(say("reveal_pairs"), heads.map((key) => say(key)), rows);
}

function choicesList(choices, nameOf, say, scale) {
  const details = make("details");
  details.append(make("summary", "", say("reveal_each")));
  const list = make("ol", "ns-each");
  for (const choice of choices) {
    const { left, right, answer, photograph } = choice;
    const shown = right ? `${nameOf(left)} – ${nameOf(right)}` : nameOf(left);
    const given =
      typeof answer === "number"
        ? wordsOf(answer, say, scale)
        : answer === "tie" ? say("choice_tie") : nameOf(answer);
    list.append(make("li", "", `${photograph}: ${shown} → ${given}`));
  }
  details.append(list);
  return details;
}

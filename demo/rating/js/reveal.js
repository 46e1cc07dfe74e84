// The end: what was chosen, beside what PSNR and LPIPS say of the same pictures.

export function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

export function revealed(reveal, say) {
  const nameOf = (method) => reveal.names[method]?.[say.language] || method;
  const parts = [];
  if (reveal.ratings.length) parts.push(ratingsTable(reveal.ratings, nameOf, say));
  if (reveal.pairs.length) parts.push(pairsTable(reveal.pairs, nameOf, say));
  parts.push(make("p", "ns-soft", say("reveal_note")));
  if (reveal.choices.length) parts.push(choicesList(reveal.choices, nameOf, say));
  return parts;
}

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

function ratingsTable(ratings, nameOf, say) {
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
  return table(say("reveal_ratings"), heads, rows);
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

function choicesList(choices, nameOf, say) {
  const details = make("details");
  details.append(make("summary", "", say("reveal_each")));
  const list = make("ol", "ns-each");
  for (const choice of choices) {
    const { left, right, answer, photograph } = choice;
    const shown = right ? `${nameOf(left)} – ${nameOf(right)}` : nameOf(left);
    const given =
      typeof answer === "number"
        ? `${answer} (${say(`score_${answer}`)})`
        : answer === "tie" ? say("choice_tie") : nameOf(answer);
    list.append(make("li", "", `${photograph}: ${shown} → ${given}`));
  }
  details.append(list);
  return details;
}

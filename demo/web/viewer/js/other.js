// "Simulate display": the choice of the display, and what to say of it.

import { setAttribute, setText } from "../../js/elements.js";
import { MM_PER_INCH, ppdOf, PRESETS } from "../../js/optics.js";
import { screens } from "../../js/storage.js";

// Pixels per degree of this screen, as the display tab keeps them; null when not measured.
export function densityNow() {
  const known = screens.recall();
  return known?.ppi && known?.distance_cm ? ppdOf(known.ppi, known.distance_cm) : null;
}

// Device pixels of this screen that take the angle of one pixel there; null: pixel for pixel.
export function unitOf(other) {
  const own = densityNow();
  return other && own ? own / ppdOf(other.ppi, other.cm) : null;
}

export function attachOther(viewer) {
  const { root, listeners } = viewer;
  const { signal } = listeners;
  const select = root.querySelector("[data-as]");
  const form = root.querySelector(".nv-other");
  const fields = form.querySelectorAll("input");
  const choose = () => {
    const preset = PRESETS[Number(select.value)];
    if (select.value === "own") return viewer.showAsOn(null);
    if (preset) {
      fields[0].value = preset.ppi.toFixed(1);
      fields[1].value = preset.cm;
    }
    viewer.showAsOn(typed());
    if (!preset) fields[0].focus();
    return undefined;
  };
  // What the two fields say, or null where that can't be; the text under them tells.
  const typed = () => {
    const isBad = (field) => field.value === "" || !field.checkValidity();
    viewer.badField = [...fields].find(isBad)?.name || null;
    return viewer.badField ? null : { ppi: Number(fields[0].value), cm: Number(fields[1].value) };
  };
  select.addEventListener("change", choose, { signal });
  form.addEventListener(
    "input",
    () => {
      if (select.value !== "other") select.value = "other";
      viewer.showAsOn(typed());
    },
    { signal },
  );
  form.addEventListener("submit", (event) => event.preventDefault(), { signal });
}

export function showOtherWords(viewer) {
  const select = viewer.root.querySelector("[data-as]");
  const chosen = select.value || "own";
  const nameOf = ({ kind, inches, width, height, cm }) =>
    viewer.t("as_preset", {
      name: viewer.t("other_display", {
        kind: viewer.t(kind),
        inches: viewer.number(inches, 1),
        width,
        height,
      }),
      cm,
    });
  select.replaceChildren(
    new Option(viewer.t("as_own"), "own"),
    ...PRESETS.map((preset, index) => new Option(nameOf(preset), index)),
    new Option(viewer.t("as_other"), "other"),
  );
  select.value = chosen;
}

export function showOther(viewer) {
  const { root } = viewer;
  const select = root.querySelector("[data-as]");
  const isOwn = select.value === "own";
  select.disabled = !viewer.panes.length;
  root.querySelector(".nv-other").hidden = isOwn;
  if (!isOwn) setText(root.querySelector(".nv-other-text"), otherText(viewer));
  setAttribute(root, "data-unit", viewer.unit ? String(viewer.unit) : null);
}

function otherText(viewer) {
  const { other, extent, unit } = viewer;
  if (!densityNow()) return viewer.t("as_unknown");
  if (viewer.badField) return viewer.t(viewer.badField === "ppi" ? "as_bad_ppi" : "as_bad_cm");
  if (!other || !extent || !unit) return "";
  const own = densityNow();
  const ppd = ppdOf(other.ppi, other.cm);
  const mm = (pixels) => (pixels * viewer.ratio * MM_PER_INCH) / other.ppi;
  const degrees = (360 / Math.PI) * Math.atan(mm(extent.width) / 20 / other.cm);
  const seen = viewer.t("as_seen", {
    ppd: viewer.number(ppd, 1),
    width: viewer.number(mm(extent.width)),
    height: viewer.number(mm(extent.height)),
    degrees: viewer.number(degrees, 1),
  });
  const shown = unit * viewer.ratio; // device pixels here per pixel there
  const values = { own: viewer.number(own, 1), count: viewer.number(1 / shown ** 2, 1) };
  if (shown >= 0.999) return `${seen} ${viewer.t("as_all", values)}`;
  return `${seen} ${viewer.t(own < 60 ? "as_mean_lost" : "as_mean_fine", values)}`;
}

// The lists that open beside the photo: which models, how results are saved.
// The HTML is rendered anew while one is open, so what is open and focused is kept here.

import { setText } from "../../web/js/elements.js";
import { storage } from "../../web/js/storage.js";

const KINDS = ["model", "share", "open", "save", "quality", "look", "scope"]; // of what can have the focus
const REST_MS = 700; // after a tick, before the work begins: others may follow

export function tickedModels(boxes) {
  return boxes.filter((box) => box.checked).map((box) => box.dataset.model);
}

const KEY = "nitidez-models"; // names by scale
const EDGE_PX = 10; // between an open list and the right edge of the window

// A list opens under its button, as far to the left as it takes to fit.
function keepInside(panel) {
  panel.style.marginLeft = "";
  const over = panel.getBoundingClientRect().right + EDGE_PX - document.documentElement.clientWidth;
  if (over > 0) panel.style.marginLeft = `${-over}px`;
}

// What a slider at a place stands for: the name and the title of a model.
export const stepAt = (range) => JSON.parse(range.dataset.steps)[Number(range.value)];

export function attachOptions(element, trigger) {
  let open = null;
  let focused = null;
  let slidTo = null; // where the slider was moved, until the work begins
  let resting;

  const find = (selector) => element.querySelector(selector);
  const boxes = () => [...element.querySelectorAll("[data-model]")];

  function show() {
    for (const button of element.querySelectorAll("[data-open]")) {
      const isOpen = button.dataset.open === open;
      button.setAttribute("aria-expanded", String(isOpen));
      const panel = find(`[data-panel="${button.dataset.open}"]`);
      panel.classList.toggle("is-open", isOpen);
      if (isOpen) keepInside(panel);
    }
  }

  function toggle(name) {
    open = name;
    show();
  }

  function chooseModels(models) {
    clearTimeout(resting);
    slidTo = null;
    const { scale } = find(".picker").dataset;
    storage.set(KEY, { ...storage.get(KEY), [scale]: models });
    trigger("input", { models });
  }

  // The row above the slider is the model it stands for.
  function mark(range) {
    const [name, title] = stepAt(range);
    const row = range.closest(".between").previousElementSibling;
    const box = row.querySelector("[data-model]");
    box.dataset.model = name;
    box.checked = true;
    setText(row.querySelector(".title"), title);
    range.setAttribute("aria-valuetext", title);
  }

  function chooseSoon() {
    clearTimeout(resting);
    resting = setTimeout(() => chooseModels(tickedModels(boxes())), REST_MS);
  }

  // After the HTML is new: as it was before.
  function restore() {
    show();
    const range = find("[data-share]");
    if (range && slidTo !== null) {
      range.value = slidTo;
      mark(range);
    }
    if (focused) find(focused)?.focus({ preventScroll: true });
  }

  addEventListener("resize", show);
  element.addEventListener("focusin", (event) => {
    const kind = KINDS.find((name) => name in event.target.dataset);
    focused = kind ? `[data-${kind}="${event.target.dataset[kind]}"]` : null;
  });
  element.addEventListener("focusout", (event) => {
    if (event.relatedTarget) focused = null; // else the HTML may be new
  });
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-open]");
    if (button) return toggle(open === button.dataset.open ? null : button.dataset.open);
    const adds = event.target.closest("[data-add]");
    if (adds) chooseModels([...tickedModels(boxes()), ...adds.dataset.add.split(" ")]);
  });
  function chooseSaving() {
    const kind = find("[data-save]:checked").dataset.save;
    trigger("input", { save: { kind, quality: find("[data-quality]").value } });
  }

  element.addEventListener("input", (event) => {
    if (!event.target.matches("[data-share]")) return;
    slidTo = event.target.value;
    mark(event.target);
    chooseSoon();
  });
  element.addEventListener("change", (event) => {
    if (event.target.matches("[data-save], [data-quality]")) return chooseSaving();
    if (!event.target.dataset.model) return;
    const models = tickedModels(boxes());
    if (!models.length) {
      event.target.checked = true; // there is always one
      return;
    }
    chooseSoon();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !open) return;
    const button = find(`[data-open="${open}"]`);
    toggle(null);
    button?.focus();
  });
  document.addEventListener("pointerdown", function outside(event) {
    if (!element.isConnected) return document.removeEventListener("pointerdown", outside);
    if (open && !event.target.closest?.(".option")) toggle(null);
  });
  const remembered = storage.get(KEY);
  if (remembered) trigger("input", { remembered });
  return restore;
}

// The toolbar, the headings, the status line and the help: what is pressed and what it says.

import { create, setAttribute, setText } from "../../js/elements.js";
import { MM_PER_INCH } from "../../js/optics.js";
import { dprNow } from "../../js/pixels.js";
import { screens } from "../../js/storage.js";
import { densityNow, showOther, showOtherWords } from "./other.js";

const GAINS = [1, 2, 4, 8, 16];

export function attachControls(viewer) {
  const { root, listeners } = viewer;
  const { signal } = listeners;
  const actions = {
    fullscreen: () => viewer.toggleFullscreen().catch((error) => console.warn(error)),
    help: () => viewer.help.showModal(),
    "close-help": () => viewer.help.close(),
    swap: () => viewer.setPair(viewer.sideB, viewer.sideA),
  };
  root.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const { modeButton, zoomTo, step, action, show, gain } = button.dataset;
      if (modeButton) viewer.setMode(modeButton);
      else if (zoomTo === "fit") viewer.zoomToFit();
      else if (zoomTo) viewer.zoomTo(Number(zoomTo) * (viewer.unit || 1));
      else if (step) viewer.step(Number(step));
      else if (show) viewer.showSingle(show);
      else if (gain) viewer.setGain(Number(gain));
      else if (action) actions[action]();
    },
    { signal },
  );
  for (const select of root.querySelectorAll("[data-side]")) {
    const onChange = () => {
      const { side } = select.dataset;
      if (side === "a") viewer.setPair(select.value, viewer.sideB);
      else viewer.setPair(viewer.sideA, select.value);
    };
    select.addEventListener("change", onChange, { signal });
  }
  // A click on the page behind closes the help.
  viewer.help.addEventListener(
    "click",
    (event) => (event.target === viewer.help ? viewer.help.close() : undefined),
    { signal },
  );
  const canFill = document.fullscreenEnabled && root.requestFullscreen;
  root.querySelector('[data-action="fullscreen"]').hidden = !canFill;
}

export function showControls(viewer) {
  const { root } = viewer;
  const all = (selector) => root.querySelectorAll(selector);
  if (root.lang !== viewer.language) showWords(viewer);
  for (const button of all("[data-mode-button]")) {
    setAttribute(button, "aria-pressed", String(button.dataset.modeButton === viewer.mode));
    button.disabled = !viewer.panes.length;
  }
  for (const button of all("[data-zoom-to], [data-step]")) button.disabled = !viewer.panes.length;
  showChips(viewer);
  for (const [select, key] of [
    [root.querySelector('[data-side="a"]'), viewer.sideA],
    [root.querySelector('[data-side="b"]'), viewer.sideB],
  ]) {
    const wanted = viewer.panes.map((pane) => `${pane.key}\n${pane.label}`).join("\n\n");
    if (select.dataset.options !== wanted) {
      select.replaceChildren(...viewer.panes.map((pane) => new Option(pane.label, pane.key)));
      select.dataset.options = wanted;
    }
    select.value = key ?? "";
  }
  for (const button of all("[data-gain]")) {
    setAttribute(button, "aria-pressed", String(Number(button.dataset.gain) === viewer.gain));
  }
  showOther(viewer);
}

function showChips(viewer) {
  const { chips, panes } = viewer;
  while (chips.children.length > panes.length) chips.lastChild.remove();
  while (chips.children.length < panes.length) {
    const chip = create("button", "nv-chip", { type: "button" });
    chip.append(create("span", "nv-badge", { "aria-hidden": "true" }), create("span", "nv-label"));
    chips.append(chip);
  }
  panes.forEach((pane, index) => {
    const chip = chips.children[index];
    chip.dataset.show = pane.key;
    setText(chip.firstChild, index < 9 ? index + 1 : "");
    setText(chip.lastChild, pane.label);
    chip.classList.toggle("nv-quiet", !viewer.pictureOf(pane.key));
    const isShown = viewer.mode === "single" && viewer.shown === pane.key;
    setAttribute(chip, "aria-pressed", String(isShown));
    setAttribute(chip, "title", viewer.t("show_alone", { label: pane.label, key: index + 1 }));
  });
}

// Every word of the skeleton, in the language of the value.
function showWords(viewer) {
  const { root } = viewer;
  root.lang = viewer.language;
  root.setAttribute("aria-label", viewer.t("viewer"));
  for (const node of root.querySelectorAll("[data-text]")) {
    setText(node, viewer.t(node.dataset.text));
  }
  for (const node of root.querySelectorAll("[data-title]")) {
    node.title = viewer.t(node.dataset.title);
  }
  for (const node of root.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", viewer.t(node.dataset.label));
    if (node.matches("button, select")) node.title = viewer.t(node.dataset.label);
  }
  for (const button of root.querySelectorAll("[data-zoom-to]:not([data-zoom-to=fit])")) {
    const pixels = button.dataset.zoomTo;
    const key = pixels === "1" ? "zoom_to_one" : "zoom_to";
    button.title = viewer.t(key, { ratio: `${pixels}:1`, pixels });
  }
  const gains = GAINS.map((gain) => {
    const button = create("button", "nv-button", { type: "button", "data-gain": gain });
    button.textContent = `×${gain}`;
    button.title = viewer.t("gain_of", { gain });
    button.setAttribute("aria-label", button.title);
    return button;
  });
  root.querySelector(".nv-gain").replaceChildren(...gains);
  viewer.divider.setAttribute("aria-label", viewer.t("divider"));
  showOtherWords(viewer);
  showHelp(viewer);
}

function showHelp(viewer) {
  const rows = [
    ["help_move", viewer.t("help_move_keys")],
    ["help_zoom", viewer.t("help_zoom_keys")],
    ["help_exact", viewer.t("help_exact_keys")],
    ["help_fit", "0"],
    ["help_single", "1 – 9"],
    ["help_back", viewer.t("help_back_keys")],
    ["help_grid", "G, Esc"],
    ["help_wipe", "W"],
    ["help_difference", "D"],
    ["help_swap", "S"],
    ["help_order", viewer.t("help_order_keys")],
    ["help_fullscreen", "F"],
  ];
  const items = rows.flatMap(([key, keys]) => {
    const term = create("dt", "");
    const description = create("dd", "");
    term.textContent = keys;
    description.textContent = viewer.t(key);
    return [term, description];
  });
  viewer.help.querySelector("dl").replaceChildren(...items);
}

// Headings and what lies over a view that has no picture yet.
export function showHeads(viewer) {
  viewer.views.forEach((view, index) => {
    const pane = viewer.panes[index];
    const nameHint = viewer.t("show_alone", { label: pane.label, key: index + 1 });
    showPane(viewer, view, pane, index, nameHint);
    view.name.dataset.show = pane.key;
    view.handle.hidden = viewer.panes.length < 2;
    setAttribute(view.handle, "aria-label", viewer.t("move_pane", { label: pane.label }));
    setAttribute(view.handle, "title", viewer.t("move_pane", { label: pane.label }));
  });
  const view = viewer.focusView;
  if (viewer.mode === "single") {
    const index = viewer.panes.findIndex((pane) => pane.key === viewer.shown);
    if (index >= 0) showPane(viewer, view, viewer.panes[index], index, null);
    return;
  }
  if (viewer.work) view.stop.hidden = true;
  const [a, b] = [viewer.paneOf(viewer.sideA), viewer.paneOf(viewer.sideB)];
  if (!a || !b) return;
  const title =
    viewer.mode === "wipe"
      ? `${a.label} | ${b.label}`
      : viewer.t("difference_title", { a: a.label, b: b.label, gain: viewer.gain });
  view.showHead({ caption: "", nameHint: null, downloadUrl: null });
  setAttribute(view.canvas, "aria-label", title);
  const missing = [a, b].find((pane) => !viewer.pictureOf(pane.key));
  const text = missing && `${missing.label}: ${stateText(viewer, missing)}`;
  view.showOverlay(text, null, { isFailed: missing && isFailed(viewer, missing) });
}

// The file as it is shown, or made of it by the server where another kind is asked for.
function savedAt(pane, picture) {
  const isAsShown = !pane.download_url || pane.download_url === pane.url;
  return isAsShown ? picture.downloadUrl : pane.download_url;
}

function showPane(viewer, view, pane, index, nameHint) {
  const picture = viewer.pictureOf(pane.key);
  const isFinal = pane.state === "ready" && picture && picture.url === pane.url;
  view.showHead({
    badge: index < 9 ? index + 1 : "",
    label: pane.label,
    caption: pane.caption,
    nameHint,
    downloadUrl: isFinal ? savedAt(pane, picture) : null,
    downloadName: pane.download_name || `${pane.key}.png`,
    downloadLabel: viewer.t("download", { label: pane.label }),
  });
  view.figure.dataset.key = pane.key;
  view.figure.dataset.state = pane.state;
  const text = stateText(viewer, pane);
  setAttribute(view.canvas, "aria-label", text ? `${pane.label}: ${text}` : pane.label);
  const progress = pane.state === "running" ? pane.progress ?? 0 : null;
  view.showOverlay(text, progress, { isFailed: isFailed(viewer, pane), isOverPicture: picture });
  if (viewer.work) viewer.work.showStop(view, pane);
}

function isFailed(viewer, pane) {
  const picture = viewer.pictures.get(pane.url);
  return pane.state === "failed" || Boolean(picture && picture.state === "failed");
}

// What a pane says instead of showing a finished picture; "" when it shows one.
function stateText(viewer, pane) {
  if (isFailed(viewer, pane)) {
    if (pane.state !== "failed") return viewer.t("failed_load");
    return pane.message ? `${viewer.t("state_failed")}: ${pane.message}` : viewer.t("state_failed");
  }
  if (pane.state === "waiting") return viewer.t("state_waiting");
  if (pane.state === "running") {
    const parts = [viewer.t("state_running")];
    if (pane.progress != null) parts.push(`${viewer.number(pane.progress * 100)} %`);
    if (pane.seconds_left != null) {
      parts.push(viewer.t("time_left", { time: viewer.duration(pane.seconds_left) }));
    }
    return parts.join(" · ");
  }
  return viewer.pictureOf(pane.key) ? "" : viewer.t("state_loading");
}

// How fine and how large the picture is on this screen, as far as that was measured.
function seenParts(viewer) {
  const { extent, viewport } = viewer;
  const known = screens.recall();
  const ppd = densityNow();
  const parts = [];
  if (ppd) parts.push(viewer.t("seen", { ppd: viewer.number(ppd / viewport.zoom, 0) }));
  else parts.push(viewer.t("unseen"));
  if (known?.ppi && extent) {
    const mm = (pixels) => viewer.number((pixels * viewport.zoom * MM_PER_INCH) / known.ppi);
    parts.push(viewer.t("millimetres", { width: mm(extent.width), height: mm(extent.height) }));
  }
  return parts;
}

// The line under the pictures, and the state of the view as attributes of the root.
export function showStatus(viewer) {
  const { root, viewport, panes } = viewer;
  const find = (selector) => root.querySelector(selector);
  const { zoom, center } = viewport;
  const isEmpty = !panes.length || !viewer.extent;
  const pixels = viewer.number(zoom >= 1 ? zoom : 1 / zoom, zoom > 0.5 ? 2 : 1);
  const scale = viewer.t(zoom >= 1 ? "scale_up" : "scale_down", { pixels });
  const isPageZoomed = window.visualViewport && Math.abs(window.visualViewport.scale - 1) > 0.001;
  const isReduced = viewer.mode === "difference" && viewer.difference.isReduced;
  const legend = viewer.mode === "difference" ? "difference_legend" : null;
  const note = isPageZoomed ? "page_zoomed" : isReduced ? "difference_reduced" : legend;
  setText(find(".nv-zoom"), isEmpty ? "" : viewer.zoomName());
  setText(find(".nv-scale"), isEmpty ? "" : `${viewer.zoomName()} · ${scale}`);
  setText(find(".nv-position"), viewer.place && !isEmpty ? viewer.t("position", viewer.place) : "");
  setText(find(".nv-note"), note && !isEmpty ? viewer.t(note) : "");
  const dpr = viewer.number(dprNow(), 2);
  const screen = viewer.t("screen", { dpr });
  const parts = [screen, ...(viewer.other ? [] : seenParts(viewer))];
  setText(find(".nv-screen"), isEmpty ? "" : parts.join(" · "));
  showOther(viewer);
  for (const button of root.querySelectorAll("[data-zoom-to]")) {
    const { zoomTo } = button.dataset;
    const isPressed = zoomTo === "fit" ? viewer.isFit : !viewer.isFit && Number(zoomTo) === viewer.ratio;
    setAttribute(button, "aria-pressed", String(isPressed && !isEmpty));
  }
  showReadout(viewer);
  showDivider(viewer);
  setAttribute(root, "data-zoom", String(zoom));
  setAttribute(root, "data-center", `${center.x} ${center.y}`);
  setAttribute(root, "data-fit", String(viewer.isFit));
  setAttribute(root, "data-pannable", String(!isEmpty && viewer.canPan));
}

// The colour under the pointer in each version.
function showReadout(viewer) {
  const { readout, panes, place } = viewer;
  while (readout.children.length > panes.length) readout.lastChild.remove();
  while (readout.children.length < panes.length) {
    const item = create("span", "nv-colour");
    item.append(create("i", ""), create("span", "nv-label"), create("span", "nv-rgb"));
    readout.append(item);
  }
  panes.forEach((pane, index) => {
    const item = readout.children[index];
    const colour = place && viewer.colourAt(pane.key, place);
    item.classList.toggle("nv-none", !colour);
    setText(item.children[1], pane.label);
    setText(item.children[2], colour ? `${colour[0]} ${colour[1]} ${colour[2]}` : "");
    item.children[0].style.background = colour
      ? `rgb(${colour[0]} ${colour[1]} ${colour[2]})`
      : "transparent";
    item.dataset.rgb = colour ? colour.slice(0, 3).join(" ") : "";
  });
  readout.classList.toggle("nv-idle", !place);
}

function showDivider(viewer) {
  const { divider, split, focusView } = viewer;
  if (viewer.mode !== "wipe") return;
  const edge = Math.round(split * focusView.size.width) / dprNow();
  divider.style.transform = `translateX(${edge}px)`;
  const percent = Math.round(split * 100);
  setAttribute(divider, "aria-valuenow", String(percent));
  setAttribute(divider, "aria-valuetext", viewer.t("divider_value", { percent: `${percent} %` }));
}

// The view as one picture, and boxes drawn on it.

import { create } from "../../web/js/elements.js";
import { dprNow } from "../../web/js/pixels.js";
import { frameOf } from "../../web/viewer/js/viewport.js";
import { boxBetween } from "./table.js";

const HEAD_PX = 24;
const GAP_PX = 8;

// A canvas with every pane as it is on the screen, device pixel for device pixel, under its name.
export function viewPicture(viewer) {
  const shown = viewer.activeViews.map((view) => ({ view, box: view.box.getBoundingClientRect() }));
  const dpr = dprNow();
  const columns = new Set(shown.map(({ box }) => Math.round(box.left))).size;
  const rows = Math.ceil(shown.length / columns);
  const wide = Math.max(...shown.map(({ view }) => view.size.width));
  const high = Math.max(...shown.map(({ view }) => view.size.height));
  const [head, gap] = [HEAD_PX, GAP_PX].map((px) => Math.round(px * dpr));
  const canvas = document.createElement("canvas");
  canvas.width = gap + columns * (wide + gap);
  canvas.height = gap + rows * (head + high + gap);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.textBaseline = "middle";
  context.font = `${Math.round(14 * dpr)}px sans-serif`;
  shown.forEach(({ view }, index) => {
    const left = gap + (index % columns) * (wide + gap);
    const top = gap + Math.floor(index / columns) * (head + high + gap);
    context.fillStyle = "#141414";
    context.fillText(captionOf(viewer, index), left, top + head / 2, wide);
    const { width, height } = view.size;
    const { x, y } = view.inset;
    context.drawImage(view.canvas, x, y, width, height, left, top + head, width, height);
  });
  return canvas;
}

function captionOf(viewer, index) {
  const label = (key) => viewer.paneOf(key)?.label ?? "";
  if (viewer.mode === "grid") {
    const { label: name, caption } = viewer.panes[index];
    return caption ? `${name}  ${caption}` : name;
  }
  if (viewer.mode === "single") return label(viewer.shown);
  return `A: ${label(viewer.sideA)}   B: ${label(viewer.sideB)}`;
}

// While `isOn()`, a pointer draws a box instead of moving the picture; `done` gets it in pixels of
// the extent.
export function attachDrawing(viewer, isOn, done) {
  let begun = null;
  const placeOf = ({ view, event }) => {
    const point = view.pointOf(event);
    const frame = frameOf(viewer.viewport, viewer.extent, view.size);
    const { zoom } = viewer.viewport;
    return { x: (point.x - frame.x) / zoom, y: (point.y - frame.y) / zoom };
  };
  const finish = () => {
    begun?.mark.remove();
    begun = null;
  };
  const onPointer = {
    pointerdown(event) {
      const box = event.target.closest?.(".nv-view");
      const view = box && viewer.viewOfBox.get(box);
      if (!view || !viewer.extent) return;
      box.setPointerCapture(event.pointerId);
      const mark = create("div", "nc-drawn");
      box.append(mark);
      const { left, top } = box.getBoundingClientRect();
      begun = { view, mark, place: placeOf({ view, event }), left, top, x: event.clientX, y: event.clientY };
    },
    pointermove(event) {
      if (!begun) return;
      Object.assign(begun.mark.style, {
        left: `${Math.min(begun.x, event.clientX) - begun.left}px`,
        top: `${Math.min(begun.y, event.clientY) - begun.top}px`,
        width: `${Math.abs(event.clientX - begun.x)}px`,
        height: `${Math.abs(event.clientY - begun.y)}px`,
      });
    },
    pointerup(event) {
      if (!begun) return;
      const box = boxBetween(begun.place, placeOf({ view: begun.view, event }), viewer.extent);
      finish();
      done(box);
    },
    pointercancel: finish,
  };
  for (const [name, listener] of Object.entries(onPointer)) {
    const guarded = (event) => {
      if (!isOn() && !begun) return;
      event.stopPropagation();
      listener(event);
    };
    viewer.stage.addEventListener(name, guarded, { capture: true, signal: viewer.listeners.signal });
  }
}

// The order of the panes: moved by their handles, with a pointer or arrow keys, and remembered.

import { storage } from "../../js/storage.js";

const ORDER_KEY = "nitidez-order";
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

// A list with the item at `from` moved to the place `to`.
export function moved(list, from, to) {
  const rest = list.filter((_, index) => index !== from);
  const place = Math.min(rest.length, Math.max(0, to));
  return [...rest.slice(0, place), list[from], ...rest.slice(place)];
}

// Items with the keys named by `keys` in that order; the others stay in their places.
export function inOrder(items, keys) {
  const isKnown = ({ key }) => keys.includes(key);
  const known = items.filter(isKnown).sort((a, b) => keys.indexOf(a.key) - keys.indexOf(b.key));
  return items.map((item) => (isKnown(item) ? known.shift() : item));
}

export const orderedAsBefore = (panes) => inOrder(panes, storage.get(ORDER_KEY) ?? []);

// What is not shown now keeps its place behind what is.
export function rememberOrder(keys) {
  const before = storage.get(ORDER_KEY) ?? [];
  storage.set(ORDER_KEY, [...keys, ...before.filter((key) => !keys.includes(key))]);
}

export function attachOrder(viewer) {
  const { root, gridBox, listeners } = viewer;
  const { signal } = listeners;
  const indexAt = (node) => viewer.views.findIndex(({ figure }) => figure.contains(node));
  const isHandle = (node) => Boolean(node.closest?.(".nv-handle"));
  let from = -1;
  let to = -1;

  const show = () => {
    viewer.views.forEach(({ figure }, index) => {
      figure.classList.toggle("nv-moving", index === from);
      figure.classList.toggle("nv-target", from >= 0 && index === to && to !== from);
    });
  };
  const stop = () => {
    from = to = -1;
    show();
  };
  const onDown = (event) => {
    if (!isHandle(event.target) || event.button > 0) return;
    from = to = indexAt(event.target);
    event.target.closest(".nv-handle").setPointerCapture(event.pointerId);
    show();
  };
  const onMove = (event) => {
    if (from < 0) return;
    to = indexAt(document.elementFromPoint(event.clientX, event.clientY));
    show();
  };
  const onUp = () => {
    const [first, last] = [from, to];
    stop();
    if (first >= 0 && last >= 0 && last !== first) viewer.movePane(first, last);
  };
  const onKey = (event) => {
    if (!isHandle(event.target) || !(event.key in STEPS)) return;
    event.preventDefault(); // arrow keys elsewhere move the picture
    const index = indexAt(event.target);
    const place = index + STEPS[event.key];
    if (place >= 0 && place < viewer.panes.length) viewer.movePane(index, place);
  };
  gridBox.addEventListener("pointerdown", onDown, { signal });
  gridBox.addEventListener("pointermove", onMove, { signal });
  gridBox.addEventListener("pointerup", onUp, { signal });
  gridBox.addEventListener("pointercancel", stop, { signal });
  root.addEventListener("keydown", onKey, { signal });
}

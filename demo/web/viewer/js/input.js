// Pointer, wheel, touch and keyboard.

import { dprNow } from "../../js/pixels.js";

const GESTURE_PAUSE_MS = 220;
const DOUBLE_TAP_MS = 320;
const DOUBLE_TAP_PX = 24;

export function attachPointer(viewer) {
  const { stage, divider, listeners } = viewer;
  const { signal } = listeners;
  const fingers = new Map(); // pointer id -> { x, y } in client coordinates
  let gesture = null;
  let lastTap = { time: -Infinity, x: 0, y: 0 };

  const viewAt = (node) => {
    const box = node.closest && node.closest(".nv-view");
    return box ? viewer.viewOfBox.get(box) : null;
  };

  // One finger drags; two pinch about the point between them.
  const begin = (view) => {
    const [first, second] = [...fingers.values()];
    gesture = first && { view, isPinch: Boolean(second) };
    if (!second) return;
    gesture.distance = Math.max(1, Math.hypot(first.x - second.x, first.y - second.y));
    gesture.zoom = viewer.viewport.zoom;
  };

  const doubleTap = (event, view) => {
    const tap = { time: event.timeStamp, x: event.clientX, y: event.clientY };
    const isDouble =
      tap.time - lastTap.time < DOUBLE_TAP_MS &&
      Math.hypot(tap.x - lastTap.x, tap.y - lastTap.y) < DOUBLE_TAP_PX;
    lastTap = isDouble ? { time: -Infinity, x: 0, y: 0 } : tap;
    if (!isDouble) return;
    const { fit, viewport } = viewer;
    const closer = viewer.unit ? 2 * viewer.unit : fit < 1 ? 1 : fit * 2;
    if (viewport.zoom < closer) viewer.zoomTo(closer, view.pointOf(event), view.size);
    else viewer.zoomToFit();
  };

  stage.addEventListener(
    "pointerdown",
    (event) => {
      const view = viewAt(event.target);
      if (!view || event.button > 0 || event.target.closest(".nv-divider")) return;
      stage.focus({ preventScroll: true });
      view.box.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, travel: 0 });
      viewer.root.dataset.dragging = "true";
      begin(view);
    },
    { signal },
  );

  stage.addEventListener(
    "pointermove",
    (event) => {
      const finger = fingers.get(event.pointerId);
      if (!finger) {
        const view = viewAt(event.target);
        if (event.pointerType !== "touch") viewer.setHover(view, view && view.pointOf(event));
        return;
      }
      const { view } = gesture;
      const dpr = dprNow();
      const x = event.clientX - finger.x;
      const y = event.clientY - finger.y;
      const share = gesture.isPinch ? 0.5 : 1;
      Object.assign(finger, { x: event.clientX, y: event.clientY });
      finger.travel += Math.hypot(x, y);
      viewer.panBy(x * dpr * share, y * dpr * share, view.size);
      if (gesture.isPinch) {
        const [first, second] = [...fingers.values()];
        const middle = { clientX: (first.x + second.x) / 2, clientY: (first.y + second.y) / 2 };
        const distance = Math.hypot(first.x - second.x, first.y - second.y);
        const zoom = (gesture.zoom * distance) / gesture.distance;
        viewer.zoomTo(zoom, view.pointOf(middle), view.size);
      } else if (event.pointerType !== "touch") {
        viewer.setHover(view, view.pointOf(event));
      }
    },
    { signal },
  );

  const end = (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const { view, isPinch } = gesture;
    fingers.delete(event.pointerId);
    if (event.type === "pointerup" && !isPinch && finger.travel < 4) {
      if (viewer.mode === "wipe") viewer.setSplit(view.pointOf(event).x / view.size.width);
      doubleTap(event, view);
    }
    begin(view);
    if (!fingers.size) delete viewer.root.dataset.dragging;
  };
  stage.addEventListener("pointerup", end, { signal });
  stage.addEventListener("pointercancel", end, { signal });
  stage.addEventListener("pointerleave", () => viewer.setHover(null), { signal });

  attachDivider(viewer, divider, signal);
  attachWheel(viewer, viewAt, signal);
}

function attachDivider(viewer, divider, signal) {
  const moveTo = (event) => {
    const { x } = viewer.focusView.pointOf(event);
    viewer.setSplit(x / viewer.focusView.size.width);
  };
  const onDown = (event) => {
    divider.setPointerCapture(event.pointerId);
    divider.focus({ preventScroll: true });
    event.preventDefault();
  };
  const onMove = (event) => {
    if (divider.hasPointerCapture(event.pointerId)) moveTo(event);
  };
  const onKey = (event) => {
    const step = event.shiftKey ? 0.1 : 0.02;
    const places = {
      ArrowLeft: viewer.split - step,
      ArrowDown: viewer.split - step,
      ArrowRight: viewer.split + step,
      ArrowUp: viewer.split + step,
      PageDown: viewer.split - 0.1,
      PageUp: viewer.split + 0.1,
      Home: 0,
      End: 1,
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    event.stopPropagation();
    viewer.setSplit(places[event.key]);
  };
  divider.addEventListener("pointerdown", onDown, { signal });
  divider.addEventListener("pointermove", onMove, { signal });
  divider.addEventListener("keydown", onKey, { signal });
}

// The wheel zooms. A page scroll that carries the pointer over the viewer goes on scrolling, and
// so does a wheel that would zoom out of a picture that is already seen whole.
function attachWheel(viewer, viewAt, signal) {
  const last = { time: -Infinity, isPage: false };
  let travel = 0;

  const onWheel = (event) => {
    if (viewer.isGone()) return;
    const view = viewAt(event.target);
    const isNewGesture = event.timeStamp - last.time > GESTURE_PAUSE_MS;
    const isOurs = view && viewer.extent && viewer.stage.contains(view.box);
    if (isNewGesture) {
      travel = 0;
      last.isPage = !isOurs || (viewer.isFit && event.deltaY > 0 && !event.ctrlKey);
    }
    last.time = event.timeStamp;
    if (!isOurs || (last.isPage && !event.ctrlKey)) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? 200 : 1;
    const delta = event.deltaY * unit * (event.ctrlKey && Math.abs(event.deltaY) < 50 ? 6 : 1);
    const { zoom } = viewer.viewport;
    const point = view.pointOf(event);
    if (!viewer.unit && (zoom < 1 || (zoom === 1 && delta > 0))) {
      const target = zoom * Math.exp(-delta / 400);
      const isLeavingOne = zoom === 1 && target > 0.9;
      viewer.zoomTo(isLeavingOne ? 0.9 : Math.min(1, target), point, view.size);
      return;
    }
    // From 1:1 up a notch, or as much travel on a touch pad, is one whole step.
    travel = Math.sign(travel) === Math.sign(delta) ? travel + delta : delta;
    if (Math.abs(travel) < 50) return;
    viewer.step(travel < 0 ? 1 : -1, point, view.size);
    travel = 0;
  };
  document.addEventListener("wheel", onWheel, { signal, passive: false });
}

export function attachKeys(viewer) {
  const { root, stage, listeners } = viewer;
  const { signal } = listeners;
  let isOver = false;
  root.addEventListener("pointerenter", () => (isOver = true), { signal });
  root.addEventListener("pointerleave", () => (isOver = false), { signal });

  const pan = (x, y) => (event) => {
    const { width, height } = viewer.viewSize;
    const share = event.shiftKey ? 0.5 : 0.1;
    viewer.panBy(Math.round(x * width * share), Math.round(y * height * share));
  };
  const keys = {
    ArrowLeft: pan(1, 0),
    ArrowRight: pan(-1, 0),
    ArrowUp: pan(0, 1),
    ArrowDown: pan(0, -1),
    "+": () => viewer.step(1),
    "=": () => viewer.step(1),
    "-": () => viewer.step(-1),
    _: () => viewer.step(-1),
    0: () => viewer.zoomToFit(),
    Escape: () => viewer.setMode("grid"),
    g: () => viewer.setMode("grid"),
    w: () => viewer.setMode("wipe"),
    d: () => viewer.setMode("difference"),
    s: () => viewer.setPair(viewer.sideB, viewer.sideA),
    f: () => viewer.toggleFullscreen().catch((error) => console.warn(error)),
    " ": () => viewer.showSingle(viewer.before ?? viewer.shown),
    "?": () => viewer.help.showModal(),
  };

  const onKey = (event) => {
    if (viewer.isGone() || viewer.help.open || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    const isNowhere = target === document.body || target === document.documentElement;
    if (!root.contains(target) && !(isOver && isNowhere)) return;
    if (target.closest("input, textarea, select, [contenteditable=true]")) return;
    if (event.key === " " && target !== stage && !isNowhere) return; // presses the button
    const isDigit = /^[1-9]$/.test(event.key);
    const pane = isDigit && viewer.panes[Number(event.key) - 1];
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!viewer.panes.length || (isDigit ? !pane : !act)) return;
    event.preventDefault();
    if (pane) viewer.showSingle(pane.key);
    else act(event);
  };
  document.addEventListener("keydown", onKey, { signal });
}

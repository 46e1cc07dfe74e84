// What each view shows in each mode. drawView tells whether all there is to draw was drawn.

import { drawCheckerboard, drawPicture, PAINT_BUDGET_MS } from "./paint.js";
import { frameOf } from "./viewport.js";

export function drawView(viewer, view) {
  const { size, clip } = view;
  const frame = frameOf(viewer.viewport, viewer.extent, size);
  if (viewer.mode === "difference") return drawDifference(viewer, view, frame);
  view.clear();
  noteFrame(viewer, view, frame);
  if (viewer.mode === "wipe") {
    const split = Math.round(viewer.split * size.width);
    const isLeftDone = drawVersion(viewer, view, viewer.sideA, frame, { ...clip, right: split });
    return drawVersion(viewer, view, viewer.sideB, frame, { ...clip, left: split }) && isLeftDone;
  }
  const key = viewer.mode === "single" ? viewer.shown : viewer.panes[viewer.views.indexOf(view)].key;
  return drawVersion(viewer, view, key, frame, clip);
}

function drawVersion(viewer, view, key, frame, clip) {
  const picture = viewer.pictureOf(key);
  if (!picture || clip.right <= clip.left) return true;
  const { context } = view;
  context.save();
  context.beginPath();
  context.rect(clip.left, clip.top, clip.right - clip.left, clip.bottom - clip.top);
  context.clip();
  drawCheckerboard(context, frame, clip, 8 * window.devicePixelRatio);
  let isDone = true;
  if (viewer.unit) {
    const deadline = performance.now() + PAINT_BUDGET_MS;
    isDone = viewer.resampler.paint(context, picture, frame, clip, deadline);
    if (!isDone) viewer.requestDraw();
  } else {
    drawPicture(context, picture, frame, clip);
  }
  context.restore();
  return isDone;
}

// Where the picture lies and what is seen of the canvas, for whoever looks from outside.
function noteFrame(viewer, view, frame) {
  const { inset, size } = view;
  view.box.dataset.frame = [frame.x, frame.y, frame.width, frame.height].join(" ");
  view.box.dataset.seen = [inset.x, inset.y, size.width, size.height].join(" ");
  viewer.lastDifference = "";
}

function drawDifference(viewer, view, frame) {
  const { context, clip, canvas } = view;
  const first = viewer.pictureOf(viewer.sideA);
  const second = viewer.pictureOf(viewer.sideB);
  const { inset } = view;
  const look = [
    frame, inset, canvas.width, canvas.height, viewer.gain, viewer.extent,
    first && first.url, second && second.url,
  ];
  const isSameLook = JSON.stringify(look) === viewer.lastDifference;
  if (!isSameLook) {
    view.clear();
    noteFrame(viewer, view, frame);
  }
  if (!first || !second) return true;
  if (viewer.unit) {
    const deadline = performance.now() + PAINT_BUDGET_MS;
    const isAll = viewer.resampler.paintDifference(
      context, first, second, viewer.gain, frame, clip, deadline,
    );
    if (!isAll) viewer.requestDraw();
    return isAll;
  }
  const isDone = viewer.difference.paint(
    context, first, second, viewer.gain, viewer.extent, frame, clip, isSameLook,
  );
  viewer.lastDifference = JSON.stringify(look);
  if (!isDone) viewer.requestDraw();
  return isDone;
}

// The part of each photograph that is shown, as a box that can be moved.

import { create, setText } from "../../web/js/elements.js";

const STEP_PX = 8; // of the photograph, a press of an arrow key

// A box of the same size, moved but within the whole: [left, top, width, height].
export function moved([left, top, width, height], dx, dy, [wholeWidth, wholeHeight]) {
  const within = (value, most) => Math.round(Math.min(Math.max(value, 0), Math.max(most, 0)));
  return [within(left + dx, wholeWidth - width), within(top + dy, wholeHeight - height), width, height];
}

// One photograph with its box; `changed` is told the box, or null for the most detail again.
export function cropView({ crop, url, box, say, changed }) {
  const root = create("div", "nst-crop");
  const frame = create("div", "nst-crop-picture");
  const image = create("img", "", { alt: "", src: url, draggable: "false" });
  const handle = create("button", "nst-box", { type: "button", "aria-label": say("crop_box", { photo: crop.photo }) });
  const caption = create("span", "");
  const back = create("button", "plain", { type: "button" });
  setText(back, say("crop_back"));
  let now = box ?? crop.box;
  let isOwn = Boolean(box);

  function show() {
    const [width, height] = crop.of;
    const place = { left: now[0] / width, top: now[1] / height, width: now[2] / width, height: now[3] / height };
    for (const [side, share] of Object.entries(place)) handle.style[side] = `${100 * share}%`;
    setText(caption, say(isOwn ? "crop_owner" : "crop_detail", { photo: crop.photo }));
    back.hidden = !isOwn;
  }

  function move(dx, dy) {
    now = moved(now, dx, dy, crop.of);
    isOwn = true;
    show();
    changed(now);
  }

  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    const from = now;
    const perPx = crop.of[0] / frame.clientWidth;
    const at = [event.clientX, event.clientY];
    const follow = (next) => {
      now = from;
      move((next.clientX - at[0]) * perPx, (next.clientY - at[1]) * perPx);
    };
    handle.addEventListener("pointermove", follow);
    const end = () => handle.removeEventListener("pointermove", follow);
    handle.addEventListener("pointerup", end, { once: true });
    handle.addEventListener("pointercancel", end, { once: true });
  });
  handle.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    move(way[0] * STEP_PX, way[1] * STEP_PX);
  });
  back.addEventListener("click", () => {
    now = crop.box;
    isOwn = false;
    show();
    changed(null);
    handle.focus();
  });
  image.addEventListener("error", () => {
    frame.hidden = true;
    setText(caption, `${crop.photo}: ${say("crop_unseen")}`);
  });
  frame.append(image, handle);
  root.append(frame, caption, back);
  show();
  return root;
}

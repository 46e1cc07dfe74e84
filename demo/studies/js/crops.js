// The part of each photograph that is shown, as a box that is moved and, where it may be, resized.

import { movedBox, shapedBox } from "../../web/js/box.js";
import { create, setText } from "../../web/js/elements.js";

const LEAST_STEP_PX = 8; // of the photograph, a press of an arrow key
const STEPS = 64; // that an arrow key divides the photograph's shorter side into
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const CORNERS = { nw: { x: 1, y: 1 }, ne: { x: 0, y: 1 }, sw: { x: 1, y: 0 }, se: { x: 0, y: 0 } }; // what is held

const asBox = ([left, top, width, height]) => ({ left, top, width, height });

// One photograph with its box; `changed` is told [left, top, width, height], or null for the most
// detail again. `window` is the width and height of the smallest; only what is reduced may be larger.
export function cropView({ crop, window, url, box, say, changed }) {
  const root = create("div", "nst-crop");
  const frame = create("div", "nst-crop-picture");
  const image = create("img", "", { alt: "", src: url, draggable: "false" });
  const handle = create("button", "nst-box", { type: "button", "aria-label": say("crop_box", { photo: crop.photo }) });
  const caption = create("span", "");
  const back = create("button", "plain", { type: "button" });
  const least = { width: window[0], height: window[1] };
  const whole = { width: crop.of[0], height: crop.of[1] };
  if (crop.is_reduced) handle.append(...Object.keys(CORNERS).map((corner) => create("i", "", { "data-corner": corner })));
  setText(back, say("crop_back"));
  let now = asBox(box ?? crop.box);
  let isOwn = Boolean(box);

  function show() {
    const { width, height } = whole;
    const place = { left: now.left / width, top: now.top / height, width: now.width / width, height: now.height / height };
    for (const [side, share] of Object.entries(place)) handle.style[side] = `${100 * share}%`;
    const size = crop.is_reduced ? ` (${now.width} × ${now.height})` : "";
    setText(caption, say(isOwn ? "crop_owner" : "crop_detail", { photo: crop.photo }) + size);
    back.hidden = !isOwn;
  }

  function take(next) {
    now = next;
    isOwn = true;
    show();
    changed([now.left, now.top, now.width, now.height]);
  }

  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    const from = now;
    const held = CORNERS[event.target.dataset.corner];
    const perPx = whole.width / frame.clientWidth;
    const follow = (next) => {
      const across = (next.clientX - event.clientX) * perPx;
      const down = (next.clientY - event.clientY) * perPx;
      if (!held) return take(movedBox(from, from.left + across, from.top + down, whole));
      const wider = Math.max(held.x ? -across : across, ((held.y ? -down : down) * least.width) / least.height);
      return take(shapedBox(from, { width: from.width + wider }, whole, least, held));
    };
    handle.addEventListener("pointermove", follow);
    const end = () => handle.removeEventListener("pointermove", follow);
    handle.addEventListener("pointerup", end, { once: true });
    handle.addEventListener("pointercancel", end, { once: true });
  });
  handle.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const step = Math.max(LEAST_STEP_PX, Math.round(Math.min(whole.width, whole.height) / STEPS));
    const [across, down] = arrow.map((way) => way * step);
    if (!event.shiftKey) take(movedBox(now, now.left + across, now.top + down, whole));
    else if (crop.is_reduced) take(shapedBox(now, { width: now.width + across + down }, whole, least));
  });
  back.addEventListener("click", () => {
    now = asBox(crop.box);
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

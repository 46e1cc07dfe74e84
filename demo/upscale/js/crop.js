// The frame on a photo that is too large: dragged, resized at its corners, or by arrow keys.

import { fillIn, languageNow, numberIn } from "../../web/js/words.js";
import { firstBox, movedBox, resizedBox } from "../../web/js/box.js";

const STEPS = 64; // that an arrow key divides the picture's shorter side into
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function attachCrop(element, trigger) {
  let box = null;
  let shownFor = null; // the picture that the box belongs to
  let drag = null;

  const section = () => element.querySelector(".large");
  const frame = () => element.querySelector(".frame");

  function picture() {
    const { width, height, most } = section().dataset;
    return { width: Number(width), height: Number(height), most: Number(most) };
  }

  function draw() {
    const { width, height } = picture();
    const style = frame().style;
    style.left = `${(100 * box.left) / width}%`;
    style.top = `${(100 * box.top) / height}%`;
    style.width = `${(100 * box.width) / width}%`;
    style.height = `${(100 * box.height) / height}%`;
    const said = Object.fromEntries(
      Object.entries(box).map(([name, value]) => [name, numberIn(languageNow(), value)]),
    );
    const text = fillIn(section().dataset.said, said);
    element.querySelector(".frame-said").textContent = text;
    frame().setAttribute("aria-valuetext", text);
  }

  // After the HTML is new: the same box on the same photo.
  function restore() {
    drag = null;
    if (!section()) {
      shownFor = null;
      return;
    }
    const { width, height, most } = picture();
    if (shownFor !== section().dataset.photo) box = firstBox(width, height, most);
    shownFor = section().dataset.photo;
    draw();
  }

  // A place on the screen in the photo's pixels.
  function place(event) {
    const around = element.querySelector(".large figure").getBoundingClientRect();
    const { width, height } = picture();
    return {
      x: ((event.clientX - around.left) * width) / around.width,
      y: ((event.clientY - around.top) * height) / around.height,
    };
  }

  element.addEventListener("pointerdown", (event) => {
    const around = event.target.closest(".large figure");
    if (!around || event.button) return;
    event.preventDefault();
    frame().focus({ preventScroll: true });
    const at = place(event);
    const corner = event.target.dataset.corner;
    if (!corner && !event.target.closest(".frame")) {
      box = movedBox(box, at.x - box.width / 2, at.y - box.height / 2, picture());
    }
    drag = { from: at, box, corner };
    around.setPointerCapture(event.pointerId);
    draw();
  });
  element.addEventListener("pointermove", (event) => {
    if (!drag || !section()) return;
    const at = place(event);
    const [across, down] = [at.x - drag.from.x, at.y - drag.from.y];
    const { most, ...size } = picture();
    if (!drag.corner) {
      box = movedBox(drag.box, drag.box.left + across, drag.box.top + down, size);
    } else {
      const held = { x: drag.corner.includes("w") ? 1 : 0, y: drag.corner.includes("n") ? 1 : 0 };
      const wanted = {
        width: drag.box.width + (held.x ? -across : across),
        height: drag.box.height + (held.y ? -down : down),
      };
      box = resizedBox(drag.box, wanted, size, most, held);
    }
    draw();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    element.addEventListener(name, () => {
      drag = null;
    });
  }
  element.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow || event.target !== frame()) return;
    event.preventDefault();
    const { most, ...size } = picture();
    const step = Math.max(1, Math.round(Math.min(size.width, size.height) / STEPS));
    const [across, down] = arrow.map((direction) => direction * step);
    if (event.shiftKey) {
      const wanted = { width: box.width + across, height: box.height + down };
      box = resizedBox(box, wanted, size, most);
    } else {
      box = movedBox(box, box.left + across, box.top + down, size);
    }
    draw();
  });
  element.addEventListener("click", (event) => {
    const way = event.target.closest("[data-fit]")?.dataset.fit;
    if (way) trigger("submit", { fit: way === "part" ? box : way });
  });
  return restore;
}

// The conditions under which an answer is given, and noticing when they change.

import { dprNow } from "../../web/js/pixels.js";

const LOOK_EVERY_MS = 500;
const pinchNow = () => (window.visualViewport ? window.visualViewport.scale : 1);

export function conditionsNow(clipped, display) {
  const { innerWidth: width, innerHeight: height, screen } = window;
  return {
    dpr: dprNow(),
    visual_scale: pinchNow(),
    viewport_width: width,
    viewport_height: height,
    screen_width: screen.width,
    screen_height: screen.height,
    orientation: width >= height ? "landscape" : "portrait",
    clipped,
    pixel_check: display ? display.pixel_check : "skipped",
  };
}

// Text key of what keeps pixels from being seen one to one, or null.
export function troubleNow(clipped, display) {
  if (Math.abs(pinchNow() - 1) > 0.01) return "trouble_pinch";
  if (clipped > 0) return "trouble_clipped";
  if (display) {
    const sides = (size) => [size.screen_width * size.dpr, size.screen_height * size.dpr];
    const now = sides({
      dpr: dprNow(),
      screen_width: window.screen.width,
      screen_height: window.screen.height,
    });
    const sorted = (pair) => pair.slice().sort((a, b) => a - b);
    const [then, here] = [sorted(sides(display)), sorted(now)];
    const isZoomed = Math.abs(dprNow() - display.dpr) > 0.01;
    // Chromium's zoom changes the ratio and leaves the size in CSS pixels as it is.
    const css = [window.screen.width, window.screen.height];
    const isSameSize = css[0] === display.screen_width && css[1] === display.screen_height;
    if (isZoomed && isSameSize) return "trouble_zoom";
    // Rounding of CSS pixels moves these by a few device pixels.
    if (then.some((side, index) => Math.abs(side - here[index]) > 0.02 * side)) {
      return "trouble_screen";
    }
    if (isZoomed) return "trouble_zoom"; // Firefox's changes both
  }
  return null;
}

// Calls back after anything that may change where pixels lie: size, zoom, pinch, another monitor.
// Not every browser tells of every such change, so it looks by itself as well.
export function watchScreen(onChange) {
  const signature = () =>
    [dprNow(), pinchNow(), window.screen.width, window.screen.height, innerWidth, innerHeight].join();
  let last = signature();
  const compare = () => {
    if (signature() === last) return;
    last = signature();
    onChange();
  };
  window.addEventListener("resize", compare);
  window.visualViewport?.addEventListener("resize", compare);
  setInterval(compare, LOOK_EVERY_MS);
}

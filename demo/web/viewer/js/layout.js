// How large everything is: columns, heights, and the device pixels of each canvas.

import { arrangeGrid } from "./viewport.js";

const GRID = {
  gapPx: 8,
  minWidthPx: 140,
  minHeightPx: 170,
  headerPx: (paneWidth) => (paneWidth < 300 ? 52 : 36),
};

const LEAST_HEIGHT_PX = 380;
const NARROW_PX = 560; // as in viewer.css: the controls stand below the panes

export function observeSizes(viewer) {
  viewer.viewOfBox = new Map();
  viewer.sizes = new ResizeObserver((entries) => {
    for (const entry of entries) {
      const box = entry.devicePixelContentBoxSize && entry.devicePixelContentBoxSize[0];
      const view = viewer.viewOfBox.get(entry.target);
      if (view) view.resize(box && { width: box.inlineSize, height: box.blockSize });
    }
    viewer.draw(); // a resized canvas is empty: draw before the browser paints it
  });
  observeView(viewer, viewer.focusView);
  viewer.rootSize = new ResizeObserver(() => (viewer.isGone() ? undefined : layOut(viewer)));
  viewer.rootSize.observe(viewer.root);
}

export function observeView(viewer, view) {
  viewer.viewOfBox.set(view.box, view);
  try {
    viewer.sizes.observe(view.box, { box: "device-pixel-content-box" });
  } catch {
    viewer.sizes.observe(view.box);
  }
}

export function watchScreen(viewer) {
  const { signal } = viewer.listeners;
  const relayout = () => (viewer.isGone() ? undefined : layOut(viewer));
  window.addEventListener("resize", relayout, { signal });
  document.addEventListener("fullscreenchange", relayout, { signal });
  const realign = () => {
    if (viewer.activeViews.some((view) => view.isEstimated)) viewer.requestDraw();
  };
  document.addEventListener("scroll", realign, { signal, capture: true, passive: true });
  if (window.visualViewport) {
    window.visualViewport.addEventListener("resize", () => viewer.requestDraw(), { signal });
  }
  const watchDpr = () => {
    const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const onChange = () => {
      watchDpr();
      relayout();
    };
    query.addEventListener("change", onChange, { once: true, signal });
  };
  watchDpr();
}

export function layOut(viewer) {
  if (!viewer.extent || !viewer.stage.clientWidth) return viewer.requestDraw();
  const isFullscreen = document.fullscreenElement === viewer.root;
  const width = viewer.stage.clientWidth;
  const room = window.innerHeight - (isFullscreen ? chromeHeight(viewer) : aroundHeight(viewer));
  const height = isFullscreen ? room : Math.min(1600, Math.max(LEAST_HEIGHT_PX, room));
  const grid = arrangeGrid(viewer.panes.length, viewer.extent, width, height, GRID);
  const paneWidth = (width - GRID.gapPx * (grid.columns - 1)) / grid.columns;
  const headerPx = GRID.headerPx(paneWidth);
  const rowsHeight = (view) => grid.rows * (view + headerPx) + GRID.gapPx * (grid.rows - 1);
  let viewHeight = grid.viewHeight;
  if (isFullscreen) {
    viewHeight = (height - GRID.gapPx * (grid.rows - 1)) / grid.rows - headerPx;
  }
  const isNarrow = width < NARROW_PX;
  const natural = (width * viewer.extent.height) / viewer.extent.width;
  const focusHeadPx = viewer.focusView.head.offsetHeight || headerPx;
  let focusHeight = Math.max(rowsHeight(viewHeight), Math.min(natural, height)) - focusHeadPx;
  if (isNarrow && !isFullscreen) {
    focusHeight = Math.max(300, Math.min(natural, height - focusHeadPx));
  }
  const whole = (css) => Math.floor(css * window.devicePixelRatio) / window.devicePixelRatio;
  const set = (name, value) => viewer.root.style.setProperty(name, value);
  set("--nv-columns", grid.columns);
  set("--nv-head-height", `${headerPx}px`);
  set("--nv-view-height", `${whole(Math.max(viewHeight, 80))}px`);
  set("--nv-focus-height", `${whole(Math.max(focusHeight, 160))}px`);
  viewer.root.classList.toggle("nv-stacked", headerPx > 40);
  viewer.requestDraw();
}

// What stands above and below the panes while the page is not scrolled: without it they fit the
// screen, so that no version is below the fold.
function aroundHeight(viewer) {
  const stage = viewer.stage.getBoundingClientRect();
  const below = viewer.root.getBoundingClientRect().bottom - stage.bottom;
  const isBarBelow = stage.width < NARROW_PX; // which may be scrolled to
  return stage.top + window.scrollY + (isBarBelow ? 0 : below) + 8;
}

// In full screen the root fills the screen, so its other parts are summed up.
function chromeHeight(viewer) {
  const style = getComputedStyle(viewer.root);
  const padding = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
  const gap = parseFloat(style.rowGap) || 0;
  const others = [...viewer.root.children].filter(
    (node) => node !== viewer.stage && getComputedStyle(node).position === "static",
  );
  return others.reduce((sum, node) => sum + node.offsetHeight + gap, padding);
}

// The viewport that all panes share. Zoom is device pixels per image pixel; the centre is a point
// of the image. Pure arithmetic: no element, no canvas.

export const MAX_ZOOM = 64;
const ZOOM_STOPS = [1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

// The largest zoom at which the whole extent is seen: whole numbers from 1 up.
export function fitZoom(extent, size) {
  const zoom = Math.min(size.width / extent.width, size.height / extent.height);
  return zoom >= 1 ? Math.min(MAX_ZOOM, Math.floor(zoom)) : zoom;
}

// From 1:1 up only whole numbers, so that every image pixel is a square of whole device pixels.
export function allowedZoom(zoom, smallest) {
  const clamped = Math.min(MAX_ZOOM, Math.max(Math.min(smallest, 1), zoom));
  return clamped > 0.97 ? Math.max(1, Math.round(clamped)) : clamped;
}

// The next stop above or below, with the fitting zoom among the stops.
export function nextZoom(zoom, direction, fit) {
  const stops = [...ZOOM_STOPS.filter((stop) => stop > fit), Math.min(fit, 1)].sort((a, b) => a - b);
  const beyond = stops.filter((stop) =>
    direction > 0 ? stop > zoom * 1.02 : stop < zoom * 0.98,
  );
  if (!beyond.length) return zoom;
  return direction > 0 ? beyond[0] : beyond[beyond.length - 1];
}

// A centre that leaves no empty border where the picture is larger than the view.
export function clampCenter(center, zoom, extent, size) {
  const along = (value, length, view) => {
    const half = view / zoom / 2;
    return length <= 2 * half ? length / 2 : Math.min(length - half, Math.max(half, value));
  };
  return {
    x: along(center.x, extent.width, size.width),
    y: along(center.y, extent.height, size.height),
  };
}

// Where the whole extent lies in a view of `size` device pixels: always whole device pixels.
export function frameOf(viewport, extent, size) {
  const center = clampCenter(viewport.center, viewport.zoom, extent, size);
  return {
    x: Math.round(size.width / 2 - center.x * viewport.zoom),
    y: Math.round(size.height / 2 - center.y * viewport.zoom),
    width: Math.max(1, Math.round(extent.width * viewport.zoom)),
    height: Math.max(1, Math.round(extent.height * viewport.zoom)),
  };
}

// The centre after zooming so that what lies under `point` (device pixels) stays there.
export function centerAfterZoom(viewport, extent, size, point, zoom) {
  const frame = frameOf(viewport, extent, size);
  const along = (where, start, view) => (where - start) / viewport.zoom + (view / 2 - where) / zoom;
  return {
    x: along(point.x, frame.x, size.width),
    y: along(point.y, frame.y, size.height),
  };
}

// How many columns of panes show the picture largest, and how tall each pane's view is (CSS px).
export function arrangeGrid(count, extent, width, height, { headerPx, gapPx, minWidthPx, minHeightPx }) {
  let best = null;
  for (let columns = 1; columns <= count; columns += 1) {
    const paneWidth = (width - gapPx * (columns - 1)) / columns;
    if (columns > 1 && paneWidth < minWidthPx) break;
    const rows = Math.ceil(count / columns);
    const room = (height - gapPx * (rows - 1)) / rows - headerPx(paneWidth);
    const scale = Math.min(paneWidth / extent.width, Math.max(room, 1) / extent.height);
    const viewHeight = Math.max(minHeightPx, Math.min(room, (paneWidth * extent.height) / extent.width));
    if (!best || scale > best.scale * 1.001) best = { columns, rows, scale, viewHeight };
  }
  return best;
}

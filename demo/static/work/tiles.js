// Where a picture is cut so that no cut can be seen, as sr/inference/tiles.py: a tile reads its
// network's radius around its core, and at the picture's own border no further.

export const TILE_PX = 512; // side of a core, in low-resolution pixels
export const LEAST_TILE_PX = 32; // below that, memory is not what is missing
const STRIP_PIXELS = 36000; // of a core, that are enlarged at once

// Half way between two whole numbers Python rounds to the even one.
export function roundedEven(value) {
  const whole = Math.floor(value);
  if (value - whole !== 0.5) return Math.round(value);
  return whole % 2 ? whole + 1 : whole;
}

export function planTiles(height, width, tilePx, overlapPx) {
  const cuts = (length) => {
    const parts = Math.ceil(length / tilePx);
    return Array.from({ length: parts + 1 }, (_, part) => roundedEven((part * length) / parts));
  };
  const [rows, columns] = [cuts(height), cuts(width)];
  return rows.slice(1).flatMap((bottom, row) =>
    columns.slice(1).map((right, column) => {
      const [top, left] = [rows[row], columns[column]];
      return {
        top, left, bottom, right,
        inputTop: Math.max(0, top - overlapPx),
        inputLeft: Math.max(0, left - overlapPx),
        inputBottom: Math.min(height, bottom + overlapPx),
        inputRight: Math.min(width, right + overlapPx),
      };
    }),
  );
}

// The rows `top` to `bottom` of a tile of `height`, each strip with the rows around it that it
// reads. Smaller tiles, which are there to save memory, have smaller strips.
export function planStrips(top, bottom, width, height, radiusPx, tilePx) {
  const rows = Math.max(1, Math.floor(Math.min(STRIP_PIXELS, tilePx ** 2 / 8) / width));
  const strips = [];
  for (let first = top; first < bottom; first += rows) {
    const last = Math.min(bottom, first + rows);
    strips.push({
      top: first,
      bottom: last,
      inputTop: Math.max(0, first - radiusPx),
      inputBottom: Math.min(height, last + radiusPx),
    });
  }
  return strips;
}

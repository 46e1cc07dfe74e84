// Drawing. A target is a 2D context with the size of its canvas in device pixels; a frame says
// where the common extent of all versions lies in it.

const TILE_PX = 512;
const MAX_TILES = 96;
export const PAINT_BUDGET_MS = 12;

// Draws the part of a picture that a clip shows. Nearest neighbour where a picture pixel covers
// at least one device pixel, smooth below.
export function drawPicture(context, picture, frame, clip) {
  const scale = Math.min(frame.width / picture.width, frame.height / picture.height);
  const isExact = scale >= 1;
  const bitmap = isExact ? picture.levels[0] : picture.bitmapFor(scale);
  const unitX = frame.width / bitmap.width;
  const unitY = frame.height / bitmap.height;
  const margin = isExact ? 0 : 2;
  const left = Math.max(0, Math.floor((clip.left - frame.x) / unitX) - margin);
  const top = Math.max(0, Math.floor((clip.top - frame.y) / unitY) - margin);
  const right = Math.min(bitmap.width, Math.ceil((clip.right - frame.x) / unitX) + margin);
  const bottom = Math.min(bitmap.height, Math.ceil((clip.bottom - frame.y) / unitY) + margin);
  if (right <= left || bottom <= top) return;
  context.imageSmoothingEnabled = !isExact;
  context.imageSmoothingQuality = "high";
  context.drawImage(
    bitmap,
    left,
    top,
    right - left,
    bottom - top,
    frame.x + left * unitX,
    frame.y + top * unitY,
    (right - left) * unitX,
    (bottom - top) * unitY,
  );
}

// A neutral checkerboard under pictures that may be transparent.
export function drawCheckerboard(context, frame, clip, squarePx) {
  const side = Math.max(2, Math.round(squarePx));
  if (drawCheckerboard.side !== side) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = side * 2;
    const ink = tile.getContext("2d");
    ink.fillStyle = "#ffffff";
    ink.fillRect(0, 0, side * 2, side * 2);
    ink.fillStyle = "#d9d9d9";
    ink.fillRect(0, 0, side, side);
    ink.fillRect(side, side, side, side);
    drawCheckerboard.tile = tile;
    drawCheckerboard.side = side;
  }
  const left = Math.max(clip.left, frame.x);
  const top = Math.max(clip.top, frame.y);
  const width = Math.min(clip.right, frame.x + frame.width) - left;
  const height = Math.min(clip.bottom, frame.y + frame.height) - top;
  if (width <= 0 || height <= 0) return;
  context.fillStyle = context.createPattern(drawCheckerboard.tile, "repeat");
  context.fillRect(left, top, width, height);
}

// |A - B| times a gain, per channel, on the stored pixels: made in tiles, a few in each frame.
// Transparent pixels are compared over mid grey.
export class Difference {
  constructor() {
    this.tiles = new Map();
    this.identity = "";
    this.scratch = document.createElement("canvas");
    this.scratch.width = this.scratch.height = TILE_PX;
    this.context = this.scratch.getContext("2d", { willReadFrequently: true });
  }

  // Draws what is ready, makes more within the time budget; true when nothing is missing. Where
  // the canvas still shows the same look, only the new tiles are drawn.
  paint(context, first, second, gain, extent, frame, clip, isSameLook) {
    const zoom = frame.width / extent.width;
    const level = this.levelFor(extent, frame, clip);
    const identity = [first.url, second.url, gain, level, extent.width, extent.height].join(" ");
    if (identity !== this.identity) this.tiles.clear();
    this.identity = identity;
    this.isReduced = level > 0;
    const unit = zoom * 2 ** level * TILE_PX;
    const started = performance.now();
    let missing = 0;
    context.imageSmoothingEnabled = zoom * 2 ** level < 1;
    context.imageSmoothingQuality = "high";
    const range = this.visibleTiles(extent, frame, clip, level);
    for (let row = range.top; row < range.bottom; row += 1) {
      for (let column = range.left; column < range.right; column += 1) {
        const key = `${column} ${row}`;
        let tile = this.tiles.get(key);
        if (tile && isSameLook) continue;
        if (!tile && performance.now() - started < PAINT_BUDGET_MS) {
          tile = this.makeTile(first, second, gain, extent, level, column, row);
          if (this.tiles.size > 2 * MAX_TILES) this.tiles.delete(this.tiles.keys().next().value);
          this.tiles.set(key, tile);
        }
        const x = Math.round(frame.x + column * unit);
        const y = Math.round(frame.y + row * unit);
        const right = Math.min(frame.x + frame.width, Math.round(frame.x + (column + 1) * unit));
        const bottom = Math.min(frame.y + frame.height, Math.round(frame.y + (row + 1) * unit));
        if (tile) {
          context.drawImage(tile, x, y, Math.max(1, right - x), Math.max(1, bottom - y));
        } else {
          missing += 1;
          if (isSameLook) continue;
          context.fillStyle = "#000000";
          context.fillRect(x, y, right - x, bottom - y);
        }
      }
    }
    return missing === 0;
  }

  visibleTiles(extent, frame, clip, level) {
    const unitX = (frame.width / extent.width) * 2 ** level * TILE_PX;
    const unitY = (frame.height / extent.height) * 2 ** level * TILE_PX;
    const count = (side) => Math.ceil(Math.ceil(side / 2 ** level) / TILE_PX);
    return {
      left: Math.max(0, Math.floor((clip.left - frame.x) / unitX)),
      top: Math.max(0, Math.floor((clip.top - frame.y) / unitY)),
      right: Math.min(count(extent.width), Math.ceil((clip.right - frame.x) / unitX)),
      bottom: Math.min(count(extent.height), Math.ceil((clip.bottom - frame.y) / unitY)),
    };
  }

  // 0 is the stored pixels; pictures too large to compare whole are halved until they fit.
  levelFor(extent, frame, clip) {
    for (let level = 0; ; level += 1) {
      const range = this.visibleTiles(extent, frame, clip, level);
      if ((range.right - range.left) * (range.bottom - range.top) <= MAX_TILES) return level;
    }
  }

  makeTile(first, second, gain, extent, level, column, row) {
    const whole = {
      width: Math.ceil(extent.width / 2 ** level),
      height: Math.ceil(extent.height / 2 ** level),
    };
    const width = Math.min(TILE_PX, whole.width - column * TILE_PX);
    const height = Math.min(TILE_PX, whole.height - row * TILE_PX);
    const frame = { x: -column * TILE_PX, y: -row * TILE_PX, ...whole };
    const read = (picture) => {
      this.context.fillStyle = "#808080";
      this.context.fillRect(0, 0, width, height);
      drawPicture(this.context, picture, frame, { left: 0, top: 0, right: width, bottom: height });
      return this.context.getImageData(0, 0, width, height);
    };
    const one = read(first);
    const other = read(second).data;
    const data = one.data; // clamped to 0..255 on writing
    for (let index = 0; index < data.length; index += 4) {
      data[index] = Math.abs(data[index] - other[index]) * gain;
      data[index + 1] = Math.abs(data[index + 1] - other[index + 1]) * gain;
      data[index + 2] = Math.abs(data[index + 2] - other[index + 2]) * gain;
    }
    const tile = document.createElement("canvas");
    tile.width = width;
    tile.height = height;
    tile.getContext("2d").putImageData(one, 0, 0);
    return tile;
  }
}

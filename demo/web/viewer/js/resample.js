// A picture as another display shows it, seen on this one. There every image pixel is an even
// square of light; here a pixel takes the mean of the light that would fall on it. Light is
// linear, so sRGB values are decoded before the mean and encoded after it (IEC 61966-2-1).

import { coverage, encodeLight, reduceRow } from "./light.js";
import { drawPicture } from "./paint.js";

const SEEN_TILE_PX = 256;
const SEEN_TILES = 384;
const STRIP_PX = 128; // rows of the picture that are read at once

export class Resampler {
  constructor() {
    this.tiles = new Map();
    this.scratch = document.createElement("canvas");
    this.context = this.scratch.getContext("2d", { willReadFrequently: true });
  }

  // Draws `picture` into `frame`, making missing tiles until `deadline` (performance.now); true
  // when all were there.
  paint(context, picture, frame, clip, deadline) {
    return this.eachTile(frame, clip, (column, row, part) => {
      const tile = this.tileOf(picture, frame, column, row, deadline);
      if (tile) context.drawImage(tile, part.left, part.top);
      else drawPicture(context, picture, frame, part);
      return Boolean(tile);
    });
  }

  // The same for |A - B| times a gain, of the values that this screen shows.
  paintDifference(context, first, second, gain, frame, clip, deadline) {
    return this.eachTile(frame, clip, (column, row, part) => {
      const one = this.tileOf(first, frame, column, row, deadline);
      const other = this.tileOf(second, frame, column, row, deadline);
      if (one && other) context.drawImage(this.differenceOf(one, other, gain), part.left, part.top);
      return Boolean(one && other);
    });
  }

  eachTile(frame, clip, drawTile) {
    const along = (start, length, begin, end) => [
      Math.max(0, Math.floor((begin - start) / SEEN_TILE_PX)),
      Math.ceil(Math.min(length, end - start) / SEEN_TILE_PX),
    ];
    const [left, right] = along(frame.x, frame.width, clip.left, clip.right);
    const [top, bottom] = along(frame.y, frame.height, clip.top, clip.bottom);
    let isComplete = true;
    for (let row = top; row < bottom; row += 1) {
      for (let column = left; column < right; column += 1) {
        const x = frame.x + column * SEEN_TILE_PX;
        const y = frame.y + row * SEEN_TILE_PX;
        const part = {
          left: x,
          top: y,
          right: Math.min(x + SEEN_TILE_PX, frame.x + frame.width),
          bottom: Math.min(y + SEEN_TILE_PX, frame.y + frame.height),
        };
        isComplete = drawTile(column, row, part) && isComplete;
      }
    }
    return isComplete;
  }

  // A tile that is known, or a new one while there is time, or null.
  tileOf(picture, frame, column, row, deadline) {
    const key = [picture.url, frame.width, frame.height, column, row].join(" ");
    let tile = this.tiles.get(key);
    if (!tile && performance.now() > deadline) return null;
    if (!tile) tile = this.makeTile(picture, frame, column, row);
    this.tiles.delete(key); // the one used last stands last
    this.tiles.set(key, tile);
    if (this.tiles.size > SEEN_TILES) this.tiles.delete(this.tiles.keys().next().value);
    return tile;
  }

  makeTile(picture, frame, column, row) {
    const left = column * SEEN_TILE_PX;
    const top = row * SEEN_TILE_PX;
    const right = Math.min(left + SEEN_TILE_PX, frame.width);
    const bottom = Math.min(top + SEEN_TILE_PX, frame.height);
    const columns = coverage(left, right, frame.width, picture.width);
    const rows = coverage(top, bottom, frame.height, picture.height);
    const width = right - left;
    const light = new Float32Array(width * rows.length * 4);
    const firstX = columns[0].first;
    const lastX = columns[width - 1].first + columns[width - 1].shares.length;
    const firstY = rows[0].first;
    const lastY = rows[rows.length - 1].first + rows[rows.length - 1].shares.length;
    let begin = 0; // the first row of the tile that later rows of the picture may still touch
    for (let y = firstY; y < lastY; y += STRIP_PX) {
      const height = Math.min(STRIP_PX, lastY - y);
      const { data } = this.read(picture, firstX, y, lastX - firstX, height);
      for (let line = 0; line < height; line += 1) {
        const across = reduceRow(data, line * (lastX - firstX), columns, firstX);
        while (begin < rows.length && rows[begin].first + rows[begin].shares.length <= y + line) {
          begin += 1;
        }
        for (let index = begin; index < rows.length && rows[index].first <= y + line; index += 1) {
          const share = rows[index].shares[y + line - rows[index].first];
          const offset = index * width * 4;
          for (let place = 0; place < across.length; place += 1) {
            light[offset + place] += share * across[place];
          }
        }
      }
    }
    return this.encode(light, width, rows.length);
  }

  read(picture, x, y, width, height) {
    if (this.scratch.width < width || this.scratch.height < height) {
      this.scratch.width = Math.max(this.scratch.width, width);
      this.scratch.height = Math.max(this.scratch.height, height);
    }
    this.context.clearRect(0, 0, width, height);
    this.context.drawImage(picture.levels[0], x, y, width, height, 0, 0, width, height);
    return this.context.getImageData(0, 0, width, height);
  }

  encode(light, width, height) {
    const { canvas, context } = this.newCanvas(width, height);
    const image = context.createImageData(width, height);
    encodeLight(light, image.data);
    context.putImageData(image, 0, 0);
    return canvas;
  }

  differenceOf(one, other, gain) {
    const { width, height } = one;
    const { canvas, context } = this.newCanvas(width, height);
    const image = one.getContext("2d").getImageData(0, 0, width, height);
    const { data } = other.getContext("2d").getImageData(0, 0, width, height);
    for (let place = 0; place < data.length; place += 4) {
      for (let channel = 0; channel < 3; channel += 1) {
        image.data[place + channel] = Math.abs(image.data[place + channel] - data[place + channel]) * gain;
      }
      image.data[place + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  newCanvas(width, height) {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    return { canvas, context: canvas.getContext("2d", { willReadFrequently: true }) };
  }
}

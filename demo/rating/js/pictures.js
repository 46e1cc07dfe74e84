// Pictures of trials: fetched as they are, decoded before they are needed, the last few kept.

import { RETRY_MS, surveyUrl } from "./transport.js";

const PICTURES_KEPT = 8;
// "none" keeps the stored values: what is drawn is what the file says.
const DECODING = { colorSpaceConversion: "none", premultiplyAlpha: "none" };

export class Pictures {
  constructor(transport) {
    this.transport = transport;
    this.bitmaps = new Map(); // picture token -> promise of an ImageBitmap
  }

  get(token) {
    const found = this.bitmaps.get(token) || this.load(token);
    this.bitmaps.delete(token); // the most recent one last
    this.bitmaps.set(token, found);
    for (const [old, bitmap] of this.bitmaps) {
      if (this.bitmaps.size <= PICTURES_KEPT) break;
      this.bitmaps.delete(old);
      bitmap.then((done) => done.close());
    }
    return found;
  }

  allOf(trial) {
    return trial ? Promise.all(trial.images.map((token) => this.get(token))) : null;
  }

  async load(token) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const response = await fetch(surveyUrl(`image/${token}`));
        if (!response.ok) throw new Error(`picture: HTTP ${response.status}`);
        const bitmap = await decodePicture(await response.blob());
        if (attempt > 0) this.transport.onTrouble(null);
        return bitmap;
      } catch {
        if (attempt > 0) this.transport.onTrouble("offline_picture");
        await this.transport.pause(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]);
      }
    }
  }
}

async function decodePicture(blob) {
  try {
    return await createImageBitmap(blob, DECODING);
  } catch {
    return await createImageBitmap(blob); // a browser that does not know the options
  }
}

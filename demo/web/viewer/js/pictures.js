// Pictures: the exact bytes of a PNG in, decoded bitmaps out.

// colorSpaceConversion "none" keeps the stored values: what is drawn is what the file says.
const DECODE_OPTIONS = { colorSpaceConversion: "none" };

async function decodeBytes(blob) {
  try {
    return await createImageBitmap(blob, DECODE_OPTIONS);
  } catch {
    return await createImageBitmap(blob); // a browser that does not know the option
  }
}

// A connection that breaks, or a server that is starting, gets further attempts.
const RETRY_AFTER_MS = [500, 2000];

async function fetchBlob(url) {
  for (let attempt = 0; ; attempt += 1) {
    const response = await fetch(url).catch((error) => error);
    if (response.ok) return response.blob();
    const isLasting = response.status < 500;
    if (isLasting || attempt === RETRY_AFTER_MS.length) {
      throw new Error(`${url}: ${response.status ? `HTTP ${response.status}` : response.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS[attempt]));
  }
}

// One file: loaded once, decoded once, with halved copies made when a small zoom asks for them.
export class Picture {
  constructor(url, onChange) {
    this.url = url;
    this.onChange = onChange;
    this.state = "loading";
    this.levels = [];
    this.isHalving = false;
    this.downloadUrl = url;
    this.load();
  }

  async load() {
    try {
      const blob = await fetchBlob(this.url);
      const bitmap = await decodeBytes(blob);
      if (this.state === "closed") return bitmap.close();
      this.levels = [bitmap];
      this.width = bitmap.width;
      this.height = bitmap.height;
      this.downloadUrl = URL.createObjectURL(blob);
      this.state = "ready";
    } catch (error) {
      if (this.state === "closed") return;
      console.warn(error);
      this.state = "failed";
    }
    this.onChange();
  }

  // The bitmap to draw at `scale` device pixels per picture pixel: the smallest copy that still
  // has at least one pixel for each device pixel.
  bitmapFor(scale) {
    const wanted = Math.max(0, Math.floor(Math.log2(1 / scale)));
    const last = this.levels.length - 1;
    if (wanted > last && !this.isHalving) this.halve(this.levels[last]);
    return this.levels[Math.min(wanted, last)];
  }

  async halve(bitmap) {
    const half = (side) => Math.max(1, Math.ceil(side / 2));
    if (Math.max(bitmap.width, bitmap.height) < 256) return;
    this.isHalving = true;
    try {
      const copy = await createImageBitmap(bitmap, {
        resizeWidth: half(bitmap.width),
        resizeHeight: half(bitmap.height),
        resizeQuality: "high",
      });
      if (this.state === "closed") return copy.close();
      this.levels.push(copy);
      this.isHalving = false;
      this.onChange();
    } catch {
      // Without copies the full picture is drawn: slower, not wrong. isHalving stays set.
    }
  }

  // [red, green, blue, alpha] of one pixel, as stored (premultiplied and back where transparent).
  pixel(x, y) {
    if (!Picture.probe) {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 1;
      Picture.probe = canvas.getContext("2d", { willReadFrequently: true });
    }
    Picture.probe.clearRect(0, 0, 1, 1);
    Picture.probe.drawImage(this.levels[0], x, y, 1, 1, 0, 0, 1, 1);
    return Picture.probe.getImageData(0, 0, 1, 1).data;
  }

  close() {
    if (this.downloadUrl !== this.url) URL.revokeObjectURL(this.downloadUrl);
    this.levels.forEach((bitmap) => bitmap.close());
    this.levels = [];
    this.state = "closed";
  }
}

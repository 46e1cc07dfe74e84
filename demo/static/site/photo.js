// A file as pixels: whatever this browser reads, turned as its camera was, its colours brought to
// sRGB by the browser, 8 bits a channel.

export async function openPhoto(file) {
  if (!file.size) throw Object.assign(new Error("empty"), { key: "empty" });
  try {
    const options = { imageOrientation: "from-image", premultiplyAlpha: "none", colorSpaceConversion: "default" };
    return await createImageBitmap(file, options);
  } catch {
    throw Object.assign(new Error("no picture"), { key: "not_image" });
  }
}

// The RGB pixels of a bitmap, or of a part { left, top, width, height } of it, or of all of it at
// another size { width, height }. See-through parts are laid on white, as sr/images/photo.py does.
export async function pixelsOf(bitmap, fit = {}) {
  const { left = 0, top = 0, width = bitmap.width, height = bitmap.height } = fit;
  const isPart = fit.left !== undefined;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  const isSmaller = !isPart && (width !== bitmap.width || height !== bitmap.height);
  const resize = { resizeWidth: width, resizeHeight: height, resizeQuality: "high" };
  const source = isSmaller ? await createImageBitmap(bitmap, resize) : bitmap;
  context.drawImage(source, -left, -top);
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(3 * width * height);
  let isOnWhite = false;
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const alpha = data[from + 3];
    if (alpha < 255) isOnWhite = true;
    for (let i = 0; i < 3; i += 1) {
      rgb[to + i] = alpha === 255 ? data[from + i] : Math.floor((data[from + i] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
  return { width, height, data: rgb, isOnWhite };
}

// The size at most `most` pixels large that keeps the shape.
export function reducedSize({ width, height }, most) {
  const share = Math.min(1, Math.sqrt(most / (width * height)));
  return { width: Math.max(1, Math.floor(width * share)), height: Math.max(1, Math.floor(height * share)) };
}

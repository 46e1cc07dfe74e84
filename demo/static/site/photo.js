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
// another size { width, height }, with their alpha where any is see-through.
export async function pixelsOf(bitmap, fit = {}) {
  const { left = 0, top = 0, width = bitmap.width, height = bitmap.height } = fit;
  const isPart = fit.left !== undefined;
  const isSmaller = !isPart && (width !== bitmap.width || height !== bitmap.height);
  const resize = { resizeWidth: width, resizeHeight: height, resizeQuality: "high" };
  const source = isSmaller ? await createImageBitmap(bitmap, resize) : bitmap;
  // A canvas keeps colours times alpha: as floats, where a browser has them, that takes nothing away.
  const read = (colorType) => {
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true, colorSpace: "srgb", colorType });
    context.drawImage(source, -left, -top);
    return context.getImageData(0, 0, width, height).data;
  };
  let data = read("unorm8");
  if (data.some((level, at) => at % 4 === 3 && level < 255)) data = read("float16");
  const [rgb, alpha] = [new Uint8Array(3 * width * height), new Uint8Array(width * height)];
  let least = 255;
  for (let at = 0; at < alpha.length; at += 1) {
    for (let channel = 0; channel < 3; channel += 1) rgb[3 * at + channel] = data[4 * at + channel];
    alpha[at] = data[4 * at + 3];
    least = Math.min(least, alpha[at]);
  }
  return { width, height, data: rgb, alpha: least < 255 ? alpha : null };
}

// The same without alpha, as it looks on white paper: as sr/images/photo.py does it.
export function onWhite(picture) {
  const { alpha, data } = picture;
  if (!alpha) return picture;
  const laid = (level, at) => Math.floor((level * alpha[at] + 255 * (255 - alpha[at]) + 127) / 255);
  return { ...picture, data: data.map((level, at) => laid(level, Math.floor(at / 3))), alpha: null, isOnWhite: true };
}

// The size at most `most` pixels large that keeps the shape.
export function reducedSize({ width, height }, most) {
  const share = Math.min(1, Math.sqrt(most / (width * height)));
  return { width: Math.max(1, Math.floor(width * share)), height: Math.max(1, Math.floor(height * share)) };
}

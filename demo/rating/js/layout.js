// Where the pictures of a trial lie. Arithmetic only.

// Where pictures lie in a region, in device pixels: beside each other, else one above the other,
// else in the same place.
export function arrangePictures(count, picture, region, gap) {
  const { width, height } = picture;
  const spareX = (used) => Math.floor((region.width - used) / 2);
  const spareY = (used) => Math.floor((region.height - used) / 2);
  const at = (x, y) => ({ x: region.x + x, y: region.y + y, width, height });
  const pairWidth = 2 * width + gap;
  const pairHeight = 2 * height + gap;
  if (count === 2 && pairWidth <= region.width && height <= region.height) {
    const left = spareX(pairWidth);
    const top = spareY(height);
    return { layout: "beside", frames: [at(left, top), at(left + width + gap, top)], clipped: 0 };
  }
  if (count === 2 && width <= region.width && pairHeight <= region.height) {
    const left = spareX(width);
    const top = spareY(pairHeight);
    return { layout: "stacked", frames: [at(left, top), at(left, top + height + gap)], clipped: 0 };
  }
  const frame = at(spareX(width), spareY(height));
  const seen = Math.min(1, region.width / width) * Math.min(1, region.height / height);
  return {
    layout: "single",
    frames: Array(count).fill(frame),
    clipped: Math.max(0, 1 - Math.max(0, seen)),
  };
}

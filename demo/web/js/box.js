// A box on a picture, in the picture's pixels: { left, top, width, height }. Pure arithmetic.

const LEAST_PX = 16;
const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

// The largest box of the picture's shape with at most `most` pixels, in the middle.
export function firstBox(width, height, most) {
  const share = Math.min(1, Math.sqrt(most / (width * height)));
  const box = { width: Math.floor(width * share), height: Math.floor(height * share) };
  const left = Math.floor((width - box.width) / 2);
  return { left, top: Math.floor((height - box.height) / 2), ...box };
}

// As large as asked, within the picture and `most` pixels; the corner that is held stays.
// `x` and `y` say which one is held: 0 is left or top, 1 is right or bottom.
export function resizedBox(box, wanted, picture, most, { x = 0, y = 0 } = {}) {
  const roomX = x ? box.left + box.width : picture.width - box.left;
  const roomY = y ? box.top + box.height : picture.height - box.top;
  let width = clamp(wanted.width, LEAST_PX, roomX);
  let height = clamp(wanted.height, LEAST_PX, roomY);
  const over = (width * height) / most;
  if (over > 1) {
    width = clamp(width / Math.sqrt(over), LEAST_PX, roomX);
    height = clamp(most / width, LEAST_PX, roomY);
    width = Math.min(width, most / height);
  }
  width = Math.max(1, Math.floor(width));
  height = Math.max(1, Math.floor(height));
  return {
    left: x ? box.left + box.width - width : box.left,
    top: y ? box.top + box.height - height : box.top,
    width,
    height,
  };
}

// The same where the shape is fixed: that of `least`, the smallest box.
export function shapedBox(box, wanted, picture, least, { x = 0, y = 0 } = {}) {
  const ratio = least.height / least.width;
  const roomX = x ? box.left + box.width : picture.width - box.left;
  const roomY = y ? box.top + box.height : picture.height - box.top;
  const width = Math.round(clamp(wanted.width, least.width, Math.min(roomX, Math.floor(roomY / ratio))));
  const height = Math.min(Math.round(width * ratio), roomY);
  const left = x ? box.left + box.width - width : box.left;
  return { left, top: y ? box.top + box.height - height : box.top, width, height };
}

export function movedBox(box, left, top, picture) {
  return {
    ...box,
    left: Math.round(clamp(left, 0, picture.width - box.width)),
    top: Math.round(clamp(top, 0, picture.height - box.height)),
  };
}

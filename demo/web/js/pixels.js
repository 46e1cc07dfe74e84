// CSS pixels and device pixels.

export const dprNow = () => window.devicePixelRatio || 1;

// The fewest CSS pixels that are a whole number of device pixels: 4 at a ratio of 1.25, 2 at 1.5.
export function wholePixelStep(dpr) {
  for (let step = 1; step <= 64; step += 1) {
    if (Math.abs(step * dpr - Math.round(step * dpr)) < 1e-4) return step;
  }
  return 1 / dpr;
}

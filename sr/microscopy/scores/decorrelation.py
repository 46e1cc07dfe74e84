"""Resolution of a single frame by decorrelation analysis: no second exposure and no reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal.windows import tukey

from sr.base.errors import ImageError, ShapeError

RADII = 50  # of the mask, over the range that is looked at
HIGH_PASSES = 10
WEAKEST_PX = 0.15  # sigma of the last high-pass
EDGE_SHARE = 0.15  # of each side that fades out
LEAST_RISE = 0.001  # of a peak over what comes after it
LEAST_HEIGHT = 0.05
SMALLEST_PX = 64


@dataclass(frozen=True)
class _Spectrum:
    """A spectrum in the order of its frequencies, with 1 for half a cycle a pixel."""

    radius: np.ndarray
    amplitude: np.ndarray

    def peak(self, sigma: float | None, radii: np.ndarray) -> float:
        """Where the correlation with its own phases is highest, by the radius of the mask; 0 where
        there is no peak.

        Args:
            sigma: of the Gaussian that is taken away first, in pixels; None: nothing is.
        """
        amplitude = self.amplitude
        if sigma is not None:
            amplitude = amplitude * (1 - np.exp(-2 * (sigma * self.radius) ** 2))
        norm = float(np.sqrt((amplitude**2).sum()))
        if norm == 0:
            return 0.0
        inside = np.searchsorted(self.radius, radii, side="right")
        sums = np.concatenate([[0.0], np.cumsum(amplitude)])[inside]
        correlation = sums / (norm * np.sqrt(np.maximum(inside, 1)))
        return _highest(correlation, radii)


def _highest(correlation: np.ndarray, radii: np.ndarray) -> float:
    """The radius of the highest peak that something lower comes after."""
    rest = correlation.copy()
    for end in range(len(rest), 0, -1):
        at = int(np.argmax(rest[:end]))
        after = float(correlation[at:].min())
        if at < end - 1 and correlation[at] - after > LEAST_RISE:
            return float(radii[at]) if correlation[at] > LEAST_HEIGHT else 0.0
        rest[at] = after
    return 0.0


def decorrelation_px(frame: np.ndarray) -> float | None:
    """The finest detail that stands out of a frame's noise, in pixels.

    The spectrum is correlated with its own phases inside a growing mask. Where signal ends and
    noise begins the correlation falls; the farthest such peak over a row of high-passes is the
    cut-off. Noise has to be of single pixels, as a camera's is: smoothed by an enlargement, by
    interpolation as by a network, it counts as detail.

    Args:
        frame: (H, W), any counts; both sides of 64 pixels or more.

    Returns:
        A period, 2 or more. It is some per cent short where frames are small, because edges that
        fade widen the spectrum: 2 to 5 % at 256 pixels, 7 % at 128. None where there is no peak:
        noise alone, or detail up to the pixels.

    Raises:
        ShapeError: not 2-D, or too small.
        ImageError: NaN or infinite pixels.

    Source: Descloux, Grussmayer and Radenovic 2019, Nature Methods 16, 918-924; edges fade over
    15 % of each side where theirs do over 20 pixels.
    """
    if frame.ndim != 2 or min(frame.shape) < SMALLEST_PX:
        raise ShapeError(
            f"decorrelation_px: {frame.shape}; needed a frame (H, W) of {SMALLEST_PX} or more"
        )
    if not np.isfinite(frame).all():
        raise ImageError("decorrelation_px: pixels that are NaN or infinite")
    spectrum = _spectrum_of(frame)
    radii = np.linspace(0, 1, RADII)
    first = spectrum.peak(None, radii)
    strongest = 2 / first if first > 0 else min(frame.shape) / 2
    sigmas = np.geomspace(max(strongest, 2 * WEAKEST_PX), WEAKEST_PX, HIGH_PASSES)
    tried = [min(frame.shape) / 4, *(float(sigma) for sigma in sigmas)]
    peaks = [spectrum.peak(sigma, radii) for sigma in tried]
    best = max([first, *peaks])
    if best == 0:
        return None
    around = [i for i, peak in enumerate(peaks) if peak == max(peaks)][-1]
    between = tried[max(0, around - 1)], tried[min(len(tried) - 1, around + 1)]
    step = radii[1]
    near = np.linspace(max(0.0, best - step), min(1.0, best + 0.4), RADII)
    finer = [spectrum.peak(float(s), near) for s in np.geomspace(*between, HIGH_PASSES)]
    return 2 / max([best, *finer])


def _spectrum_of(frame: np.ndarray) -> _Spectrum:
    pixels = frame.astype(np.float64)
    window = np.multiply.outer(*(tukey(side, 2 * EDGE_SHARE) for side in frame.shape))
    amplitude = np.abs(np.fft.fft2((pixels - pixels.mean()) * window))
    down, across = (2 * np.fft.fftfreq(side) for side in frame.shape)
    radius = np.hypot(down[:, None], across[None, :])
    inside = (radius <= 1) & (radius > 0)
    order = np.argsort(radius[inside], kind="stable")
    return _Spectrum(radius[inside][order], amplitude[inside][order])

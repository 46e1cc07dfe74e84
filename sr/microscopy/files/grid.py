"""Where the pixels of two resolutions lie: one grid for both, and cubic interpolation on it.

In BioSR the high-resolution pixel s i lies on the low-resolution pixel i (measured on its
microtubules, clathrin-coated pits, ER and F-actin). Everything that resizes pictures, and every
flip, takes for granted that both fill the same area, where pixel i lies on the middle of its s x s.
So a high-resolution picture is moved once, when it is loaded, by (s - 1) / 2 of its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

CORNER, CENTRE = "corner", "centre"  # HR[s i] on LR[i]; both fill the same area
BLUR_PX = 1.5  # low-resolution pixels, so that what one resolution alone holds plays no part
HIGHEST_FREQUENCY = 0.15  # cycles a low-resolution pixel
ROUNDS = 5
MOST_OFF_PX = 0.5  # low-resolution pixels from a grid
LEAST_CORRELATION = 0.3  # of registered pairs; the noisiest of BioSR has 0.8


def cubic_enlarged(frame: np.ndarray, scale: int, grid: str = CENTRE) -> np.ndarray:
    """A frame by cubic spline interpolation: (H, W) to (scale H, scale W) float32.

    Args:
        grid: where its high-resolution pixels shall lie.
    """
    ahead = (scale - 1) / 2 if grid == CENTRE else 0.0
    return _sampled(frame, scale, ahead)


def moved_to_centre(hr: np.ndarray, scale: int) -> np.ndarray:
    """A high-resolution picture on the corner grid as it is on the other: HR(j - (s - 1) / 2)."""
    return _sampled(hr, 1, (scale - 1) / 2)


def _sampled(frame: np.ndarray, scale: int, ahead: float) -> np.ndarray:
    rows, columns = ((np.arange(length * scale) - ahead) / scale for length in frame.shape)
    places = np.meshgrid(rows, columns, indexing="ij")
    result: np.ndarray = map_coordinates(
        frame.astype(np.float64), places, order=3, mode="nearest"
    ).astype(np.float32)
    return result


@dataclass(frozen=True)
class Registration:
    """How a pair lies.

    Attributes:
        down, across: where low-resolution pixel 0 lies, in high-resolution pixels: 0 on the corner
            grid, (s - 1) / 2 on the other.
        correlation: of both, blurred alike.
    """

    down: float
    across: float
    correlation: float

    def grid(self, scale: int) -> str | None:
        """The grid it is on; None where it is on neither: the pair is not registered."""
        middle = (self.down + self.across) / 2
        grid, ahead = CORNER, 0.0
        if middle > (scale - 1) / 4 and scale > 1:
            grid, ahead = CENTRE, (scale - 1) / 2
        is_near = max(abs(self.down - ahead), abs(self.across - ahead)) < MOST_OFF_PX * scale
        return grid if is_near and self.correlation > LEAST_CORRELATION else None


def registration(lr: np.ndarray, hr: np.ndarray, scale: int) -> Registration:
    """How a pair lies, by the phase of its cross spectrum at low frequencies.

    Args:
        lr: (H, W).
        hr: (scale H, scale W).
    """
    low = gaussian_filter(lr.astype(np.float64), BLUR_PX)
    high = gaussian_filter(hr.astype(np.float64), BLUR_PX * scale)[::scale, ::scale]
    window = np.hanning(low.shape[0])[:, None] * np.hanning(low.shape[1])[None, :]
    low, high = ((picture - picture.mean()) * window for picture in (low, high))
    norm = float(np.linalg.norm(low) * np.linalg.norm(high))
    correlation = float((low * high).sum()) / norm if norm > 0 else 0.0
    cross = np.fft.fft2(low) * np.fft.fft2(high).conj()
    down, across = np.fft.fftfreq(low.shape[0])[:, None], np.fft.fftfreq(low.shape[1])[None, :]
    near = np.hypot(down, across) < HIGHEST_FREQUENCY
    grid = np.stack([*np.broadcast_arrays(down, across)], axis=-1)[near]
    weighted = (grid * np.abs(cross)[near][:, None]).T
    steps = np.zeros(2)
    for _ in range(ROUNDS):  # phases wrap: what was found is taken off, and the rest looked at
        rest = np.angle(cross[near] * np.exp(2j * np.pi * (grid @ steps)))
        steps = steps - np.linalg.lstsq(weighted @ grid, weighted @ rest, rcond=None)[0] / (
            2 * np.pi
        )
    return Registration(-float(steps[0]) * scale, -float(steps[1]) * scale, correlation)

"""How much fine texture an image has.

Two measures, both of the high-resolution original alone:

* `high_frequency_share`: the part of the luma's energy that a smaller image cannot hold, because
  it lies beyond that image's Nyquist frequency (Shannon 1949, "Communication in the presence of
  noise"). The power spectra of photographs fall about as 1/f^2 (Field 1987, "Relations between
  the statistics of natural images and the response properties of cortical cells"), so the share
  is small, and what makes images differ. It does not depend on contrast.
* `laplacian_variance`: the variance of the Laplacian (Pech-Pacheco et al. 2000, "Diatom
  autofocusing in brightfield microscopy", ICPR), which grows with contrast too.
"""

from __future__ import annotations

import numpy as np

from sr.base.errors import ShapeError

MEASURES = ("high_frequency_share", "laplacian_variance")


def high_frequency_share(rgb: np.ndarray, *, scale: int) -> float:
    """Part of the energy of an image's luma that an image `scale` times smaller cannot hold.

    The mean is taken off, a Hann window keeps the borders from counting as edges, and energy at
    more than 1 / (2 scale) cycles per pixel along either axis is divided by all of it.

    Args:
        rgb: (H, W, 3) uint8.
        scale: how many times smaller.

    Returns:
        0 to 1; 0 for an image of one colour.

    Raises:
        ShapeError: not uint8 (H, W, 3), or a side under 2 * scale.
    """
    _check("high_frequency_share", rgb, min_px=2 * scale)
    y = luma(rgb)
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in y.shape))
    mean = float((y * window).sum() / window.sum())
    power = np.abs(np.fft.fft2((y - mean) * window)) ** 2
    total = float(power.sum())
    if total <= 1e-9 * y.size:  # rounding of a flat image
        return 0.0
    nyquist = 1 / (2 * scale)
    rows, columns = (np.abs(np.fft.fftfreq(side)) <= nyquist for side in y.shape)
    kept = float(power[np.ix_(rows, columns)].sum())
    return 1 - kept / total


def laplacian_variance(rgb: np.ndarray) -> float:
    """Variance of the 4-neighbour Laplacian of an image's luma (16-235), on its inside.

    Args:
        rgb: (H, W, 3) uint8.

    Raises:
        ShapeError: not uint8 (H, W, 3), or a side under 3.
    """
    _check("laplacian_variance", rgb, min_px=3)
    y = luma(rgb)
    around = y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:]
    return float((around - 4 * y[1:-1, 1:-1]).var())


def luma(rgb: np.ndarray) -> np.ndarray:
    """BT.601 luma of an (H, W, 3) uint8 image: (H, W) float64, 16 (black) to 235 (white)."""
    from sr.images.color import LUMA_OFFSET, LUMA_WEIGHTS

    weighted: np.ndarray = rgb @ (np.array(LUMA_WEIGHTS) / 255)
    return weighted + LUMA_OFFSET


def _check(name: str, rgb: np.ndarray, *, min_px: int) -> None:
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or min(rgb.shape[:2]) < min_px:
        raise ShapeError(
            f"{name}: {rgb.dtype} array {rgb.shape}; needed uint8 (H, W, 3) of {min_px} px or more"
        )

"""Resolution by Fourier ring correlation of two pictures of one thing with noise of their own."""

from __future__ import annotations

import numpy as np

from sr.base.errors import ShapeError

THRESHOLD = 1 / 7  # van Heel and Schatz 2005; Nieuwenhuizen et al. 2013
WIDTH = 5  # rings that are averaged, for a single one jumps


def fourier_rings(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The correlation of two pictures, ring by ring of their spectra.

    Both have to be drawn by chance of their own: two exposures, not a prediction and its reference,
    which say how alike they are and nothing of resolution.

    Args:
        first, second: (H, W), the same size; the larger side is cut to the smaller.

    Returns:
        Frequencies in cycles a pixel, and correlations, up to half a cycle.

    Raises:
        ShapeError: shapes differ.
    """
    if first.shape != second.shape or first.ndim != 2:
        raise ShapeError(f"fourier_rings: {first.shape} and {second.shape}; needed one size (H, W)")
    side = min(first.shape)
    window = np.hanning(side)[:, None] * np.hanning(side)[None, :]
    spectra = []
    for picture in (first, second):
        square = picture[:side, :side].astype(np.float64)
        spectra.append(np.fft.fft2((square - square.mean()) * window))
    frequency = np.fft.fftfreq(side) * side
    ring = np.rint(np.hypot(frequency[:, None], frequency[None, :])).astype(int)
    count = side // 2

    def summed(values: np.ndarray) -> np.ndarray:
        total: np.ndarray = np.bincount(ring.ravel(), values.ravel())[:count]
        return total

    a, b = spectra
    power = np.sqrt(summed(np.abs(a) ** 2) * summed(np.abs(b) ** 2))
    correlation = summed((a * b.conj()).real) / np.maximum(power, 1e-300)
    return np.arange(count) / side, correlation


def ring_resolution(first: np.ndarray, second: np.ndarray, pixel_um: float) -> float | None:
    """The finest detail that two noise draws agree on, in micrometres; None where they agree up to
    the pixels or nowhere.

    Args:
        first, second: as of `fourier_rings`.
        pixel_um: side of their pixels.
    """
    frequency, correlation = fourier_rings(first, second)
    smooth = np.convolve(correlation, np.full(WIDTH, 1 / WIDTH), mode="same")
    below = np.nonzero(smooth[WIDTH:-WIDTH] < THRESHOLD)[0]
    if not len(below) or below[0] == 0:
        return None
    return pixel_um / float(frequency[below[0] + WIDTH])

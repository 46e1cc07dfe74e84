"""Resampling of uint8 images: MATLAB's bicubic bit for bit, nearest, and cropping to a multiple."""

from __future__ import annotations

import math

import numpy as np

from sr.errors import ShapeError

ROWS_AT_ONCE = 256  # output rows resampled together, so that float copies stay small


def modcrop(image: np.ndarray, scale: int) -> np.ndarray:
    """Cut right and bottom so that both sides are multiples of `scale`.

    Args:
        image: (H, W) or (H, W, C).

    Raises:
        ShapeError: a side is shorter than `scale`.
    """
    height, width = image.shape[:2]
    if height < scale or width < scale:
        raise ShapeError(
            f"modcrop: image {width}x{height}; needed at least {scale}x{scale} pixels for scale "
            f"{scale}; use a larger image"
        )
    return image[: height - height % scale, : width - width % scale]


def nearest(image: np.ndarray, scale: int) -> np.ndarray:
    """Every pixel as a block of scale x scale: (H, W[, C]) to (scale H, scale W[, C])."""
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def matlab_bicubic(image: np.ndarray, scale: float) -> np.ndarray:
    """MATLAB's `imresize(image, scale, "bicubic")`, antialiased when it shrinks.

    Keys' cubic kernel with a = -0.5, widened by the scale when shrinking; height first, rounded to
    uint8 between the passes; borders by replication. Reproduces the low-resolution images of the
    usual benchmarks bit for bit.

    Args:
        image: (H, W) or (H, W, C) uint8.
        scale: 1/4, 4, or any positive factor.

    Returns:
        uint8, sides ceil(scale * H) and ceil(scale * W).

    Raises:
        ShapeError: not uint8, not 2-D or 3-D, empty, or a scale that is not positive.

    Source: Keys 1981, "Cubic convolution interpolation for digital image processing".
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or 0 in image.shape:
        raise ShapeError(
            f"matlab_bicubic: {image.dtype} array {image.shape}; needed uint8 (H, W) or (H, W, C)"
        )
    if not (scale > 0 and math.isfinite(scale)):
        raise ShapeError(
            f"matlab_bicubic: scale {scale}; needed a positive number such as 4 or 0.25"
        )
    rows = _resample_rows(image, scale)
    return np.ascontiguousarray(_resample_rows(rows.swapaxes(0, 1), scale).swapaxes(0, 1))


def _resample_rows(image: np.ndarray, scale: float) -> np.ndarray:
    """Resample the first axis; rounds to uint8, halves away from zero."""
    index, weight = _taps(image.shape[0], scale)
    out = np.empty((len(index), *image.shape[1:]), np.uint8)
    for first in range(0, len(index), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        total = np.zeros((len(index[part]), *image.shape[1:]))
        for tap in range(index.shape[1]):
            column = weight[part, tap].reshape(-1, *([1] * (image.ndim - 1)))
            total += image[index[part, tap]] * column
        total += 0.5
        np.floor(total, out=total)
        out[part] = np.clip(total, 0, 255, out=total)
    return out


def _taps(length: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """For each output position the source positions (O, T), replicated, and weights (O, T)."""
    size = math.ceil(length * scale - 1e-9)
    stretch = min(scale, 1.0)  # the kernel is widened when shrinking
    width = 4.0 / stretch
    centre = (np.arange(size) + 0.5) / scale - 0.5
    first = np.floor(centre - width / 2) + 1
    index = first[:, None] + np.arange(math.ceil(width) + 1)
    weight = stretch * _cubic(stretch * (centre[:, None] - index))
    weight /= weight.sum(axis=1, keepdims=True)
    used = np.any(weight != 0, axis=0)
    return np.clip(index[:, used], 0, length - 1).astype(np.intp), weight[:, used]


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys' kernel, a = -0.5."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))

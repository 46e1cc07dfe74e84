"""Resampling of uint8 images: MATLAB's bicubic bit for bit, nearest, and cropping to a multiple."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from sr.base.errors import ShapeError

BAND_PX = 64  # output positions that share one small dense matrix
STRIP_PX = 256  # rows resampled together in the second pass, so that float copies stay small
TIE = 1e-9  # a sum this close under a half is a half: no result hangs on the order of a sum


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
    height, width = image.shape[:2]
    channels = math.prod(image.shape[2:])
    out_height, out_width = resized_length(height, scale), resized_length(width, scale)

    flat = np.ascontiguousarray(image).reshape(height, width * channels)
    flat_tall = np.empty((out_height, width * channels), np.uint8)
    for part, source, matrix in _bands(height, scale):
        flat_tall[part] = _rounded(matrix @ flat[source].astype(matrix.dtype))

    tall = flat_tall.reshape(out_height, width, channels)
    out = np.empty((out_height, out_width, channels), np.uint8)
    bands = list(_bands(width, scale))
    for first in range(0, out_height, STRIP_PX):
        strip = tall[first : first + STRIP_PX].swapaxes(1, 2)
        size = strip.shape[:2]
        for part, source, matrix in bands:
            pixels = strip[:, :, source].astype(matrix.dtype).reshape(size[0] * size[1], -1)
            values = _rounded(pixels @ matrix.T).reshape(*size, -1)
            out[first : first + STRIP_PX, part] = values.swapaxes(1, 2)
    return out.reshape(out_height, out_width, *image.shape[2:])


def bicubic_values(image: np.ndarray, scale: float) -> np.ndarray:
    """`matlab_bicubic` of real numbers, without any rounding.

    Args:
        image: (H, W, C) float32, of any range.

    Returns:
        (ceil(scale * H), ceil(scale * W), C) float32.
    """
    for axis in (0, 1):
        bands = [
            np.tensordot(matrix, image.take(range(source.start, source.stop), axis), (1, axis))
            for _, source, matrix in _bands(image.shape[axis], scale)
        ]
        image = np.moveaxis(np.concatenate(bands), 0, axis)
    return image.astype(np.float32)


def _rounded(values: np.ndarray) -> np.ndarray:
    """Ready for the cast to uint8: halves go up; changes `values`."""
    values += 0.5 + TIE
    return np.clip(values, 0, 255, out=values)


def resized_length(length: int, scale: float) -> int:
    """A side of a picture, in pixels, after `matlab_bicubic`."""
    return math.ceil(length * scale - 1e-9)


def _bands(length: int, scale: float) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """(output positions, source positions, weights (O, I)) of one axis, a band at a time.

    At scales such as 4 and 1/4 every weight is a multiple of 1/4096, so that sums of uint8 pixels
    are exact in float32; elsewhere it is float64.
    """
    index, weight = _taps(length, scale)
    is_exact = bool(np.all(4096 * weight == np.rint(4096 * weight)))
    for first in range(0, len(index), BAND_PX):
        part = slice(first, min(first + BAND_PX, len(index)))
        low, high = int(index[part].min()), int(index[part].max()) + 1
        matrix = np.zeros((part.stop - first, high - low))
        np.add.at(matrix, (np.arange(len(matrix))[:, None], index[part] - low), weight[part])
        yield part, slice(low, high), matrix.astype(np.float32 if is_exact else np.float64)


def _taps(length: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """For each output position the source positions (O, T), replicated, and weights (O, T)."""
    size = resized_length(length, scale)
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

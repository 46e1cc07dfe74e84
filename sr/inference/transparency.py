"""Colour under transparency: what is hidden must not come out at the edges of what is seen.

Where nothing is seen a file may hold any colour, black as a rule. Enlarged as it is, that colour
mixes into the edge. Averages weighted by alpha are free of it: bicubic is taken of premultiplied
colour, and networks, which need a picture, are given one in which the colours that are seen go on
into what is hidden.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import maximum_filter, uniform_filter

from sr.formats.notes import Note
from sr.images.photo import Photo
from sr.images.resize import bicubic_values, matlab_bicubic

BAND_ROWS = 64  # rows looked at together, so that memory stays bounded; even
REACH_PX = 3  # as far as the cubic kernel does
LEAST_ALPHA = 0.5  # of 255: what is rounded away


def seen_colours(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The picture with hidden colours replaced by those seen around them.

    A pixel counts as much as its alpha against its neighbours': opaque ones stay as they are, and
    so do all where alpha is even.

    Args:
        rgb: (H, W, 3) uint8.
        alpha: (H, W) uint8.

    Returns:
        (H, W, 3) uint8; black where nothing is seen anywhere.
    """
    out = np.empty_like(rgb)
    height, width = alpha.shape
    far = _filled(*_halves(rgb, alpha))
    for top in range(0, height, BAND_ROWS):
        bottom = min(height, top + BAND_ROWS)
        first, last = max(0, top - 1), min(height, bottom + 1)
        weight = alpha[first:last].astype(np.float32)
        colour = rgb[first:last].astype(np.float32)
        total = uniform_filter(weight, 3, mode="nearest")[..., None]
        near = uniform_filter(colour * weight[..., None], (3, 3, 1), mode="nearest")
        rows, columns = np.arange(first, last) // 2, np.arange(width) // 2
        mean = np.where(total > 0.01, near / np.maximum(total, 0.01), far[rows][:, columns])
        own = (weight / np.maximum(maximum_filter(weight, 3), 1))[..., None]
        mixed = own * colour + (1 - own) * mean
        out[top:bottom] = np.rint(mixed[top - first : bottom - first]).clip(0, 255)
    return out


def reduced(photo: Photo, width: int) -> Photo:
    """A photo reduced by bicubic to a width; hidden colours do not come out at edges.

    What its file says of JPEG is no longer true of it.
    """
    if width >= photo.width:
        return photo
    scale = width / photo.width
    rgb, alpha = photo.rgb, photo.alpha
    if alpha is not None:
        rgb = seen_colours(rgb, alpha)
        alpha = matlab_bicubic(alpha, scale)
    about = photo.about and replace(photo.about, jpeg_tables={})
    return replace(photo, rgb=matlab_bicubic(rgb, scale), alpha=alpha, about=about)


def of_width(enlargement: Photo, width: int | None) -> Photo:
    """An enlargement that may be larger than is wanted, reduced to a width; its notes say so."""
    if width is None or width >= enlargement.width:
        return enlargement
    size: dict[str, str | float] = {"width": enlargement.width, "height": enlargement.height}
    small = reduced(enlargement, width)
    return replace(small, notes=(*small.notes, Note("enlarged_first", size)))


def premultiplied_bicubic(out: np.ndarray, rgb: np.ndarray, alpha: np.ndarray, scale: int) -> None:
    """Enlarge premultiplied colour and divide by the alpha enlarged likewise.

    Args:
        out: (s H, s W, 3) uint8; written where anything is seen.
        rgb: (H, W, 3) uint8.
        alpha: (H, W) uint8.
        scale: s.
    """
    height = alpha.shape[0]
    for top in range(0, height, BAND_ROWS):
        bottom = min(height, top + BAND_ROWS)
        first, last = max(0, top - REACH_PX), min(height, bottom + REACH_PX)
        weight = alpha[first:last, :, None].astype(np.float32)
        both = np.concatenate([rgb[first:last] * weight, weight], axis=2)
        large = bicubic_values(both, scale)[(top - first) * scale : (bottom - first) * scale]
        total = large[..., 3:]
        colour = np.rint(large[..., :3] / np.maximum(total, LEAST_ALPHA)).clip(0, 255)
        rows = slice(top * scale, bottom * scale)
        out[rows] = np.where(total >= LEAST_ALPHA, colour, out[rows]).astype(np.uint8)


def _halves(rgb: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Premultiplied colour and alpha at half the size, in bands: sums over 2x2 pixels."""
    height, width = alpha.shape
    shape = ((height + 1) // 2, (width + 1) // 2)
    colour, weight = np.empty((*shape, 3), np.float32), np.empty(shape, np.float32)
    for top in range(0, height, BAND_ROWS):
        some = alpha[top : top + BAND_ROWS].astype(np.float32)
        rows = slice(top // 2, (min(height, top + BAND_ROWS) + 1) // 2)
        colour[rows] = _sums(rgb[top : top + BAND_ROWS] * some[..., None])
        weight[rows] = _sums(some[..., None])[..., 0]
    return colour, weight


def _sums(values: np.ndarray) -> np.ndarray:
    """Sums over 2x2 pixels of (H, W, C); odd sides are filled up with zeros."""
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    rows = even[0::2] + even[1::2]
    result: np.ndarray = rows[:, 0::2] + rows[:, 1::2]
    return result


def _filled(colour: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean colours (H, W, 3), taken from ever coarser halves where nothing is seen."""
    mean = colour / np.maximum(weight, 1e-6)[..., None]
    if weight.all() or weight.size == 1:
        return mean
    coarse = _filled(_sums(colour), _sums(weight[..., None])[..., 0])
    rows, columns = (np.arange(side) // 2 for side in weight.shape)
    smooth = uniform_filter(coarse[rows][:, columns], (3, 3, 1), mode="nearest")
    return np.where(weight[..., None] > 0, mean, smooth)

"""Photos of more pixels than are enlarged at a time: cut to a part, or reduced first.

Every phone takes such photos. One of them is decoded at a time, so that however many people send
theirs at once, the server holds one in memory, and of each no more than what goes on to the models.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from demo.photos.uploads import read_upload
from sr.formats.notes import Note
from sr.images.photo import Photo
from sr.inference.transparency import reduced

LARGEST_MEGAPIXELS = 64.0  # of a file; 640 MB while it is decoded
PREVIEW_PX = 1024  # of its longer side

_decoding = threading.Lock()


@dataclass(frozen=True)
class Box:
    """A part of a photo that stands the right way up, in pixels."""

    left: int
    top: int
    width: int
    height: int


Fit = Box | Literal["reduced"]


@dataclass(frozen=True)
class Large:
    """A photo of more pixels than are enlarged at a time.

    Attributes:
        width, height: of the photo in pixels.
        max_megapixels: that are enlarged.
        preview_url: of the photo made small.
        can_be_reduced: whether a smaller copy is of use: of a microscope's frame it is not.
    """

    width: int
    height: int
    max_megapixels: float
    preview_url: str
    can_be_reduced: bool = True


def fit_of(value: object) -> Fit | None:
    """The way that a browser says: "reduced" or a box; None where it says neither."""
    if value == "reduced":
        return "reduced"
    if not isinstance(value, Mapping):
        return None
    sides = [value.get(name) for name in ("left", "top", "width", "height")]
    if not all(isinstance(side, int | float) and math.isfinite(side) for side in sides):
        return None
    return Box(*(max(0, min(10**6, round(side))) for side in sides))  # type: ignore[arg-type]


def reduced_size(width: int, height: int, max_megapixels: float) -> tuple[int, int]:
    """The largest width and height of the same shape that the limit allows."""
    most = max_megapixels * 1e6
    if width * height <= most:
        return width, height
    wide = max(1, math.floor(math.sqrt(most * width / height)))
    while wide > 1 and wide * _tall(width, height, wide) > most:
        wide -= 1
    return wide, _tall(width, height, wide)


def fitted(path: Path, fit: Fit, *, max_megapixels: float) -> Photo:
    """A photo made to fit the limit; its notes say how.

    Args:
        path: of the upload.
        fit: the part to take, cut to what is there and to the limit; or "reduced".
        max_megapixels: of the result.

    Raises:
        FileNotFoundError: it was deleted meanwhile.
        ImageError: not an image, or one of more than LARGEST_MEGAPIXELS.
    """
    with _decoding:
        photo = read_upload(path, max_megapixels=LARGEST_MEGAPIXELS)
        size: dict[str, str | float] = {"width": photo.width, "height": photo.height}
        if isinstance(fit, Box):
            return _noted(cut(photo, fit, max_megapixels), Note("part", size))
        if photo.width * photo.height <= max_megapixels * 1e6:
            return photo
        wide, _ = reduced_size(photo.width, photo.height, max_megapixels)
        return _noted(reduced(photo, wide), Note("reduced", size))


def preview(path: Path) -> tuple[Photo, int, int]:
    """A photo small enough to choose a part on, and the width and height it has.

    Raises:
        FileNotFoundError, ImageError: as `fitted`.
    """
    with _decoding:
        photo = read_upload(path, max_megapixels=LARGEST_MEGAPIXELS)
        share = min(1.0, PREVIEW_PX / max(photo.width, photo.height))
        small = reduced(photo, max(1, round(photo.width * share)))
        return replace(small, about=None), photo.width, photo.height


def cut(photo: Photo, box: Box, max_megapixels: float) -> Photo:
    """A part of a photo, at least a pixel, at most what the limit allows."""
    part = cut_box(photo.height, photo.width, box, max_megapixels)
    alpha = None if photo.alpha is None else photo.alpha[part].copy()
    return replace(photo, rgb=photo.rgb[part].copy(), alpha=_unless_opaque(alpha))


def cut_box(height: int, width: int, box: Box, max_megapixels: float) -> tuple[slice, slice]:
    """The rows and columns of a part of a picture, at least a pixel, at most what is allowed."""
    left, top = min(box.left, width - 1), min(box.top, height - 1)
    wide = max(1, min(box.width, width - left))
    tall = max(1, min(box.height, height - top))
    wide, tall = reduced_size(wide, tall, max_megapixels)
    return slice(top, top + tall), slice(left, left + wide)


def _tall(width: int, height: int, wide: int) -> int:
    """The height that `reduced` gives for a width."""
    return math.ceil(height * (wide / width) - 1e-9)


def _noted(photo: Photo, note: Note) -> Photo:
    return replace(photo, notes=(note, *photo.notes))


def _unless_opaque(alpha: np.ndarray | None) -> np.ndarray | None:
    return None if alpha is None or alpha.min() == 255 else alpha

"""TIFF files of 16 bits a sample, which Pillow cuts to 8 or, plane by plane, mixes up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import TiffImagePlugin

BITS, PHOTOMETRIC, SAMPLES, PLANES, EXTRA, KIND = 258, 262, 277, 284, 338, 339
ORIENTATION, PROFILE = 274, 34675
SEPARATE = 2
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK = 0, 1, 2, 5
COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, CMYK: 4}
PREMULTIPLIED, APART = 1, 2


@dataclass(frozen=True)
class DeepTiff:
    """Samples (H, W, C) uint16 of grey, RGB or CMYK, and alpha (H, W) uint16 or None."""

    samples: np.ndarray
    alpha: np.ndarray | None
    orientation: int
    profile: bytes | None


def is_deep(image: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether it has several samples a pixel of 16 bits each, without a sign."""
    tags = image.tag_v2
    bits, kinds = tags.get(BITS, (1,)), tags.get(KIND, (1,))
    return set(bits) == {16} and set(kinds) == {1} and tags.get(SAMPLES, 1) > 1


def is_planar(image: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether samples of more than 8 bits lie plane by plane."""
    tags = image.tag_v2
    is_apart = tags.get(PLANES) == SEPARATE and tags.get(SAMPLES, 1) > 1
    return bool(is_apart and max(tags.get(BITS, (1,))) > 8)


def read_deep(stream: BinaryIO, check: Callable[[tuple[int, int]], None]) -> DeepTiff | None:
    """The samples of the first picture; None where they are of another kind, or tifffile has no
    decoder for them.

    Args:
        check: called with width and height before decoding.

    Raises:
        Exception: what tifffile raises at a damaged file.
    """
    import tifffile

    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        check((page.imagewidth, page.imagelength))
        if page.dtype != np.uint16 or page.bitspersample != 16:
            return None
        colours = COLOURS.get(int(page.photometric))
        if colours is None or page.samplesperpixel < colours or page.imagedepth != 1:
            return None
        try:
            samples = page.asarray()
        except (ValueError, ImportError) as error:
            if "imagecodecs" in str(error):
                return None
            raise
        extra = [int(kind) for kind in page.extrasamples]
        photometric = int(page.photometric)
        turned, profile = (page.tags.valueof(tag) for tag in (ORIENTATION, PROFILE))
        if page.planarconfig == SEPARATE and page.samplesperpixel > 1:
            samples = np.moveaxis(samples.reshape(-1, *samples.shape[-2:]), 0, 2)
    samples = samples.reshape(*samples.shape[:2], -1)
    alpha = samples[..., colours] if extra[:1] in ([PREMULTIPLIED], [APART]) else None
    samples = samples[..., :colours]
    if photometric == WHITE_IS_ZERO:
        samples = 65535 - samples
    if alpha is not None and extra[0] == PREMULTIPLIED:
        whole = np.maximum(alpha, 1).astype(np.uint32)[..., None]
        samples = ((samples.astype(np.uint32) * 65535 + whole // 2) // whole).clip(0, 65535)
    return DeepTiff(samples.astype(np.uint16), alpha, int(turned or 1), profile)

"""Pictures that were taken, on this server: found by the unguessable names of their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo.compare.frames import counts_of, picture_of
from demo.web.http import PageError
from demo.work.versions import FRAME_SUFFIX, TOKEN, ImageStore
from sr.base.errors import ImageError
from sr.images.reading import open_image
from sr.microscopy.files.levels import Levels
from survey.study.errors import InvalidAnswerError

MOST_MEGAPIXELS = 16.0  # of a picture


class GoneError(PageError):
    """A picture that was deleted since."""

    key = "gone"
    status = 410


class SizesError(PageError):
    """Pictures of several sizes, where one size is needed; or a box outside of them."""

    key = "sizes"


class MixedError(PageError):
    """Frames of microscopes and photographs, of which only one kind can be compared."""

    key = "mixed"


@dataclass(frozen=True)
class Named:
    """A picture that was taken, by the token of its file, and what its owner calls it.

    Attributes:
        limits: between which counts a frame is shown; None: its own percentiles.
    """

    token: str
    name: str
    limits: Levels | None = None


class KeptPictures:
    """The pictures in a store.

    Args:
        store: where they are kept for as long as everything that visitors send.
    """

    def __init__(self, store: ImageStore) -> None:
        self.store = store

    def are_frames(self, tokens: Sequence[str]) -> bool:
        """Whether they are frames of microscopes.

        Raises:
            GoneError: one was deleted.
            MixedError: some are photographs.
        """
        kinds = {self.path(token).suffix for token in tokens}
        if len(kinds) > 1:
            raise MixedError("photographs and frames of microscopes; needed one kind")
        return kinds == {FRAME_SUFFIX}

    def path(self, token: str) -> Path:
        """Of a picture: a PNG, of a frame a TIFF.

        Raises:
            GoneError: it was deleted.
        """
        if TOKEN.fullmatch(token):
            for suffix in (".png", FRAME_SUFFIX):
                path = self.store.folder / f"{token}{suffix}"
                if path.is_file():
                    return path
        raise GoneError("a picture is no longer here; drop it again")

    def pixels(self, token: str) -> np.ndarray:
        """Of a photograph (H, W, 3) uint8, of a frame its counts (H, W)."""
        path = self.path(token)
        try:
            if path.suffix == FRAME_SUFFIX:
                return counts_of(path)
            return open_image(path, max_megapixels=MOST_MEGAPIXELS).rgb
        except (ImageError, OSError):
            raise GoneError("a picture is no longer here; drop it again") from None

    def shown(self, one: Named, lut: str) -> np.ndarray:
        """As it is looked at: (H, W, 3) uint8."""
        path = self.path(one.token)
        if path.suffix != FRAME_SUFFIX:
            return self.pixels(one.token)
        try:
            return picture_of(path, one.limits, lut)
        except (ImageError, OSError):
            raise GoneError("a picture is no longer here; drop it again") from None

    @staticmethod
    def part(pixels: np.ndarray, region: Sequence[int] | None) -> np.ndarray:
        """Left, top, width and height of a picture.

        Raises:
            InvalidAnswerError, SizesError: not such numbers, or it does not lie in it.
        """
        if region is None:
            return pixels
        if len(region) != 4 or not all(type(value) is int for value in region):
            raise InvalidAnswerError(f"{region}: needed left, top, width and height")
        left, top, width, height = region
        whole = pixels.shape
        is_inside = left >= 0 and top >= 0 and width > 0 and height > 0
        if not is_inside or left + width > whole[1] or top + height > whole[0]:
            raise SizesError(f"{region} does not lie in a picture of {whole[1]}x{whole[0]}")
        return np.ascontiguousarray(pixels[top : top + height, left : left + width])

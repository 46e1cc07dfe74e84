"""What a file of a microscope holds: planes of one channel, and how large a pixel is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sr.base.errors import ImageError, ImageTooLargeError

MEAN, ALL = "mean", "all"
MOST_FRAMES = 100  # of the largest allowed, that a stack may come to


@dataclass(frozen=True)
class Stack:
    """Planes of one channel in the counts of the file.

    Attributes:
        planes: (N, H, W), integers or float32; rows from top to bottom as other programs show them.
        pixel_um: side of a pixel in micrometres; None where the file does not say.
        path: of the file.
    """

    planes: np.ndarray
    pixel_um: float | None
    path: Path

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.planes.shape[2], self.planes.shape[1]

    def chosen(self, which: str | None) -> Stack:
        """One plane, the mean of all, or all.

        Args:
            which: a number from 1, "mean", "all", or None: the only one there is.

        Raises:
            ImageError: there are several and none was named, or no such plane.
        """
        count = len(self.planes)
        if which is None:
            if count > 1:
                raise ImageError(
                    f"{self.path.name}: a stack of {count} frames, needed one; give --frame 1 to "
                    f"{count}, --frame {MEAN} (the wide field of raw SIM frames) or --frame {ALL}",
                    kind="frame_stack",
                    file=self.path.name,
                    count=count,
                )
            return self
        if which == ALL:
            return self
        if which == MEAN:
            mean = self.planes.mean(axis=0, keepdims=True, dtype=np.float64)
            return replace(self, planes=mean.astype(np.float32))
        if not re.fullmatch("[0-9]{1,9}", which) or not 1 <= int(which) <= count:
            raise ImageError(
                f"{self.path.name}: frame {which}; needed 1 to {count}, {MEAN} or {ALL}",
                kind="frame_number",
                file=self.path.name,
                count=count,
            )
        return replace(self, planes=self.planes[int(which) - 1 : int(which)])


def frame_stem(path: Path) -> str:
    """A file's name without what says its kind, of which .ome.tif says it twice."""
    return path.stem.removesuffix(".ome")


def checked(stack: Stack) -> Stack:
    """The stack, if it can be worked with.

    Raises:
        ImageError: NaN or infinite pixels, none at all, or a size that no pixel has.
    """
    name = stack.path.name
    if stack.planes.ndim != 3 or not stack.planes.size:
        raise ImageError(f"{name}: no pixels in it", kind="frame_empty", file=name)
    bad = int(np.count_nonzero(~np.isfinite(stack.planes)))
    if bad:
        raise ImageError(
            f"{name}: {bad} of {stack.planes.size} pixels are NaN or infinite; needed numbers, for "
            "instance 0 in their places",
            kind="frame_nan",
            file=name,
            count=bad,
            total=stack.planes.size,
        )
    if stack.pixel_um is not None and not (np.isfinite(stack.pixel_um) and stack.pixel_um > 0):
        raise ImageError(
            f"{name}: says that its pixels are {stack.pixel_um:g} micrometres large; correct that "
            "in the file (in ImageJ: Image, Properties), or give sr upscale or sr microscope "
            "resolution --pixel-nm NM or --pixel-nm unknown",
            kind="frame_pixel_size",
            file=name,
        )
    return stack


def check_size(name: str, shape: tuple[int, ...], max_megapixels: float | None) -> None:
    """Refuse more pixels than are taken, before they are decoded.

    Args:
        shape: (..., H, W).
        max_megapixels: of one plane; all may have MOST_FRAMES times that. None: any.

    Raises:
        ImageTooLargeError: says the size.
    """
    height, width = shape[-2:] if len(shape) > 1 else (1, *shape)
    megapixels = height * width / 1e6
    if max_megapixels is None:
        return
    if megapixels > max_megapixels or np.prod(shape) > MOST_FRAMES * max_megapixels * 1e6:
        raise ImageTooLargeError(
            f"{name}: frames of {width}x{height}, {np.prod(shape) / 1e6:.4g} megapixels in all; at "
            f"most {max_megapixels:g} a frame and {MOST_FRAMES} times that in all are accepted",
            kind="too_large",
            file=name,
            width=width,
            height=height,
            megapixels=round(float(np.prod(shape)) / 1e6, 2),
        )


def in_colours(name: str) -> ImageError:
    """What to raise at a picture that is not of one channel."""
    text = f"{name}: a picture in colours; needed one channel"
    return ImageError(text, kind="frame_colours", file=name)


def several_channels(name: str, count: int) -> ImageError:
    """What to raise at several channels."""
    text = f"{name}: {count} channels; needed one: save each in a file of its own"
    return ImageError(text, kind="frame_channels", file=name, count=count)

"""What a file of a microscope holds: planes of one channel, and how large a pixel is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sr.base.errors import ImageError

MEAN, ALL = "mean", "all"


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
                    f"{count}, --frame {MEAN} (the wide field of raw SIM frames) or --frame {ALL}"
                )
            return self
        if which == ALL:
            return self
        if which == MEAN:
            mean = self.planes.mean(axis=0, keepdims=True, dtype=np.float64)
            return replace(self, planes=mean.astype(np.float32))
        if not which.isdigit() or not 1 <= int(which) <= count:
            raise ImageError(
                f"{self.path.name}: frame {which}; needed 1 to {count}, {MEAN} or {ALL}"
            )
        return replace(self, planes=self.planes[int(which) - 1 : int(which)])


def checked(stack: Stack) -> Stack:
    """The stack, if it can be worked with.

    Raises:
        ImageError: NaN or infinite pixels, none at all, or all of one value.
    """
    name = stack.path.name
    if stack.planes.ndim != 3 or not stack.planes.size:
        raise ImageError(f"{name}: no pixels in it")
    bad = int(np.count_nonzero(~np.isfinite(stack.planes)))
    if bad:
        raise ImageError(
            f"{name}: {bad} of {stack.planes.size} pixels are NaN or infinite; needed numbers, for "
            "instance 0 in their places"
        )
    if stack.pixel_um is not None and not (np.isfinite(stack.pixel_um) and stack.pixel_um > 0):
        raise ImageError(
            f"{name}: says that its pixels are {stack.pixel_um:g} micrometres large; give their "
            "true size with --pixel-nm NM, or --pixel-nm unknown"
        )
    return stack

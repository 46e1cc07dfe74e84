"""One frame of a microscope in memory, and which files are taken for such."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sr.base.errors import ImageError
from sr.formats.notes import Note
from sr.images.photo import Photo
from sr.microscopy.files.reading import is_of_a_microscope, read_stack
from sr.microscopy.files.stack import Stack
from sr.microscopy.files.stretch import limits_of, shown
from sr.microscopy.files.tiffs import is_frame_tiff


@dataclass(frozen=True)
class Frame:
    """A frame of one channel; it goes the way of a `Photo` where both are enlarged.

    Attributes:
        pixels: (H, W), counts: the numbers of its file, or float32.
        pixel_um: side of a pixel in micrometres; None where nobody said.
        name: of its file.
        kind: of the numbers of the file; what is made of it is saved in the same.
        number: from 1 in its stack, or "mean" of all.
        count: of frames in its stack.
        mended_share, notes: as of a `Photo`.
    """

    pixels: np.ndarray
    pixel_um: float | None
    name: str
    kind: np.dtype
    number: str = "1"
    count: int = 1
    mended_share: float = 0.0
    notes: tuple[Note, ...] = ()

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def on_white(self) -> Photo:
        """As it is shown, in grey."""
        return Photo(shown(self.pixels, limits_of(self.pixels)))


def frame_of(stack: Stack, which: str | None = None) -> Frame:
    """One frame of a stack: the first, where nothing is said.

    Args:
        which: a number from 1, or "mean".

    Raises:
        ImageError: no such frame.
    """
    number = which or "1"
    pixels = stack.chosen(number).planes[0]
    kind = stack.planes.dtype
    count = len(stack.planes)
    return Frame(pixels, stack.pixel_um, stack.path.name, kind, number, count)


def read_frame(
    path: Path, which: str | None = None, *, max_megapixels: float | None = None
) -> Frame:
    """One frame of a file; see `read_stack` and `frame_of`.

    Raises:
        ImageError, ImageTooLargeError: as of both.
    """
    return frame_of(read_stack(path, max_megapixels=max_megapixels), which)


def only_frame(path: Path, *, max_megapixels: float | None = None) -> Frame:
    """The frame of a file that holds one, where nobody can be asked which.

    Raises:
        ImageError, ImageTooLargeError: as of `read_stack`; or it holds several.
    """
    frame = read_frame(path, max_megapixels=max_megapixels)
    if frame.count > 1:
        raise ImageError(
            f"{frame.name}: a stack of {frame.count} frames, needed one; save it by itself",
            kind="frame_stack",
            file=frame.name,
            count=frame.count,
        )
    return frame


def is_frame(path: Path) -> bool:
    """Whether a file is taken for a microscope's: by its name, or because it has one channel of
    more than 8 bits, or was written by ImageJ.
    """
    if is_of_a_microscope(path):
        return True
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        return is_frame_tiff(path)
    return suffix == ".png" and _is_deep_grey(path)


def _is_deep_grey(path: Path) -> bool:
    """Whether the header of a PNG says 16 bits and one channel."""
    with path.open("rb") as file:
        head = file.read(26)
    return (
        head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR" and head[24:] == b"\x10\0"
    )

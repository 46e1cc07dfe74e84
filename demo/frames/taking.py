"""Files of microscopes that visitors sent: which frame of them, and which part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from demo.photos.fitting import LARGEST_MEGAPIXELS, Box, cut_box
from sr.formats.notes import Note
from sr.microscopy.files.frame import Frame, read_frame
from sr.microscopy.files.stack import MEAN
from sr.microscopy.files.tiffs import is_ome


@dataclass(frozen=True)
class Shot:
    """What there is to say of a frame when its pixels are gone on to the models.

    Attributes:
        pixel_um: side of a pixel; None: not known.
        kind: of its numbers, as NumPy calls it.
        number, count: see `Frame`.
        can_be_photo: whether it might as well be a photograph, of one channel and 16 bits.
        is_ome: whether it came as OME-TIFF.
    """

    pixel_um: float | None
    kind: str
    number: str
    count: int
    can_be_photo: bool
    is_ome: bool


def shot_of(frame: Frame) -> Shot:
    """What there is to say of a frame."""
    path = Path(frame.name)
    is_picture = path.suffix.lower() in (".png", ".tif", ".tiff") and not is_ome(path)
    return Shot(
        frame.pixel_um,
        str(frame.kind),
        frame.number,
        frame.count,
        is_picture and frame.count == 1,
        is_ome(path),
    )


def taken(path: Path, number: str | None, box: Box | None, max_megapixels: float) -> Frame | None:
    """A frame that fits the limit; None where it has more pixels and no part was named.

    Args:
        number: from 1, or "mean"; None: the first.

    Raises:
        FileNotFoundError: it was deleted meanwhile.
        ImageError: not a frame, or more pixels than any file may have.
    """
    which = number if number == MEAN or (number or "").isdigit() else None
    frame = read_frame(path, which, max_megapixels=LARGEST_MEGAPIXELS)
    if box is not None:
        rows, columns = cut_box(frame.height, frame.width, box, max_megapixels)
        note = Note("part", {"width": frame.width, "height": frame.height})
        return replace(frame, pixels=frame.pixels[rows, columns].copy(), notes=(note,))
    return frame if frame.height * frame.width <= max_megapixels * 1e6 else None

"""What a picture takes along of its file's EXIF: nothing, what is about its making, or all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from PIL import Image

from sr.formats.decode import About

Level = Literal["drop", "keep", "all"]
LEVELS: tuple[Level, ...] = ("drop", "keep", "all")

SOFTWARE, ORIENTATION = 305, 274
EXIF_BLOCK, PLACE_BLOCK = 0x8769, 0x8825
WIDTH, HEIGHT = 40962, 40963  # of the picture, in the EXIF block
RESOLUTION = (282, 283, 296)  # written from `dpi` instead
# How a TIFF's pixels lie, its profile, thumbnails, and XMP, which repeats and contradicts the rest.
STRUCTURE = {*range(254, 260), 262, 263, 266, 273, *range(277, 280), 284, 317, *range(320, 326)}
STRUCTURE |= {330, 338, 339, 347, 513, 514, *range(529, 533), 700, 34377, 34675}
# Date, author, copyright; dates of taking and digitising with their zones and fractions.
KEPT = (306, 315, 33432, 40093)
KEPT_OF_BLOCK = (36867, 36868, 36880, 36881, 36882, 37520, 37521, 37522)
KEPT_TEXTS = ("Author", "Copyright", "Creation Time")


def exif_for(about: About, level: Level, *, size: tuple[int, int], software: str) -> bytes:
    """The EXIF block of a written picture; empty with "drop" unless `software` is given.

    Args:
        about: what the file of the original says.
        level: "keep" is date and author, never the place; "all" is the place too.
        size: width and height of what is written.
        software: what made it.
    """
    exif = Image.Exif()
    if level != "drop":
        theirs = Image.Exif()
        try:
            theirs.load(about.exif)
            _take(exif, theirs, level, size)
        except Exception:  # damaged EXIF may raise anything
            exif = Image.Exif()
    if software:
        exif[SOFTWARE] = software
    return exif.tobytes() if len(exif) else b""


def _take(exif: Image.Exif, theirs: Image.Exif, level: Level, size: tuple[int, int]) -> None:
    own, block = dict(theirs), dict(theirs.get_ifd(EXIF_BLOCK))
    if level == "keep":
        own = {tag: own[tag] for tag in KEPT if tag in own}
        block = {tag: block[tag] for tag in KEPT_OF_BLOCK if tag in block}
    else:
        place = dict(theirs.get_ifd(PLACE_BLOCK))
        if place:
            exif.get_ifd(PLACE_BLOCK).update(place)
    for tag, value in own.items():
        if tag not in (ORIENTATION, SOFTWARE, EXIF_BLOCK, PLACE_BLOCK, *RESOLUTION, *STRUCTURE):
            exif[tag] = value
    if block:
        exif.get_ifd(EXIF_BLOCK).update(block | {WIDTH: size[0], HEIGHT: size[1]})


def texts_for(about: About, level: Level) -> Mapping[str, str]:
    """Texts of a PNG that another PNG keeps."""
    if level == "drop":
        return {}
    return {key: text for key, text in about.texts.items() if level == "all" or key in KEPT_TEXTS}


def dpi_for(about: About, level: Level, scale: float) -> tuple[float, float] | None:
    """Dots an inch by which an enlargement prints as large as its original."""
    if level == "drop" or about.dpi is None or not all(0 < dots < 1e5 for dots in about.dpi):
        return None
    return about.dpi[0] * scale, about.dpi[1] * scale

"""Which files are images that can be read here, and what the others are: by their content."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from pathlib import Path

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    features,
)

from sr.base.errors import DataError
from sr.formats import bmff

IMAGE_SUFFIXES: frozenset[str] = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
    | {".avif", ".heic", ".heif", ".hif"}
)

ACCEPTED = "PNG, JPEG, WebP, TIFF, BMP or GIF, or AVIF or HEIC from a phone"
# Files that are none of the formats: what they are, and what to do.
NOT_IMAGES: dict[str, tuple[str, str]] = {
    "empty": ("an empty file (0 bytes)", "export or download the image again"),
    "svg": ("an SVG drawing, which has no pixels", "export it as PNG"),
    "avif": ("an AVIF image, which this machine cannot read", "save it as JPEG or PNG"),
    "heic": (
        "a HEIC image, which this machine cannot read",
        "save it as JPEG or PNG, or have pi-heif installed",
    ),
    "pdf": ("a PDF document", "export the page as PNG"),
    "photoshop": ("a Photoshop document, which is not read here", "export it as PNG"),
    "text": ("a text file, whatever its name says", "choose an image"),
    "unknown": ("not an image that is known here", "choose another file or save it as PNG"),
}
HEADER_BYTES = 1024


def image_class(header: bytes) -> type[ImageFile.ImageFile] | None:
    """The Pillow class that reads files beginning like this."""
    if header.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImagePlugin.PngImageFile
    if header.startswith(b"\xff\xd8\xff"):
        return JpegImagePlugin.JpegImageFile
    if header.startswith(b"RIFF") and header[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    if header.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return TiffImagePlugin.TiffImageFile
    if header.startswith(b"BM") and not _is_text(header):
        return BmpImagePlugin.BmpImageFile
    if header.startswith((b"GIF87a", b"GIF89a")):
        return GifImagePlugin.GifImageFile
    return _from_a_phone(bmff.kind(header))


def _from_a_phone(kind: str | None) -> type[ImageFile.ImageFile] | None:
    """The class for AVIF or HEIC, where what reads it is there."""
    if kind == bmff.AVIF and features.check("avif"):
        return AvifImagePlugin.AvifImageFile
    if kind == bmff.HEIC:
        try:
            from pi_heif import HeifImageFile
        except ImportError:
            return None
        reader: type[ImageFile.ImageFile] = HeifImageFile
        return reader
    return None


def what_it_is(header: bytes) -> str:
    """What a file that is none of the formats seems to be: a key of NOT_IMAGES."""
    start = header.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not header:
        return "empty"
    if start.startswith((b"<?xml", b"<svg", b"<!--", b"<!doctype")) and b"<svg" in start:
        return "svg"
    if bmff.kind(header):
        return str(bmff.kind(header))
    if header.startswith(b"%PDF"):
        return "pdf"
    if header.startswith(b"8BPS"):
        return "photoshop"
    return "text" if _is_text(header) else "unknown"


def _is_text(header: bytes) -> bool:
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in header):
        return False
    try:  # incremental: the header may end within a character
        codecs.getincrementaldecoder("utf-8")().decode(header)
    except UnicodeDecodeError:
        return False
    return True


def list_images(folder: str | Path, *, recursive: bool = False) -> list[Path]:
    """The image files of a folder by their suffix, sorted; hidden files are left out.

    Args:
        recursive: with the folders within, hidden ones left out; linked ones are followed, unless
            they lead back to where they came from.

    Raises:
        DataError: the folder is not there or cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give a folder of images")
    try:
        return sorted(_images(folder, (os.path.realpath(folder),), recursive=recursive))
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{folder}: cannot be read ({reason}); check permissions") from error


def _images(folder: Path, way: tuple[str, ...], *, recursive: bool) -> Iterator[Path]:
    """As `list_images`; `way` are the real paths of the folders on the way down."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                real = os.path.realpath(entry.path)
                if recursive and real not in way:
                    yield from _images(folder / entry.name, (*way, real), recursive=True)
            elif Path(entry.name).suffix.lower() in IMAGE_SUFFIXES and entry.is_file():
                yield folder / entry.name

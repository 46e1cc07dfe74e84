"""Write pictures, as PNG unless asked otherwise, with their provenance."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from sr.base.errors import OutputError, ShapeError
from sr.base.files import write_atomically
from sr.images.photo import Photo

DEFAULT_QUALITY = 92
FULL_COLOUR_QUALITY = 90  # of JPEG: from here on colours keep their resolution


@dataclass(frozen=True)
class Format:
    """A kind of file that is written.

    Attributes:
        name: Pillow's.
        suffixes: that ask for it, the usual one first.
        most_px: of a side.
        has_quality: whether it loses something, by a quality of 1 to 100.
    """

    name: str
    suffixes: tuple[str, ...]
    most_px: int
    has_quality: bool


FORMATS: dict[str, Format] = {
    "png": Format("PNG", (".png",), 2**31 - 1, False),
    "jpeg": Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), 65_535, True),
    "webp": Format("WEBP", (".webp",), 16_383, True),
}


def format_of(path: Path) -> Format | None:
    """The format that a file's name asks for; None where it asks for none that is written."""
    suffix = path.suffix.lower()
    return next((kind for kind in FORMATS.values() if suffix in kind.suffixes), None)


def encode_png(
    photo: Photo,
    *,
    text: Mapping[str, str] | None = None,
    compress_level: int = 3,
    exif: bytes = b"",
    dpi: tuple[float, float] | None = None,
) -> bytes:
    """The bytes of a lossless 8-bit PNG, marked as sRGB.

    Args:
        photo: rgb (H, W, 3) uint8 and, when not None, alpha (H, W) uint8.
        text: keyword -> UTF-8 text, one iTXt chunk each; keywords of 1 to 79 Latin-1 characters.
        compress_level: 0 (fast, large) to 9 (slow, small).
        exif: a block; empty for none.
        dpi: dots an inch, across and down.

    Raises:
        ShapeError: an array of another shape or type.
    """
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"sRGB", b"\x00")  # perceptual intent
    for keyword, value in (text or {}).items():
        chunks.add_itxt(keyword, value)
    options = {"exif": exif} if exif else {}
    return _saved(
        _image(photo), "PNG", dpi, pnginfo=chunks, compress_level=compress_level, **options
    )


def encode_lossy(
    photo: Photo,
    kind: Format,
    *,
    quality: int = DEFAULT_QUALITY,
    exif: bytes = b"",
    dpi: tuple[float, float] | None = None,
) -> bytes:
    """The bytes of a JPEG or WebP with sRGB's profile.

    Args:
        photo: as of `encode_png`; a JPEG takes no alpha.
        kind: one of FORMATS with a quality.
        quality: 1 to 100.
        exif, dpi: as of `encode_png`; a WebP says dpi in its EXIF alone.

    Raises:
        ShapeError: an array of another shape or type, or alpha in a JPEG.
        OutputError: a side is longer than the format can say.
    """
    if kind.name == "JPEG" and photo.alpha is not None:
        raise ShapeError("encode_lossy: alpha in a JPEG; needed: Photo.on_white()")
    check_fits(photo.width, photo.height, kind)
    options: dict[str, object] = {"quality": quality, "icc_profile": _srgb_profile()}
    if exif:
        options["exif"] = exif
    if kind.name == "JPEG":
        options["subsampling"] = 0 if quality >= FULL_COLOUR_QUALITY else 2
        options["optimize"] = True
    return _saved(_image(photo), kind.name, dpi if kind.name == "JPEG" else None, **options)


def check_fits(width: int, height: int, kind: Format) -> None:
    """Refuse a picture that a format cannot hold.

    Raises:
        OutputError: a side is too long.
    """
    if max(width, height) > kind.most_px:
        raise OutputError(
            f"{width}x{height} pixels; {kind.name} holds at most {kind.most_px:,} a side: "
            "write PNG instead"
        )


def save_png(
    path: str | Path, photo: Photo, *, text: dict[str, str] | None = None, overwrite: bool = False
) -> None:
    """Write a PNG so that nobody ever sees half of it; missing folders are created.

    Raises:
        OutputError: the file exists and `overwrite` is false, the name does not end in .png,
            or the place cannot be written to.
        ShapeError: as `encode_png`.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path}: only PNG is written; name it {path.name}.png for example")
    try:
        if path.is_dir():
            raise OutputError(f"{path}: a folder has this name; choose another")
        if path.exists() and not overwrite:
            raise OutputError(f"{path}: exists already; choose another name or allow overwriting")
    except OSError as error:
        raise _not_written(path, error) from error
    write_picture(path, encode_png(photo, text=text))


def write_picture(path: Path, data: bytes) -> None:
    """Put an encoded picture in its place at once; missing folders are created.

    Raises:
        OutputError: the place cannot be written to.
    """
    try:
        write_atomically(path, data, durable=False)
    except OSError as error:
        raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path}: cannot be written ({error.strerror or error}); choose another folder"
    )


def _image(photo: Photo) -> Image.Image:
    rgb, alpha = photo.rgb, photo.alpha
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise ShapeError(
            f"encode_png: rgb {rgb.shape} {rgb.dtype}; needed: (H, W, 3) uint8, at least 1x1"
        )
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != rgb.shape[:2]):
        raise ShapeError(
            f"encode_png: alpha {alpha.shape} {alpha.dtype}; needed: {rgb.shape[:2]} uint8"
        )
    pixels = rgb if alpha is None else np.dstack([rgb, alpha])
    return Image.fromarray(np.ascontiguousarray(pixels))


def _saved(
    image: Image.Image, name: str, dpi: tuple[float, float] | None, **options: object
) -> bytes:
    if dpi is not None:
        options["dpi"] = dpi
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


@functools.cache
def _srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

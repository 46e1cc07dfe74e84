"""Open any photo as 8-bit sRGB, safely.

A file is judged by its content, never by its name, and its size is read from the header before
a single pixel is decoded. Whatever is wrong with a file ends as an `ImageError` with a sentence.
"""

from __future__ import annotations

import io
import logging
import os
import re
import stat
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from sr.base.errors import ImageError, ImageTooLargeError
from sr.formats.decode import decode, upright_size
from sr.formats.kinds import ACCEPTED, HEADER_BYTES, NOT_IMAGES, image_class, what_it_is
from sr.images.photo import Photo

logger = logging.getLogger(__name__)

# Sizes are checked here and damaged metadata is passed over: Pillow's remarks on both would only
# reach people as stray lines. Filters set around a call would not be safe with threads.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.\w+ImagePlugin$")

# Without a limit of the caller: 89 megapixels, just under where Pillow itself begins to warn.
SAFETY_LIMIT_MEGAPIXELS = 89.0

# What Pillow says of files that may be sound but that it has no decoder for.
_UNSUPPORTED = re.compile(r"unknown pixel mode|unsupported|not available", re.IGNORECASE)

# EXIF orientation -> the same picture the right way up, for arrays (H, W, ...).
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}


def open_image(
    source: str | Path | bytes | BinaryIO, *, max_megapixels: float | None = None
) -> Photo:
    """Read an image as 8-bit sRGB, turned the right way up.

    PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF and HEIC (of several frames the first), recognised by
    content; grey, 1-bit, palette, alpha, CMYK, Lab, 16-bit, 32-bit and float samples. Colours are
    converted to sRGB by what the file says of them: a profile, or numbers as PNG, AVIF and HEIC
    have them. Damage beside the picture is passed over, and the photo's notes say so.

    Args:
        source: a path, the bytes of a file, or an open binary file.
        max_megapixels: more pixels than this are refused from the header, before decoding;
            None leaves only the safety limit of 89 megapixels.

    Returns:
        A `Photo`; its alpha is None when every pixel is opaque.

    Raises:
        ImageError: missing, unreadable, truncated, or not an image of these formats.
        ImageTooLargeError: more pixels than the limit.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _read(io.BytesIO(source), "image", max_megapixels)
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        with _open_file(path) as stream:
            return _read(stream, path.name, max_megapixels)
    name = getattr(source, "name", None)
    label = Path(name).name if isinstance(name, str) and name else "image"
    return _read(io.BytesIO(source.read()), label, max_megapixels)


def header_size(path: Path) -> tuple[int, int]:
    """Width and height of an image, the right way up, from its header where that is sound.

    Raises:
        ImageError: as `open_image`.
    """
    with _open_file(path) as stream:
        reader = image_class(stream.read(HEADER_BYTES))
        stream.seek(0)
        if reader is not None:
            try:
                return upright_size(reader, stream)
            except Exception:  # what reading it whole passes over, or says better
                logger.debug("%s: no size from its header", path, exc_info=True)
    photo = open_image(path)
    return photo.width, photo.height


def _open_file(path: Path) -> BinaryIO:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ImageError(f"{path}: a folder, not a file; give one of the images in it")
        if not stat.S_ISREG(mode):  # reading a pipe or a device could wait for ever
            raise ImageError(f"{path}: not a regular file; give an image file")
        return path.open("rb")
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file; check the name and the folder") from error
    except PermissionError as error:
        raise ImageError(
            f"{path}: no permission to read it; change its permissions or copy it elsewhere"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{path}: cannot be opened ({reason}); give an image file") from error


def _read(stream: BinaryIO, label: str, max_megapixels: float | None) -> Photo:
    header = stream.read(HEADER_BYTES)
    stream.seek(0)
    reader = image_class(header)
    if reader is None:
        kind = what_it_is(header)
        what, remedy = NOT_IMAGES[kind]
        text = f"{label}: {what}; needed: {ACCEPTED}; {remedy}"
        raise ImageError(text, kind=kind, file=label)
    format_name = "HEIC" if reader.format == "HEIF" else str(reader.format)

    def check(size: tuple[int, int]) -> None:
        _check_size(size, label, max_megapixels)

    try:
        picture = decode(reader, stream, label, check)
    except ImageError:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise ImageTooLargeError(
            f"{label}: more pixels than can be decoded; crop or shrink the image first",
            kind="undecodable",
            file=label,
        ) from error
    except Exception as error:  # on damaged data a decoder may raise anything
        logger.debug("%s: cannot be decoded", label, exc_info=True)
        if _UNSUPPORTED.search(str(error)):
            raise ImageError(
                f"{label}: a {format_name} file of a kind that is not read here, or a damaged one; "
                "save it as an ordinary 8-bit or 16-bit PNG",
                kind="unsupported",
                file=label,
                format=format_name,
            ) from error
        raise ImageError(
            f"{label}: a damaged or truncated {format_name} file; "
            "export or download the image again",
            kind="damaged",
            file=label,
            format=format_name,
        ) from error
    upright = _UPRIGHT.get(picture.orientation, lambda pixels: pixels)
    alpha = picture.decoded.alpha
    if alpha is not None:
        alpha = None if alpha.min() == 255 else np.ascontiguousarray(upright(alpha))
    rgb = np.ascontiguousarray(upright(picture.decoded.rgb))
    return Photo(rgb, alpha, notes=picture.decoded.notes, about=picture.about)


def _check_size(size: tuple[int, int], label: str, max_megapixels: float | None) -> None:
    width, height = size
    if width < 1 or height < 1:
        text = f"{label}: {width}x{height} pixels; needed: at least one pixel"
        raise ImageError(text, kind="no_pixels", file=label, width=width, height=height)
    limit = SAFETY_LIMIT_MEGAPIXELS if max_megapixels is None else max_megapixels
    if width * height > limit * 1e6:
        raise ImageTooLargeError(
            f"{label}: {width}x{height} is {width * height / 1e6:.4g} megapixels; at most "
            f"{limit:g} are accepted: crop or shrink the image first",
            kind="too_large",
            file=label,
            width=width,
            height=height,
            megapixels=round(width * height / 1e6, 2),
        )

"""Write lossless PNG with its provenance."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from sr.base.errors import OutputError, ShapeError
from sr.base.files import write_atomically
from sr.images.photo import Photo


def encode_png(
    photo: Photo, *, text: dict[str, str] | None = None, compress_level: int = 3
) -> bytes:
    """The bytes of a lossless 8-bit PNG, marked as sRGB.

    Args:
        photo: rgb (H, W, 3) uint8 and, when not None, alpha (H, W) uint8.
        text: keyword -> UTF-8 text, one iTXt chunk each; keywords of 1 to 79 Latin-1 characters.
        compress_level: 0 (fast, large) to 9 (slow, small).

    Raises:
        ShapeError: an array of another shape or type.
    """
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
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"sRGB", b"\x00")  # perceptual intent
    for keyword, value in (text or {}).items():
        chunks.add_itxt(keyword, value)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(
        buffer, "PNG", pnginfo=chunks, compress_level=compress_level
    )
    return buffer.getvalue()


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
        write_atomically(path, encode_png(photo, text=text), durable=False)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); choose another folder"
        ) from error

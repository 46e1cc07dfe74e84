"""Any file of a microscope as a stack: MRC, TIFF, grey PNG; CZI, ND2 and others by bioio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from sr.base.errors import ImageError
from sr.microscopy.files.mrc import read_mrc
from sr.microscopy.files.stack import Stack, check_size, checked, in_colours, several_channels
from sr.microscopy.files.tiffs import is_ome, read_tiff

UNKNOWN = "unknown"


def _read_png(path: Path, max_megapixels: float | None = None) -> Stack:
    """A grey picture of 8 or 16 bits; it knows no pixel size."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            check_size(path.name, picture.size[::-1], max_megapixels)
            if picture.mode in ("L", "I;16", "I;16B", "I"):
                pixels = np.asarray(picture)
                kind = np.uint8 if picture.mode == "L" else np.uint16
                return Stack(pixels.astype(kind)[None], None, path)
            colours = np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ImageError(
            f"{path.name}: not a readable picture ({error})",
            kind="frame_unreadable",
            file=path.name,
            format="PNG",
        ) from error
    if (colours != colours[..., :1]).any():
        raise in_colours(path.name)
    return Stack(colours[None, ..., 0], None, path)


def _read_npy(path: Path) -> Stack:
    """A NumPy array of one frame or several, as W2S has them."""
    try:
        planes = np.load(path)  # no objects: they are refused
    except (OSError, ValueError) as error:
        raise ImageError(f"{path.name}: not a readable NumPy array ({error})") from error
    if planes.ndim not in (2, 3) or planes.dtype.kind not in "uif":
        raise ImageError(
            f"{path.name}: {planes.dtype} of shape {planes.shape}; needed numbers (H, W) or "
            "(N, H, W)"
        )
    planes = planes if planes.dtype in (np.uint8, np.uint16) else planes.astype(np.float32)
    return Stack(planes.reshape(-1, *planes.shape[-2:]), None, path)


def _read_foreign(path: Path) -> Stack:
    """What bioio reads, where it and its plugin are installed."""
    kind = path.suffix[1:].lower()
    try:
        from bioio import BioImage
    except ImportError:
        raise ImageError(
            f"{path.name}: {kind.upper()} needs bioio; pip install bioio bioio-{kind}, or save "
            "the picture as OME-TIFF",
            kind="frame_bioio",
            file=path.name,
            format=kind.upper(),
        ) from None
    try:
        image = BioImage(path)
        data, pixel_um = image.data, image.physical_pixel_sizes.X  # axes TCZYX
    except Exception as error:  # a plugin's own
        raise ImageError(
            f"{path.name}: bioio cannot read it ({error})",
            kind="frame_unreadable",
            file=path.name,
            format=kind.upper(),
        ) from error
    if data.shape[1] > 1:
        raise several_channels(path.name, data.shape[1])
    planes = np.asarray(data).reshape(-1, *data.shape[-2:])
    if planes.dtype.kind != "u" or planes.itemsize > 2:
        planes = planes.astype(np.float32)
    return Stack(planes, None if pixel_um is None else float(pixel_um), path)


READERS: dict[str, Callable[..., Stack]] = {
    ".mrc": read_mrc,
    ".dv": read_mrc,
    ".tif": read_tiff,
    ".tiff": read_tiff,
    ".png": _read_png,
    ".npy": _read_npy,
    ".czi": _read_foreign,
    ".nd2": _read_foreign,
    ".lif": _read_foreign,
}
ONLY_MICROSCOPES = (".mrc", ".dv", ".czi", ".nd2", ".lif")


def is_of_a_microscope(path: Path) -> bool:
    """Whether a name alone says that a file is no photograph."""
    return path.suffix.lower() in ONLY_MICROSCOPES or is_ome(path)


def read_stack(
    path: Path, *, pixel_nm: str | None = None, max_megapixels: float | None = None
) -> Stack:
    """All planes of a file.

    Args:
        pixel_nm: what is said of its pixels in the place of the file: nanometres, or "unknown".
        max_megapixels: of a frame, see `check_size`; None: any.

    Raises:
        ImageTooLargeError: more pixels than that.
        ImageError: missing, of an unknown kind, damaged, of several channels, with NaN in it, or
            with a pixel size that no pixel has; the text says what to do.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ImageError(f"{path.name}: not a file of a microscope; known: {', '.join(READERS)}")
    if not path.is_file():
        raise ImageError(f"{path}: no such file")
    compressed = reader in (read_tiff, _read_png)
    stack = reader(path, max_megapixels) if compressed else reader(path)
    check_size(path.name, stack.planes.shape, max_megapixels)
    if pixel_nm is not None:
        stack = replace(stack, pixel_um=_said_um(pixel_nm))
    return checked(stack)


def _said_um(text: str) -> float | None:
    if text == UNKNOWN:
        return None
    try:
        size = float(text)
    except ValueError:
        size = 0.0
    if not 0 < size < 1e6:
        raise ImageError(f"--pixel-nm {text}: needed a positive number of nanometres, or {UNKNOWN}")
    return size / 1000

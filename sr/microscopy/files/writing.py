"""Stacks as TIFF that keep their kind of numbers and say how large a pixel is."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from sr.base.errors import OutputError
from sr.base.files import write_atomically
from sr.microscopy.files.tiffs import is_ome

SUFFIXES = (".ome.tif", ".ome.tiff", ".tif", ".tiff")
MOST_CUT = 0.01  # of the range of a kind of integers, beyond which nothing is cut off
LARGEST_BYTES = 4_000_000_000  # of a TIFF with 32-bit offsets


def check_name(path: Path) -> None:
    """Refuse a name that no TIFF has.

    Raises:
        OutputError: says which are.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise OutputError(
            f"{path}: frames are written as TIFF, which keeps 16 bits and the pixel size; give a "
            "name that ends in .tif (ImageJ) or .ome.tif"
        )


def write_stack(path: Path, planes: np.ndarray, pixel_um: float | None, text: str) -> None:
    """Write planes, whole or not at all: an OME-TIFF by that name, else one of ImageJ.

    Args:
        path: as of `check_name`.
        planes, pixel_um, text: as of `stack_bytes`.

    Raises:
        OutputError: the name, or more than a TIFF holds.
    """
    check_name(path)
    if planes.nbytes > LARGEST_BYTES:
        raise OutputError(
            f"{path}: {planes.nbytes:,} bytes are more than a TIFF holds; fewer frames"
        )
    ome_name = path.name if is_ome(path) else None
    write_atomically(path, stack_bytes(planes, pixel_um, text, ome_name=ome_name))


def stack_bytes(
    planes: np.ndarray, pixel_um: float | None, text: str, *, ome_name: str | None = None
) -> bytes:
    """The bytes of a TIFF.

    Args:
        planes: (N, H, W) uint8, uint16 or float32.
        pixel_um: side of a pixel; None writes none.
        text: a sentence of where it is from.
        ome_name: of the picture in an OME-TIFF; None: one of ImageJ.
    """
    import tifffile

    data = io.BytesIO()
    axes, pixels = ("YX", planes[0]) if len(planes) == 1 else ("TYX", planes)
    if ome_name is not None:
        about: dict[str, str | float] = {"axes": axes, "Name": ome_name, "Description": text}
        for side in "XY" if pixel_um is not None else "":
            about |= {f"PhysicalSize{side}": pixel_um or 0, f"PhysicalSize{side}Unit": "µm"}
        tifffile.imwrite(data, pixels, ome=True, metadata=about)
    else:
        said = {"axes": axes, "Info": text}
        if pixel_um is None:
            tifffile.imwrite(data, pixels, imagej=True, metadata=said)
        else:
            said["unit"] = "um"
            resolution = (1 / pixel_um, 1 / pixel_um)
            tifffile.imwrite(data, pixels, imagej=True, metadata=said, resolution=resolution)
    return data.getvalue()


def as_kind(pixels: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Numbers of another kind, rounded, a little beyond what it holds cut; float32 where they go
    further, for a bright spot that was cut off would be a wrong one.
    """
    if kind.kind == "f":
        return pixels.astype(np.float32)
    limits = np.iinfo(kind)
    slack = MOST_CUT * (limits.max - limits.min)
    if pixels.min() < limits.min - slack or pixels.max() > limits.max + slack:
        return pixels.astype(np.float32)
    return np.clip(np.rint(pixels), limits.min, limits.max).astype(kind)

"""TIFF of microscopes: OME-TIFF, ImageJ's and plain ones, of one channel."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np

from sr.base.errors import ImageError
from sr.microscopy.files.stack import Stack, check_size, in_colours, several_channels

UNITS_UM = {
    "m": 1e6, "mm": 1e3, "cm": 1e4, "inch": 25_400.0, "nm": 1e-3, "pm": 1e-6, "angstrom": 1e-4,
    "um": 1.0, "µm": 1.0, "μm": 1.0, "\\u00b5m": 1.0, "micron": 1.0, "microns": 1.0,
    "micrometer": 1.0, "å": 1e-4,
}  # fmt: skip
CENTIMETRE, INCH = 3, 2
NOT_GREY = (3, 5, 6, 8)  # kinds of samples: palette, CMYK, YCbCr, Lab
SCREEN_DPI = (72.0, 96.0, 300.0)  # what programs write that know no pixel size


def is_ome(path: Path) -> bool:
    """Whether a name says OME-TIFF."""
    return path.name.lower().endswith((".ome.tif", ".ome.tiff"))


def is_frame_tiff(path: Path) -> bool:
    """Whether a TIFF is a microscope's: of one channel, and by OME, by ImageJ or of more than 8
    bits. What is damaged counts as none.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            if page.samplesperpixel != 1 or page.photometric in NOT_GREY:
                return False
            return bool(file.is_ome or file.is_imagej or page.bitspersample > 8)
    except Exception:  # of bytes that may be anything
        return False


def read_tiff(path: Path, max_megapixels: float | None = None) -> Stack:
    """All planes of a TIFF of one channel.

    Args:
        max_megapixels: of one plane, and a hundred times that of all.

    Raises:
        ImageTooLargeError: there are more.
        ImageError: damaged, in colours, of several channels, or of a compression that needs
            another library.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            if series.dtype is None or series.dtype.kind not in "uif":
                raise ImageError(
                    f"{path.name}: samples of type {series.dtype}; needed numbers",
                    kind="frame_samples",
                    file=path.name,
                )
            _one_channel(path, series.axes, series.shape)
            check_size(path.name, series.shape, max_megapixels)
            pixel_um = _pixel_um(file)
            planes = series.asarray()
    except ImageError:
        raise
    except (tifffile.TiffFileError, ValueError, OSError, IndexError, KeyError, TypeError) as error:
        hint = "; pip install imagecodecs" if "imagecodecs" in str(error) else ""
        raise ImageError(
            f"{path.name}: not a readable TIFF ({error}){hint}",
            kind="frame_unreadable",
            file=path.name,
            format="TIFF",
        ) from error
    planes = planes.reshape(-1, *planes.shape[-2:]) if planes.ndim != 2 else planes[None]
    if planes.dtype.kind == "f" or planes.dtype.itemsize > 2:
        planes = planes.astype(np.float32)
    return Stack(planes, pixel_um, path)


def _one_channel(path: Path, axes: str, shape: tuple[int, ...]) -> None:
    sizes = dict(zip(axes, shape, strict=True))
    if sizes.get("S", 1) > 1:
        raise in_colours(path.name)
    if sizes.get("C", 1) > 1:
        raise several_channels(path.name, sizes["C"])
    if axes[-2:] != "YX" and len(axes) > 1 and not axes.endswith("YXS"):
        raise ImageError(
            f"{path.name}: its axes are {axes}; needed planes of rows and columns",
            kind="frame_samples",
            file=path.name,
        )


def _pixel_um(file: Any) -> float | None:
    """From OME's description, ImageJ's, or the tags with a unit that measures something."""
    if file.is_ome:
        return _pixel_um_of_ome(file.ome_metadata)
    page = file.pages[0]
    resolution = page.tags.valueof("XResolution")
    if not resolution or not resolution[0] or not resolution[1]:
        return None
    per_unit = resolution[0] / resolution[1]
    if file.is_imagej:
        unit = str((file.imagej_metadata or {}).get("unit", "")).lower()
        return UNITS_UM[unit] / per_unit if unit in UNITS_UM else None
    unit = page.tags.valueof("ResolutionUnit")
    if int(unit or 0) == CENTIMETRE:
        return UNITS_UM["cm"] / per_unit if per_unit > 1000 else None
    is_measured = int(unit or 0) == INCH and per_unit not in SCREEN_DPI and per_unit > 2540
    return UNITS_UM["inch"] / per_unit if is_measured else None


def _pixel_um_of_ome(text: str | None) -> float | None:
    try:
        root = ElementTree.fromstring(text or "")
    except ElementTree.ParseError:
        return None
    for element in root.iter():
        if element.tag.endswith("}Pixels") and "PhysicalSizeX" in element.attrib:
            unit = element.attrib.get("PhysicalSizeXUnit", "µm").lower()
            size = float(element.attrib["PhysicalSizeX"])
            return size * UNITS_UM[unit] if unit in UNITS_UM else None
    return None

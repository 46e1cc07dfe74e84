"""MRC files: MRC2014, and the dialect of Priism and DeltaVision that SIM laboratories write.

The dialect has no "MAP " tag and no stamp of the machine, and its cell is the pixel in micrometres
where MRC2014 has the whole cell in angstroms. mrcfile reads both, rows first: some readers of
laboratories fill columns first, and their pictures are transposed against all others.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from sr.base.errors import ImageError
from sr.microscopy.files.stack import Stack

HEADER_BYTES = 1024
ANGSTROM_UM = 1e-4
MODES = {0: "int8", 1: "int16", 2: "float32", 6: "uint16", 12: "float16"}


def read_mrc(path: Path) -> Stack:
    """All planes of an MRC file.

    Raises:
        ImageError: truncated, or samples of a kind that is not read.
    """
    import mrcfile

    size = path.stat().st_size
    if size < HEADER_BYTES:
        raise ImageError(
            f"{path.name}: {size} bytes; an MRC file begins with a header of {HEADER_BYTES}",
            kind="frame_cut",
            file=path.name,
            needed=HEADER_BYTES,
            there=size,
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the missing tag and stamp; what matters is asked below
        try:
            with mrcfile.open(path, permissive=True) as file:
                header, data = file.header, file.data
        except (ValueError, OSError) as error:
            raise ImageError(
                f"{path.name}: not a readable MRC file ({error})",
                kind="frame_unreadable",
                file=path.name,
                format="MRC",
            ) from error
    mode = int(header.mode)
    if mode not in MODES:
        known = ", ".join(f"{number} ({kind})" for number, kind in MODES.items())
        raise ImageError(
            f"{path.name}: mode {mode} of MRC is not read; needed {known}. Is it an MRC file?",
            kind="frame_mode",
            file=path.name,
            mode=mode,
        )
    if data is None:
        needed = int(header.nx) * int(header.ny) * int(header.nz) * np.dtype(MODES[mode]).itemsize
        raise ImageError(
            f"{path.name}: cut off: its header promises {int(header.nx)}x{int(header.ny)} pixels, "
            f"{int(header.nz)} planes, {needed:,} bytes, and {size - HEADER_BYTES:,} are there; "
            "copy or download it again",
            kind="frame_cut",
            file=path.name,
            needed=HEADER_BYTES + needed,
            there=size,
        )
    planes = np.asarray(data)
    planes = planes.reshape(-1, *planes.shape[-2:])
    native = planes.dtype.newbyteorder("=")
    kind = np.float32 if native == np.float16 else native
    return Stack(planes.astype(kind), _pixel_um(header), path)


def _pixel_um(header: Any) -> float | None:
    """Side of a pixel in micrometres; 0 where the header says so; None where both sides differ."""
    cell, intervals = header.cella, (int(header.mx), int(header.my))
    is_standard = bytes(header.map).startswith(b"MAP")
    across, down = float(cell.x) / max(intervals[0], 1), float(cell.y) / max(intervals[1], 1)
    if abs(across - down) > 0.01 * abs(across):
        return None
    if is_standard and across == 0:
        return None  # MRC2014 writes 0 for "not said"
    return across * (ANGSTROM_UM if is_standard else 1.0)

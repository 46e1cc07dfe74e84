"""Real frames, where they are, and small made ones."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real fluorescence pairs."""
    shared = os.environ.get("NITIDEZ_SHARED", "")
    folder = Path(shared) / "microscopy"
    if not shared or not folder.is_dir():
        pytest.skip("NITIDEZ_SHARED names no folder with microscopy/ in it")
    return folder


@pytest.fixture(scope="session")
def microtubules(real: Path) -> tuple[np.ndarray, Path]:
    """The wide field of the real cell (mean of nine frames), and the file of its SIM picture."""
    folder = real / "biosr-mt-cell001"
    total = tifffile.imread(folder / "WF_level_09_sum9.tif").astype(np.float64)
    return total / 9, folder / "SIM_gt.mrc"


def write_mrc(
    path: Path,
    planes: np.ndarray,
    *,
    mode: int = 6,
    pixel_um: float = 0.0313,
    order: str = "<",
    cut: int | None = None,
) -> Path:
    """A file in the dialect of Priism: no MAP, no stamp, the cell is the pixel."""
    count, height, width = planes.shape
    header = bytearray(1024)
    integers = np.array([width, height, count, mode, 0, 0, 0, 1, 1, 1], f"{order}i4")
    header[0:40] = integers.tobytes()
    header[40:52] = np.array([pixel_um, pixel_um, 0.16], f"{order}f4").tobytes()
    kind = {1: "i2", 2: "f4", 6: "u2"}.get(mode, "u2")
    data = bytes(header) + planes.astype(f"{order}{kind}").tobytes()
    path.write_bytes(data if cut is None else data[:cut])
    return path

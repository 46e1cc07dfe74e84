"""The frames that a training reads: a folder as it is, or none at all."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from sr.microscopy.data.frames import Frames

logger = logging.getLogger(__name__)

SIMULATOR = "simulator"  # in the place of a folder: all scenes are drawn


def training_frames(folder: Path, *, scale: int, split: str | None = None) -> Frames:
    if str(folder) == SIMULATOR:
        return Frames(scale, "drawn by the simulator")
    from PIL import Image

    pool = [
        np.asarray(Image.open(p).convert("L"), np.float32) for p in sorted(folder.rglob("*.png"))
    ]
    return Frames(scale, "simulated, of pictures and of drawn scenes", pool=pool)

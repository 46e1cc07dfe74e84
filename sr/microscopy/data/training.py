"""The frames that a training reads: pairs, pictures to simulate from, or none at all."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from sr.base.errors import ConfigError, DataError, ImageError
from sr.data.check import SkippedFile, none_usable
from sr.microscopy.data.frames import Frames, PairOfFrames
from sr.microscopy.data.loading import load_pair
from sr.microscopy.data.pairs import PairSet, find_pairs
from sr.microscopy.files.reading import READERS, read_stack
from sr.microscopy.simulation.camera import RAW_FRAMES

logger = logging.getLogger(__name__)

SIMULATOR = "simulator"  # in the place of a folder: all scenes are drawn


def training_frames(
    folder: Path, *, scale: int, split: str | None = None, raw_frames: int = 1
) -> Frames:
    """What a folder holds: pairs of a known layout, or high-resolution pictures.

    Args:
        folder: or the word "simulator".
        split: of pairs: "train" (the default), "val" or "all"; by cell.
        raw_frames: that a network looks at together: 1 for wide field, 9 for linear SIM.

    Raises:
        DataError: nothing usable is there.
        ConfigError: a number of raw frames that is not simulated.
    """
    is_drawn = str(folder) == SIMULATOR
    found = None if is_drawn else find_pairs(folder)
    if found is not None:
        return _pairs(found, scale, split, raw_frames)
    if raw_frames not in (1, RAW_FRAMES):
        raise ConfigError(
            f"channels={raw_frames}: the simulator makes 1 frame (wide field) or {RAW_FRAMES} raw "
            "ones; others need pairs of raw frames and SIM"
        )
    if is_drawn:
        return Frames(scale, "drawn by the simulator", raw_frames=raw_frames)
    pool: list[np.ndarray] = []
    skipped: list[SkippedFile] = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in READERS):
        try:
            pool += [plane.astype(np.float32) for plane in read_stack(path).planes]
        except ImageError as error:
            skipped.append(SkippedFile.because(path, error))
    if not pool:
        if skipped:
            raise none_usable(skipped)
        raise DataError(
            f"{folder}: neither pairs of frames nor pictures; give a folder of them, or the word "
            f"{SIMULATOR}"
        )
    logger.info("%s: %d pictures, whose frames are simulated", folder, len(pool))
    origin = "simulated, of pictures and of drawn scenes"
    return Frames(scale, origin, pool=pool, skipped=tuple(skipped), raw_frames=raw_frames)


def _pairs(found: PairSet, scale: int, split: str | None, raw_frames: int) -> Frames:
    logger.info("%s", found.title)
    for problem in found.problems:
        logger.warning("%s", problem)
    pairs: list[PairOfFrames] = []
    skipped: list[SkippedFile] = []
    for files in found.part(split):
        try:
            pair = load_pair(files)
            if pair.scale != scale:
                raise ImageError(f"enlarged {pair.scale} times, needed {scale}")
            pairs.append((pair.given(raw_frames), pair.hr_in_counts_of_lr()))
        except ImageError as error:
            skipped.append(SkippedFile.because(files.lr, error))
    if not pairs:
        raise none_usable(skipped)
    origin = "taken by a microscope"
    return Frames(scale, origin, pairs=pairs, skipped=tuple(skipped), raw_frames=raw_frames)

"""Frames of microscopes among a visitor's own pictures: kept and measured with their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from demo.frames.taking import shot_of
from demo.work.versions import FRAME_SUFFIX, StoredImage, file_of
from sr.base.errors import ImageError
from sr.microscopy.files.frame import Frame, is_frame, read_frame
from sr.microscopy.files.levels import Levels
from sr.microscopy.files.stretch import limits_of, shown
from sr.microscopy.files.tiffs import read_tiff

KEPT_KINDS = ("uint8", "int16", "uint16", "float32")  # of numbers; others become float32
LEAST_MEASURED_PX = 11  # the window of SSIM
LEAST_CORRELATION = 0.3  # of two frames of one thing, blurred alike
LEAST_SHIFT_PX = 0.2  # that is worth telling


def frame_in(path: Path, *, can_be_photo: bool, max_megapixels: float) -> Frame | None:
    """The frame of a file; None where it holds a photograph.

    Args:
        can_be_photo: whether what might be a photograph is one.

    Raises:
        ImageError: not a readable frame, or several.
    """
    if not is_frame(path):
        return None
    frame = read_frame(path, max_megapixels=max_megapixels)
    if can_be_photo and shot_of(frame).can_be_photo:
        return None
    if frame.count > 1:
        raise ImageError(
            f"{path.name}: a stack of {frame.count} frames, where one is compared",
            kind="frame_one",
            file=path.name,
            count=frame.count,
        )
    return frame


def stored_as(frame: Frame) -> dict[str, Any]:
    """A frame as `ImageStore.put` takes it, its counts as they are."""
    if frame.pixels.dtype.name not in KEPT_KINDS:
        frame = replace(frame, pixels=frame.pixels.astype(np.float32))
    return file_of(frame, {"Software": frame.name})


def told(frame: Frame, kept: StoredImage) -> dict[str, Any]:
    """What the page is told of a frame beside its name and size."""
    shot, limits = shot_of(frame), kept.limits or limits_of(frame.pixels)
    return {
        "limits": [limits.low, limits.high],
        "kind": shot.kind,
        "pixel_um": shot.pixel_um,
        "can_be_photo": shot.can_be_photo,
        "suffix": ".ome.tif" if shot.is_ome else FRAME_SUFFIX,
    }


def counts_of(path: Path) -> np.ndarray:
    """The pixels of a kept frame: (H, W).

    Raises:
        OSError, ImageError: it is gone.
    """
    pixels: np.ndarray = read_tiff(path).planes[0]
    return pixels


def picture_of(path: Path, limits: Levels | None, lut: str) -> np.ndarray:
    """A kept frame as it is shown: (H, W, 3) uint8.

    Args:
        limits: None: its own percentiles.

    Raises:
        OSError, ImageError: as of `counts_of`.
    """
    counts = counts_of(path)
    return shown(counts, limits or limits_of(counts), lut)


def measured(
    prediction: np.ndarray, target: np.ndarray, region: Sequence[int] | None, most_px: float
) -> dict[str, Any]:
    """Scores after a linear fit over the whole frame and without, or a note why there are none.

    Args:
        prediction, target: (H, W) counts.
        region: left, top, width and height of what is scored; None: all.
        most_px: at once.

    Returns:
        `fitted_` and `raw_` psnr (None: equal), nrmse and ssim; gain and offset of the fit; how far
        the prediction lies off in pixels, where that is worth telling; whether both show one thing.
        Of frames of another size the fit, where one is so many times as large as the other.
    """
    from sr.microscopy.files.grid import registration
    from sr.microscopy.scores.fitted import linear_fit, score

    if prediction.shape != target.shape:
        alike = reduced_alike(prediction, target)
        found: dict[str, Any] = {"note": "other_size"}
        if alike is not None:
            found["gain"], found["offset"] = linear_fit(*alike)
        return found
    left, top, width, height = region or (0, 0, target.shape[1], target.shape[0])
    if width * height > most_px:
        return {"note": "too_large"}
    if min(width, height) < LEAST_MEASURED_PX:
        return {"note": "measure_small"}
    try:
        part = (slice(top, top + height), slice(left, left + width))
        scores = score(prediction, target, part)
    except ImageError:  # every pixel of the original is the same
        return {"note": "flat"}
    found = {"note": None, "gain": scores.gain, "offset": scores.offset}
    for name in ("psnr", "nrmse", "ssim"):
        for fit in ("fitted", "raw"):
            value = getattr(scores, f"{fit}_{name}")
            found[f"{fit}_{name}"] = value if np.isfinite(value) else None
    if np.array_equal(prediction[part], target[part]):
        found |= {"note": "equal", "fitted_psnr": None}
    lie = registration(prediction, target, 1)
    found["is_alike"] = lie.correlation > LEAST_CORRELATION
    shift = float(np.hypot(lie.down, lie.across))
    found["shift"] = shift if found["is_alike"] and shift > LEAST_SHIFT_PX else None
    return found


def reduced_alike(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Two frames at the size of the smaller, by means of blocks; None where neither is a whole
    number of times as large as the other.
    """
    is_larger = one.size > other.size
    small, large = (other, one) if is_larger else (one, other)
    times = large.shape[0] // small.shape[0]
    if (small.shape[0] * times, small.shape[1] * times) != large.shape:
        return None
    blocks = large.reshape(small.shape[0], times, small.shape[1], times)
    means = blocks.mean(axis=(1, 3), dtype=np.float64)
    return (means, small) if is_larger else (small, means)

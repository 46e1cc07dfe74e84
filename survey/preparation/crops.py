"""The part of a photograph that a study shows, and its file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from sr.base.files import file_sha256
from survey.study.protocol import Protocol
from survey.study.study import Crop


def detailed(rgb: np.ndarray, protocol: Protocol) -> Crop:
    """The part with the most detail of a photograph that is not smaller than the window.

    Of one more than twice as large it is a larger part of the same shape, so that the window shows
    a good part of it and, reduced, is as sharp as a screen can show.

    Args:
        rgb: uint8 (H, W, 3).
    """
    width, height = protocol.width, protocol.height
    shrink = max(1.0, min(rgb.shape[1] / width, rgb.shape[0] / height) / 2)
    if shrink > 1:
        size = (round(rgb.shape[1] / shrink), round(rgb.shape[0] / shrink))
        small = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))
    else:
        small = rgb
    top, left = (round(start * shrink) for start in place(small, protocol))
    sides = min(round(width * shrink), rgb.shape[1]), min(round(height * shrink), rgb.shape[0])
    left, top = min(left, rgb.shape[1] - sides[0]), min(top, rgb.shape[0] - sides[1])
    return Crop(left, top, *sides)


def cut(rgb: np.ndarray, crop: Crop, protocol: Protocol) -> np.ndarray:
    """A part of a photograph in the window's size, uint8 (height, width, 3): reduced, where it is
    larger.
    """
    left, top, width, height, _ = crop
    part = rgb[top : top + height, left : left + width]
    size = (protocol.width, protocol.height)
    if (width, height) != size:
        part = np.asarray(Image.fromarray(part).resize(size, Image.Resampling.LANCZOS))
    return np.ascontiguousarray(part)


def place(rgb: np.ndarray, protocol: Protocol, step: int = 8) -> tuple[int, int]:
    """Top and left of the window of the protocol's size with the most detail, of every `step`."""
    width, height = protocol.width, protocol.height
    grey = rgb.astype(np.float32).mean(axis=2)
    detail = np.zeros_like(grey)
    detail[:, 1:] += np.abs(np.diff(grey, axis=1))
    detail[1:] += np.abs(np.diff(grey, axis=0))
    sums = np.pad(detail, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    ys = range(0, rgb.shape[0] - height + 1, step)
    xs = range(0, rgb.shape[1] - width + 1, step)

    def amount(corner: tuple[int, int]) -> float:
        y, x = corner
        inside = sums[y + height, x + width] - sums[y, x + width] - sums[y + height, x] + sums[y, x]
        return float(inside)

    return max(((y, x) for y in ys for x in xs), key=amount)


def write_plain_png(path: Path, rgb: np.ndarray) -> str:
    """Write uint8 (H, W, 3) as PNG, neither compressed nor described; returns its sha256."""
    with path.open("wb") as file:
        Image.fromarray(rgb).save(file, "PNG", compress_level=0)
        file.flush()
        os.fsync(file.fileno())
    return file_sha256(path)

"""The part of a photograph that a study shows, and its file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from sr.base.files import file_sha256
from survey.study.protocol import Protocol


def fits(rgb: np.ndarray, protocol: Protocol) -> bool:
    """Whether a photograph is large enough for a crop."""
    return rgb.shape[0] >= protocol.height and rgb.shape[1] >= protocol.width


def crop(rgb: np.ndarray, protocol: Protocol) -> np.ndarray:
    """The window of the protocol's size with the most detail.

    A photograph more than twice as large is reduced first, so that the window shows a good part
    of it and is as sharp as a screen can show.

    Args:
        rgb: uint8 (H, W, 3), at least as large as the window.
    """
    width, height = protocol.width, protocol.height
    shrink = min(rgb.shape[1] / width, rgb.shape[0] / height) / 2
    if shrink > 1:
        size = (round(rgb.shape[1] / shrink), round(rgb.shape[0] / shrink))
        rgb = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))
    top, left = place(rgb, protocol)
    return np.ascontiguousarray(rgb[top : top + height, left : left + width])


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

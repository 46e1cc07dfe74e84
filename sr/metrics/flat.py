"""Flat areas: where nothing is drawn, an enlargement has nothing to add."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter


def flat_areas(rgb: np.ndarray, margin_px: int) -> np.ndarray:
    """Where a picture is of one colour for `margin_px` around: (H, W) bool.

    Args:
        rgb: (H, W, 3) uint8.
    """
    window = (2 * margin_px + 1, 2 * margin_px + 1, 1)
    is_flat = maximum_filter(rgb, window) == minimum_filter(rgb, window)
    flat: np.ndarray = is_flat.all(axis=2)
    return flat


def flat_area_error(lr: np.ndarray, enlarged: np.ndarray, *, margin_px: int = 4) -> int | None:
    """The largest error of an enlargement in flat areas, in grey levels.

    Args:
        lr: (H, W, 3) uint8.
        enlarged: (s H, s W, 3) uint8.
        margin_px: low-resolution pixels that an area keeps from every edge.

    Returns:
        0 to 255; None where no pixel of `lr` is in a flat area.
    """
    flat = flat_areas(lr, margin_px)
    if not flat.any():
        return None
    scale = enlarged.shape[0] // lr.shape[0]
    blocks = enlarged.reshape(lr.shape[0], scale, lr.shape[1], scale, 3).astype(np.int16)
    off = np.abs(blocks - lr[:, None, :, None].astype(np.int16)).max(axis=(1, 3, 4))
    return int(off[flat].max())

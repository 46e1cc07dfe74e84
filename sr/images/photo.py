"""A photo in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Photo:
    """An image in memory, the right way up.

    Attributes:
        rgb: (H, W, 3) uint8, sRGB.
        alpha: (H, W) uint8, or None when the image is opaque everywhere.
        mended_share: of an enlargement, where bicubic stands in its network's place, 0 to 1.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    mended_share: float = 0.0

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

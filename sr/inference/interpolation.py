"""nearest and bicubic, in bands of rows."""

from __future__ import annotations

import numpy as np

from sr.images.resize import matlab_bicubic, nearest
from sr.inference.base import Look, Notes, Upscaler

BAND_ROWS = 256  # output rows that are made between two looks at the cancel flag


def bicubic_part(
    rgb: np.ndarray, top: int, bottom: int, left: int, right: int, *, scale: int
) -> np.ndarray:
    """Part of an image enlarged by bicubic, equal to that part of the whole image enlarged.

    Args:
        rgb: uint8 (H, W, 3); the others are in its pixels.
    """
    # 3 pixels beyond the part reach as far as the cubic kernel does
    y0, x0 = max(0, top - 3), max(0, left - 3)
    large = matlab_bicubic(rgb[y0 : bottom + 3, x0 : right + 3], scale)
    rows = slice((top - y0) * scale, (bottom - y0) * scale)
    return large[rows, (left - x0) * scale : (right - x0) * scale]


class Interpolation(Upscaler):
    """nearest and bicubic, in bands of rows."""

    def _fill(self, out: np.ndarray, rgb: np.ndarray, look: Look) -> Notes:
        scale, height = self.scale, rgb.shape[0]
        rows = max(1, BAND_ROWS // scale)
        for top in range(0, height, rows):
            bottom = min(height, top + rows)
            if self.name == "nearest":
                out[top * scale : bottom * scale] = nearest(rgb[top:bottom], scale)
            else:
                out[top * scale : bottom * scale] = bicubic_part(
                    rgb, top, bottom, 0, rgb.shape[1], scale=scale
                )
            look(bottom / height)
        return ()

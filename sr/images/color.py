"""BT.601 luma, as the super-resolution papers measure it."""

from __future__ import annotations

from torch import Tensor

from sr.base.errors import ShapeError

LUMA_WEIGHTS = (65.481, 128.553, 24.966)  # of R, G, B in [0, 1]
LUMA_OFFSET = 16.0


def luma_y(rgb: Tensor) -> Tensor:
    """Luma of RGB images, MATLAB's `rgb2ycbcr` without its rounding.

    Args:
        rgb: (N, 3, H, W) float, RGB in [0, 1].

    Returns:
        (N, 1, H, W), same dtype, 16 (black) to 235 (white).

    Raises:
        ShapeError: not (N, 3, H, W).

    Source: ITU-R BT.601.
    """
    if rgb.ndim != 4 or rgb.shape[1] != 3:
        raise ShapeError(f"luma_y: input {tuple(rgb.shape)}; needed (N, 3, H, W)")
    red, green, blue = (rgb[:, i : i + 1] * weight for i, weight in enumerate(LUMA_WEIGHTS))
    return red + green + blue + LUMA_OFFSET

"""What a photo has been through, as far as it can be seen: JPEG, noise, or drawn by a program.

Networks that were trained on clean photographs enlarge blocks and noise with the rest; one that was
trained on degraded ones takes them for what they are, and smooths fine texture where there is none.
So a person who chooses wants to know which kind of picture this is. The numbers are estimates, and
nothing is decided by them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import correlate

Kind = Literal["clean", "compressed", "noisy", "drawn"]
QUALITY_SEEN = 88  # JPEG quality below which blocks and ringing survive an enlargement
BLOCKS_SEEN = 1.4  # jump at every eighth pixel, of the jump elsewhere: about quality 80
NOISE_SEEN = 2.5  # grey levels, in the smoothest tenth of the picture
FLAT_DRAWN = 0.5  # share of pixels equal to their neighbours, which no camera leaves

# The luminance table of the JPEG standard (ITU-T T.81, annex K) that quality 50 uses as it is.
_STANDARD = np.array(
    [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69,
     56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104,
     113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What can be seen of a picture's past.

    Attributes:
        jpeg_quality: of the file itself, 1 to 100; None for what is not a JPEG.
        blockiness: mean jump at every eighth pixel by the mean jump elsewhere; 1 without blocks.
        noise_levels: standard deviation in the smoothest tenth, grey levels; fine texture counts.
        flat_share: of pixels that equal their neighbours, 0 to 1.
    """

    jpeg_quality: int | None
    blockiness: float
    noise_levels: float
    flat_share: float

    @property
    def kind(self) -> Kind:
        """What stands out: drawn, compressed, noisy, or nothing."""
        if self.flat_share > FLAT_DRAWN:
            return "drawn"
        has_poor_file = self.jpeg_quality is not None and self.jpeg_quality < QUALITY_SEEN
        if has_poor_file or self.blockiness > BLOCKS_SEEN:
            return "compressed"
        return "noisy" if self.noise_levels > NOISE_SEEN else "clean"


def condition(rgb: np.ndarray, *, tables: Mapping[int, Sequence[int]] | None = None) -> Condition:
    """Look at a picture.

    Args:
        rgb: (H, W, 3) uint8.
        tables: the quantisation tables of its JPEG file, as pillow gives them.
    """
    luma = rgb.astype(np.float32).mean(axis=2)
    return Condition(
        jpeg_quality=jpeg_quality(tables) if tables else None,
        blockiness=blockiness(luma),
        noise_levels=noise_levels(luma),
        flat_share=_flat_share(rgb),
    )


def jpeg_quality(tables: Mapping[int, Sequence[int]]) -> int:
    """The quality, on the scale of the Independent JPEG Group, whose table is nearest."""
    found = np.sort(np.array(tables[min(tables)]))
    qualities = np.arange(1, 101)
    percent = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    made = np.clip((_STANDARD * percent[:, None] + 50) // 100, 1, 255)
    distance = np.abs(np.sort(made, axis=1) - found).sum(axis=1)
    return int(qualities[distance.argmin()])


def blockiness(luma: np.ndarray) -> float:
    """How much more the picture jumps at every eighth pixel than elsewhere; 1 without blocks.

    Args:
        luma: (H, W) float, 0 to 255.
    """
    excess = []
    for plane in (luma, luma.T):
        if plane.shape[1] < 24:
            return 1.0  # too small to tell
        jump = np.abs(np.diff(plane, axis=1))
        lone = jump[:, 1:-1] - np.maximum(jump[:, :-2], jump[:, 2:])
        lone = lone.clip(0, 30)  # real edges are larger, and lie anywhere
        excess.append([float(lone[:, phase::8].mean()) for phase in range(8)])
    phases = np.mean(excess, axis=0)
    return float((phases.max() + 0.01) / (np.median(phases) + 0.01))


def noise_levels(luma: np.ndarray) -> float:
    """Standard deviation of white noise that would look like the smoothest tenth of the picture.

    Args:
        luma: (H, W) float, 0 to 255.

    Source of the filter: Immerkaer 1996, "Fast noise variance estimation".
    """
    second = np.array([1.0, -2.0, 1.0])
    response = np.abs(correlate(luma, np.outer(second, second)))[1:-1, 1:-1]
    rows, columns = (max(1, side // 16) for side in response.shape)
    if min(response.shape) < 16:
        return float(response.mean() * math.sqrt(math.pi / 2) / 6) if response.size else 0.0
    blocks = response[: rows * 16, : columns * 16].reshape(rows, 16, columns, 16).mean(axis=(1, 3))
    return float(np.percentile(blocks, 10) * math.sqrt(math.pi / 2) / 6)


def _flat_share(rgb: np.ndarray) -> float:
    """Of pixels that equal the next one to the right and below."""
    if min(rgb.shape[:2]) < 2:
        return 0.0
    here = rgb[:-1, :-1]
    equal = (here == rgb[:-1, 1:]) & (here == rgb[1:, :-1])
    return float(equal.all(axis=2).mean())

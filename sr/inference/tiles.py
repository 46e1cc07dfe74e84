"""Tiles and strips: where a large picture is cut, so that no cut can be seen and memory is bounded.

A tile reads its network's receptive radius around its core, all that the core depends on. At the
picture's own border it reads no further, and the zero padding of the convolutions acts there as it
does on the whole picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

TILE_PX = 512  # side of a core, of networks that run in parts; in low-resolution pixels
WHOLE_TILE_PX = 192  # side of a core, of other networks: all their layers run on all of a tile
STRIP_PIXELS = 36_000  # low-resolution pixels of a core that are enlarged at once


@dataclass(frozen=True)
class Tile:
    """One tile in low-resolution pixels: the core it fills, and the larger input it reads."""

    top: int
    left: int
    bottom: int
    right: int
    input_top: int
    input_left: int
    input_bottom: int
    input_right: int

    @property
    def core(self) -> tuple[int, int, int, int]:
        """Top, bottom, left, right of the core within the tile's input."""
        return (
            self.top - self.input_top,
            self.bottom - self.input_top,
            self.left - self.input_left,
            self.right - self.input_left,
        )


def plan_tiles(
    height: int, width: int, tile_px: int, overlap_px: int, align_px: int = 1
) -> list[Tile]:
    """Cores of even size, at most `tile_px` a side, each with its overlap inside the image.

    Args:
        align_px: what all edges are multiples of, but for those of the picture.
    """
    overlap_px = align_px * math.ceil(overlap_px / align_px)

    def cuts(length: int) -> list[int]:
        steps = math.ceil(length / align_px)
        parts = math.ceil(steps / max(1, tile_px // align_px))
        return [min(length, align_px * round(i * steps / parts)) for i in range(parts + 1)]

    rows, columns = cuts(height), cuts(width)
    return [
        Tile(
            top, left, bottom, right,
            max(0, top - overlap_px), max(0, left - overlap_px),
            min(height, bottom + overlap_px), min(width, right + overlap_px),
        )
        for top, bottom in pairwise(rows)
        for left, right in pairwise(columns)
    ]  # fmt: skip


def plan_strips(top: int, bottom: int, width: int, height: int, radius_px: int) -> Iterator[Strip]:
    """The rows `top` to `bottom` of a tile in strips, each with the rows around it that it reads.

    Args:
        width: of the strips; narrow ones are higher.
        height: of the tile.
        radius_px: how far above and below itself a strip reads.
    """
    rows = max(1, STRIP_PIXELS // width)
    for first in range(top, bottom, rows):
        last = min(bottom, first + rows)
        yield Strip(first, last, max(0, first - radius_px), min(height, last + radius_px))


@dataclass(frozen=True)
class Strip:
    """Rows of a tile, and the more rows they are made of."""

    top: int
    bottom: int
    input_top: int
    input_bottom: int

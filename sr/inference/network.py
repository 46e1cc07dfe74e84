"""A network as an upscaler: tiles and strips through an engine, equal to the whole picture."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol, cast, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from sr.base.errors import SRError
from sr.base.machine import free_memory_bytes, is_out_of_memory
from sr.formats.notes import Note
from sr.images.photo import Photo
from sr.images.tensors import to_rgb, to_tensor
from sr.inference.base import Look, Notes, Upscaler
from sr.inference.engines import open_engine
from sr.inference.guard import CLEAN_PX, mend
from sr.inference.tiles import TILE_PX, WHOLE_TILE_PX, Tile, plan_strips, plan_tiles
from sr.networks.reach import MOST_PX, fitted
from sr.networks.registry import receptive_radius_px

SMALLEST_TILE_PX = 32  # below that, memory is not what is missing
MEMORY_SHARE = 0.5  # of what is free, that a tile of a network that is not ours may take
FEATURES_SHARE = 0.55  # of a tile's work, of networks that run in parts

logger = logging.getLogger(__name__)


@runtime_checkable
class InParts(Protocol):
    """What a network may say of itself: `forward(lr)` is `enlarged(features(lr), lr)`.

    Then the first runs on tiles and the second, which needs the memory, on strips of them.
    """

    enlarged_radius_px: int  # how far around itself `enlarged` reads, in low-resolution pixels

    def features(self, lr: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, F, H, W)."""

    def enlarged(self, features: Tensor, lr: Tensor) -> Tensor:
        """(N, F, H, W) and (N, 3, H, W) to (N, 3, scale H, scale W)."""


class _Features(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, lr: Tensor) -> Tensor:
        return cast(InParts, self.network).features(lr)


class _Enlarged(_Features):
    def forward(self, features: Tensor, lr: Tensor) -> Tensor:  # type: ignore[override]
        return cast(InParts, self.network).enlarged(features, lr)


class NetworkUpscaler(Upscaler):
    """A network, tile by tile.

    Args:
        name: the model's name.
        model: its network, which becomes this upscaler's own.
        device: where it runs.
        precision: "float32" or "bfloat16".
        tile_px: side of a core; None is one that bounds the memory.
        engine: of `sr.inference.engines`, or "auto".
        guard_px: side of the means by which `mend` compares; None mends nothing.
        mend_share: where more of a picture would be mended, nothing is, and that is said.
        facts: what its PNGs say of it besides.

    Raises:
        ConfigError, EngineError: as `open_engine`.
    """

    def __init__(
        self,
        name: str,
        model: nn.Module,
        *,
        device: torch.device,
        precision: str,
        tile_px: int | None = None,
        engine: str = "auto",
        guard_px: int | None = CLEAN_PX,
        mend_share: float = 1.0,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(name, int(model.scale))  # type: ignore[arg-type]
        self.model = model.eval().requires_grad_(False)
        self.device = device
        self.precision = precision
        self.radius_px = receptive_radius_px(model)
        self.align_px = int(getattr(model, "align_px", getattr(model, "multiple_px", 1)))
        self.guard_px = guard_px
        self.mend_share = mend_share
        self.facts = dict(facts or {})
        is_in_parts = isinstance(model, InParts)
        parts = [_Features(model), _Enlarged(model)] if is_in_parts else [model]
        self.engine = open_engine(engine, parts, device, precision)
        self._strip_radius_px = cast(InParts, model).enlarged_radius_px if is_in_parts else None
        self._asked_tile_px = tile_px
        self.tile_px = tile_px or (TILE_PX if is_in_parts else WHOLE_TILE_PX)

    def text(self, result: Photo | None = None) -> dict[str, str]:
        return (
            super().text(result)
            | {
                "Nitidez-Precision": self.precision,
                "Nitidez-Engine": f"{self.engine.name} {self.engine.version}",
            }
            | self.facts
        )

    def _fill(self, out: np.ndarray, rgb: np.ndarray, look: Look) -> Notes:
        side = max(rgb.shape[:2])
        sees_all = self.radius_px is None
        wanted_px = side if sees_all and self._asked_tile_px is None else self.tile_px
        tile_px = min(side, self._affordable_px(wanted_px))
        while True:
            overlap_px = self.radius_px
            if overlap_px is None:
                overlap_px = MOST_PX if tile_px < side else 0
            try:
                self._fill_tiles(out, rgb, tile_px, overlap_px, look)
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error) or tile_px < 2 * SMALLEST_TILE_PX:
                    raise
                tile_px //= 2
                logger.warning("%s: not enough memory; tiles of %d px", self.name, tile_px)
            finally:
                self.engine.rest()
        is_cut = sees_all and tile_px < side
        return (Note("cut_in_tiles", {"tile": tile_px}),) if is_cut else ()

    def _fill_tiles(
        self, out: np.ndarray, rgb: np.ndarray, tile_px: int, overlap_px: int, look: Look
    ) -> None:
        height, width = rgb.shape[:2]
        tiles = plan_tiles(height, width, tile_px, overlap_px, self.align_px)
        fill = self._fill_at_once if self._strip_radius_px is None else self._fill_in_strips
        for number, tile in enumerate(tiles):
            region = rgb[tile.input_top : tile.input_bottom, tile.input_left : tile.input_right]
            lr = fitted(to_tensor(region, self.device), self.model)
            fill(out, lr, tile, part_of(look, number / len(tiles), (number + 1) / len(tiles)))

    def _affordable_px(self, tile_px: int) -> int:
        """The side of a tile, or of a smaller one that the free memory has room for."""
        reach = getattr(self.model, "reach", None)
        free_bytes = free_memory_bytes() if self.device.type == "cpu" else None
        if reach is None or free_bytes is None or self._asked_tile_px is not None:
            return tile_px
        room_px = int((MEMORY_SHARE * free_bytes / reach.bytes_per_pixel) ** 0.5)
        overlap_px = MOST_PX if reach.radius_px is None else reach.radius_px
        return min(tile_px, max(SMALLEST_TILE_PX, room_px - 2 * overlap_px))

    def _fill_at_once(self, out: np.ndarray, lr: Tensor, tile: Tile, look: Look) -> None:
        top, bottom, left, right = (self.scale * edge for edge in tile.core)
        enlarged = self.engine.run(0, lr, look=look)
        self._hand_on(out, enlarged[:, :, top:bottom, left:right], tile.top, tile.left)

    def _fill_in_strips(self, out: np.ndarray, lr: Tensor, tile: Tile, look: Look) -> None:
        radius_px, scale = self._strip_radius_px or 0, self.scale
        features = self.engine.run(0, lr, look=part_of(look, 0, FEATURES_SHARE))
        top, bottom, left, right = tile.core
        x0, x1 = max(0, left - radius_px), min(lr.shape[3], right + radius_px)
        columns = slice(scale * (left - x0), scale * (right - x0))
        done = FEATURES_SHARE
        for strip in plan_strips(top, bottom, right - left, lr.shape[2], radius_px):
            read = (..., slice(strip.input_top, strip.input_bottom), slice(x0, x1))
            will = FEATURES_SHARE + (1 - FEATURES_SHARE) * (strip.bottom - top) / (bottom - top)
            enlarged = self.engine.run(1, features[read], lr[read], look=part_of(look, done, will))
            rows = slice(
                scale * (strip.top - strip.input_top), scale * (strip.bottom - strip.input_top)
            )
            self._hand_on(out, enlarged[:, :, rows, columns], tile.top + strip.top - top, tile.left)
            done = will

    def _hand_on(self, out: np.ndarray, enlarged: Tensor, top: int, left: int) -> None:
        """Put a finished piece in its place: every pixel a network makes passes here, once.

        Args:
            out: the whole enlargement.
            enlarged: (1, 3, s h, s w), not clamped.
            top, left: of the piece, in low-resolution pixels of the whole picture.
        """
        if not bool(torch.isfinite(enlarged).all()):
            raise SRError(f"{self.name}: the network gave numbers that are not finite")
        y, x = self.scale * top, self.scale * left
        out[y : y + enlarged.shape[2], x : x + enlarged.shape[3]] = to_rgb(enlarged.float())

    def _mend(self, rgb: np.ndarray, enlarged: np.ndarray) -> tuple[float, Notes]:
        if self.guard_px is None:
            return 0.0, ()
        share = mend(rgb, enlarged, self.scale, self.guard_px, self.mend_share)
        if share > self.mend_share:
            return 0.0, (Note("own_look", {"percent": round(100 * share)}),)
        return share, ()


def part_of(look: Look, low: float, high: float) -> Look:
    """A look that tells shares of a part as shares of all: 0 to 1 becomes `low` to `high`."""
    return lambda share: look(low + (high - low) * share)

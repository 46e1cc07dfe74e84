"""The Upscaler: any image through any model in tiles, with progress and a cancel that works."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sr import __version__
from sr.base.errors import Cancelled, ConfigError, SRError, WeightsError
from sr.base.files import file_sha256
from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic, nearest
from sr.inference.guard import mend, mended_text
from sr.inference.transparency import premultiplied_bicubic, seen_colours
from sr.models.registry import MODELS, chosen_scale, verified_weights, weights_stamp

if TYPE_CHECKING:
    import torch
    from torch import nn

logger = logging.getLogger(__name__)

TILE_PX = 384  # side of a tile's core in low-resolution pixels; bounds the memory
STRIP_ROWS = 32  # low-resolution rows that are enlarged at once at the end of a tile
BAND_ROWS = 256  # output rows an interpolation makes between two looks at the cancel flag


@dataclass(frozen=True)
class Progress:
    """How far one image is: thousandths done, seconds so far, seconds left (None: not known)."""

    done: int
    total: int
    seconds: float
    seconds_left: float | None


def choose_device(name: str) -> torch.device:
    """ "auto" is a GPU when there is one, else the CPU; on Hugging Face's ZeroGPU, where torch
    only pretends in this process to have one, it is the CPU.

    Raises:
        ConfigError: a device that torch does not know or that is not there.
    """
    import torch

    if name == "auto":
        has_gpu = torch.cuda.is_available() and os.environ.get("SPACES_ZERO_GPU") != "true"
        return torch.device("cuda" if has_gpu else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first_line = str(error).splitlines()[0]
        raise ConfigError(f"device {name!r} cannot be used ({first_line}); try cpu") from None
    return device


@lru_cache(maxsize=4)
def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is multiplied faster than float32: AVX512-BF16 or AMX, or a GPU's units."""
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


class Upscaler:
    """Enlarges photographs with one model. Built by `get_upscaler`; safe to use from threads.

    Attributes:
        name: the model's name.
        scale: integer factor.
        seconds_per_megapixel: of output, as measured on the last image; None before that.
    """

    def __init__(self, name: str, scale: int) -> None:
        self.name = name
        self.scale = scale
        self.seconds_per_megapixel: float | None = None

    def upscale(
        self,
        photo: Photo,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Photo:
        """Enlarge one photograph; alpha goes by bicubic, and hidden colours play no part.

        Args:
            photo: any size from 1x1.
            progress: called after every piece of the work, from this thread.
            cancel: looked at between pieces; set it from another thread to stop.

        Raises:
            Cancelled: `cancel` was set; nothing is returned.
            SRError: the network gave numbers that are not finite.
        """
        start = time.perf_counter()
        height, width = photo.rgb.shape[:2]
        rgb = np.empty((height * self.scale, width * self.scale, 3), np.uint8)
        given = photo.rgb if photo.alpha is None else seen_colours(photo.rgb, photo.alpha)
        for share in self._fill(rgb, given):
            self._look_at(cancel)
            if progress is not None:
                seconds = time.perf_counter() - start
                left = seconds / share - seconds if share > 0 else None
                progress(Progress(round(1000 * share), 1000, seconds, left))
        mended_share = self._mend(given, rgb)
        alpha = None
        if photo.alpha is not None:
            self._look_at(cancel)
            enlarge = nearest if self.name == "nearest" else matlab_bicubic
            alpha = enlarge(photo.alpha, self.scale)
            if self.name == "bicubic":
                premultiplied_bicubic(rgb, photo.rgb, photo.alpha, self.scale)
        self.seconds_per_megapixel = (time.perf_counter() - start) / (rgb[..., 0].size / 1e6)
        return Photo(rgb, alpha, mended_share, photo.notes)

    def _mend(self, rgb: np.ndarray, enlarged: np.ndarray) -> float:
        """Mend an enlargement in place; the share that was wrong. Interpolations are right."""
        return 0.0

    def _look_at(self, cancel: threading.Event | None) -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled(f"{self.name}: stopped on request")

    def text(self, result: Photo | None = None) -> dict[str, str]:
        """What a PNG of this model's should say of itself, and of this result."""
        text = {
            "Software": f"Nitidez {__version__}",
            "Nitidez-Model": self.name,
            "Nitidez-Scale": str(self.scale),
        }
        return text | (mended_text(result) if result is not None else {})

    def _fill(self, out: np.ndarray, rgb: np.ndarray) -> Iterator[float]:
        """Write the enlarged `rgb` into `out`, yielding the share that is done, 0 to 1."""
        raise NotImplementedError


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

    def _fill(self, out: np.ndarray, rgb: np.ndarray) -> Iterator[float]:
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
            yield bottom / height


def at_once(
    model: nn.Module, lr: torch.Tensor, core: tuple[int, int, int, int], scale: int
) -> Iterator[tuple[float, torch.Tensor | None]]:
    """What `SRResNet.tile_steps` is, of any network: the core of its forward of a tile."""
    top, bottom, left, right = (scale * edge for edge in core)
    yield 1.0, model(lr)[:, :, top:bottom, left:right]


class NetworkUpscaler(Upscaler):
    """A network, tile by tile, equal to the whole image at once.

    A tile reads its network's receptive radius around its core (40 pixels for SRResNet), all that
    its core depends on. SRResNet's layers need less and less of that margin, so it is trimmed on
    the way; at the image's own border nothing is trimmed
    and the zero padding of the convolutions acts as it does on the whole image.

    Args:
        name: the model's name.
        model: its network; of an SRResNet, a copy with folded batch norm is used.
        device: where it runs.
        precision: "float32" or "bfloat16" for the convolutions.
        tile_px: side of a core.
        guard: put bicubic where an enlargement does not give back its original.
        source: what its PNGs say of weights that are not those of the registry.
    """

    def __init__(
        self,
        name: str,
        model: nn.Module,
        *,
        device: torch.device,
        precision: str,
        tile_px: int,
        guard: bool = True,
        source: str = "",
    ) -> None:
        import torch

        from sr.networks.registry import receptive_radius_px
        from sr.networks.srresnet import SRResNet, folded

        super().__init__(name, int(model.scale))  # type: ignore[arg-type]
        self.radius_px = receptive_radius_px(model)
        plain = folded(model) if isinstance(model, SRResNet) else model.eval()
        self.model = plain.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.device = device
        self.precision = precision
        self.tile_px = tile_px
        self.guard = guard
        self.source = source

    def _mend(self, rgb: np.ndarray, enlarged: np.ndarray) -> float:
        return mend(rgb, enlarged, self.scale) if self.guard else 0.0

    def text(self, result: Photo | None = None) -> dict[str, str]:
        text = super().text(result) | {"Nitidez-Precision": self.precision}
        if self.source:
            text["Nitidez-Weights"] = self.source
        if self.name in MODELS:
            text["Nitidez-Departures"] = MODELS[self.name].departures
        return text

    def _fill(self, out: np.ndarray, rgb: np.ndarray) -> Iterator[float]:
        tile_px = max(rgb.shape[:2]) if self.radius_px is None else self.tile_px
        tiles = plan_tiles(rgb.shape[0], rgb.shape[1], tile_px, self.radius_px or 0)
        for index, tile in enumerate(tiles):
            for share in self._fill_tile(out, rgb, tile):
                yield (index + share) / len(tiles)

    def _fill_tile(self, out: np.ndarray, rgb: np.ndarray, tile: Tile) -> Iterator[float]:
        import torch

        from sr.images.tensors import to_tensor
        from sr.networks.srresnet import SRResNet

        region = rgb[tile.input_top : tile.input_bottom, tile.input_left : tile.input_right]
        lr = to_tensor(region, self.device)
        if isinstance(self.model, SRResNet):
            steps = self.model.tile_steps(
                lr,
                inner_sides=tile.inner_sides(*rgb.shape[:2]),
                core=tile.core,
                strip_rows=STRIP_ROWS,
            )
        else:
            steps = at_once(self.model, lr, tile.core, self.scale)
        left, right = tile.left * self.scale, tile.right * self.scale
        row = tile.top * self.scale
        while True:
            # Entered anew for every piece: a generator must not hold these between its yields.
            with (
                torch.inference_mode(),
                torch.autocast(
                    self.device.type,
                    dtype=torch.bfloat16,
                    enabled=self.precision == "bfloat16",
                ),
            ):
                piece = next(steps, None)
                if piece is None:
                    return
                share, strip = piece
                if strip is not None:
                    strip = strip[0].float()
                    if not bool(torch.isfinite(strip).all()):
                        raise SRError(f"{self.name}: the network gave numbers that are not finite")
                    grey = strip.clamp(0, 1).mul_(255).round_()
                    pixels = grey.to(torch.uint8).permute(1, 2, 0).cpu().numpy()
                    out[row : row + pixels.shape[0], left:right] = pixels
                    row += pixels.shape[0]
            yield share


@lru_cache(maxsize=16)
def _build(
    name: str,
    scale: int,
    device: str,
    precision: str,
    tile_px: int,
    guard: bool,
    stamp: tuple[str, int, int] | None,
) -> Upscaler:
    if stamp is None and not MODELS[name].network:
        return Interpolation(name, scale)
    upscaler = _network(name, verified_weights(name), device, precision, tile_px, guard)
    if upscaler.scale != scale:
        raise WeightsError(f"{name}: its weights enlarge {upscaler.scale} times, needed {scale}")
    return upscaler


def _network(
    name: str,
    path: Path,
    device: str,
    precision: str,
    tile_px: int,
    guard: bool,
    source: str = "",
) -> NetworkUpscaler:
    from sr.models.weights_file import load_model
    from sr.networks.registry import NETWORKS, described

    model = load_model(path)
    if described(model)[0] not in NETWORKS:
        raise WeightsError(f"{path.name}: a discriminator; needed a network that enlarges")
    chosen = choose_device(device)
    if precision == "auto":
        precision = "bfloat16" if has_fast_bfloat16(chosen) else "float32"
    return NetworkUpscaler(
        name,
        model,
        device=chosen,
        precision=precision,
        tile_px=tile_px,
        guard=guard,
        source=source,
    )


def get_upscaler(
    name: str,
    *,
    scale: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    tile_px: int | None = None,
    guard: bool = True,
) -> Upscaler:
    """The upscaler of a model; the same object for the same arguments and weights.

    Args:
        name: "nearest", "bicubic", or a network's.
        scale: of an interpolation; None is the model's own.
        device: "auto", "cpu", "cuda", ...
        precision: "float32", "bfloat16", or "auto": bfloat16 where the machine is quick at it.
        tile_px: side of a tile's core in low-resolution pixels; None is the default.
        guard: put bicubic where a network does not give back what it was given.

    Raises:
        UnknownModelError, WeightsError, ConfigError.
    """
    scale = chosen_scale(name, scale)
    _check(precision, tile_px)
    stamp = weights_stamp(name)
    return _build(name, scale, device, precision, tile_px or TILE_PX, guard, stamp)


def upscaler_from_file(
    path: str | Path,
    *,
    device: str = "auto",
    precision: str = "auto",
    tile_px: int | None = None,
    guard: bool = True,
) -> NetworkUpscaler:
    """The upscaler of a weights file that `sr train` wrote; its PNGs name the file.

    Args:
        path: a safetensors file; the other arguments are those of `get_upscaler`.

    Raises:
        WeightsError: unreadable, or not a network that enlarges.
        ConfigError: as `get_upscaler`.
    """
    from sr.models.weights_file import read_header

    path = Path(path)
    name = str(read_header(path)["name"])
    _check(precision, tile_px)
    source = f"{path.name} sha256 {file_sha256(path)}"
    return _network(name, path, device, precision, tile_px or TILE_PX, guard, source)


def _check(precision: str, tile_px: int | None) -> None:
    if precision not in ("auto", "float32", "bfloat16"):
        raise ConfigError(f"precision {precision!r}: needed auto, float32 or bfloat16")
    if tile_px is not None and tile_px < 1:
        raise ConfigError(f"tile of {tile_px} px: needed 1 or more")


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

    def inner_sides(self, height: int, width: int) -> tuple[bool, bool, bool, bool]:
        """Top, bottom, left, right: does the image go on beyond the tile's input?"""
        return (
            self.input_top > 0,
            self.input_bottom < height,
            self.input_left > 0,
            self.input_right < width,
        )


def plan_tiles(height: int, width: int, tile_px: int, overlap_px: int) -> list[Tile]:
    """Cores of even size, at most `tile_px` a side, each with its overlap inside the image."""

    def cuts(length: int) -> list[int]:
        parts = math.ceil(length / tile_px)
        return [round(i * length / parts) for i in range(parts + 1)]

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

"""A model and a frame of one channel: counts in, counts out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sr.base.errors import ConfigError, ImageError, SRError
from sr.base.machine import choose_device, free_memory_bytes, has_fast_bfloat16
from sr.inference.base import Look
from sr.inference.torch_engine import TorchEngine
from sr.microscopy.files.frame import Frame
from sr.microscopy.files.grid import cubic_enlarged
from sr.microscopy.files.levels import from_network, levels_of, to_network
from sr.microscopy.files.writing import as_kind
from sr.models.entries.shipped import FRAME_MODELS
from sr.models.loading import load_file, load_named
from sr.networks.registry import NETWORKS, described

CUBIC = "bicubic"
BYTES_PER_PIXEL = 64 * 4 * 14  # of a low-resolution pixel, at 64 features: the widest moment
MEMORY_SHARE = 0.8


@dataclass(frozen=True)
class Enlarger:
    """What makes frames larger.

    Attributes:
        name: of the model.
        scale: integer factor.
        frames: that it looks at together: 1, or 9 raw ones.
        enlarge: from (N, H, W) to (scale H, scale W) float32, both in the counts of the file; with
            `look` it tells the share that is done, and what `look` raises ends the work.
    """

    name: str
    scale: int
    frames: int
    enlarge: Callable[..., np.ndarray]


def open_enlarger(
    model: str, *, scale: int | None = None, device: str = "auto", precision: str = "auto"
) -> Enlarger:
    """The enlarger of a model's name, or of a weights file.

    Args:
        model: "bicubic", a network for microscopy, or a file of `sr train`.
        scale: of bicubic, 2 where it is not said.
        precision: "float32", "bfloat16", or "auto": bfloat16 where the machine is quick at it.

    Raises:
        ConfigError: a model for photographs.
        UnknownModelError, WeightsError: as of `sr.models.loading`.
    """
    if model == CUBIC:
        factor = scale or 2
        return Enlarger(CUBIC, factor, 1, _cubic(factor))
    is_file = Path(model).suffix == ".safetensors"
    network = (load_file(Path(model)) if is_file else load_named(model)).network
    channels = _channels(network, model)
    if scale not in (None, network.scale):
        raise ConfigError(f"{model} enlarges {network.scale} times, not {scale}")
    chosen = choose_device(device)
    if precision == "auto":
        precision = "bfloat16" if has_fast_bfloat16(chosen) else "float32"
    engine = TorchEngine([network], chosen, precision)

    def enlarge(planes: np.ndarray, look: Look = lambda share: None) -> np.ndarray:
        _check_memory(planes.shape[1:], model)
        levels = levels_of(planes)
        given = torch.from_numpy(to_network(planes, levels))[None].to(chosen)
        answer = engine.run(0, given, look=look)[0, 0].float().cpu().numpy()
        if not np.isfinite(answer).all():
            raise SRError(f"{model}: the network gave numbers that are not finite")
        return from_network(answer, levels)

    return Enlarger(Path(model).stem, int(network.scale), channels, enlarge)  # type: ignore[arg-type]


def _channels(network: nn.Module, model: str) -> int:
    """How many frames a network looks at.

    Raises:
        ConfigError: it is for photographs.
    """
    try:
        name, _ = described(network)
        is_for_photographs = 3 in NETWORKS[name].channels
    except (SRError, KeyError):
        is_for_photographs = True  # other people's
    if is_for_photographs:
        raise ConfigError(
            f"{model}: a model for photographs, with three channels; frames of one channel are "
            f"enlarged by {', '.join(FRAME_MODELS)} or {CUBIC}"
        )
    return int(network.channels)  # type: ignore[arg-type]


def _cubic(scale: int) -> Callable[..., np.ndarray]:
    def enlarge(planes: np.ndarray, look: Look | None = None) -> np.ndarray:
        return cubic_enlarged(planes[0], scale)

    return enlarge


def enlarged(model: str, frame: Frame, scale: int, look: Look = lambda share: None) -> Frame:
    """A frame enlarged, in the counts and the numbers of its file; its pixel is smaller.

    Args:
        model: see `open_enlarger`; it is kept in memory.
        look: see `Enlarger`.

    Raises:
        ConfigError, ImageError, SRError: see `open_enlarger` and its `enlarge`.
    """
    planes = _kept(model, scale).enlarge(frame.pixels[None].astype(np.float32), look)
    pixel_um = None if frame.pixel_um is None else frame.pixel_um / scale
    return replace(frame, pixels=as_kind(planes, frame.kind), pixel_um=pixel_um, notes=())


_kept = lru_cache(maxsize=4)(lambda model, scale: open_enlarger(model, scale=scale))


def most_megapixels() -> float | None:
    """Of a frame that a network can enlarge in what memory is free; None: not known."""
    free = free_memory_bytes()
    return None if free is None else MEMORY_SHARE * free / BYTES_PER_PIXEL / 1e6


def _check_memory(size: tuple[int, ...], model: str) -> None:
    """Attention sees the whole picture, so it is not cut into tiles.

    Raises:
        ImageError: it would not fit into memory.
    """
    free = free_memory_bytes()
    needed = BYTES_PER_PIXEL * size[0] * size[1]
    if free is not None and needed > MEMORY_SHARE * free:
        raise ImageError(
            f"a frame of {size[1]}x{size[0]} needs {needed / 1e9:.1f} GB for {model}, and "
            f"{free / 1e9:.1f} GB are free; cut it into parts",
            kind="frame_memory",
        )

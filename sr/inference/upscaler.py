"""The upscaler of a model: any image through it, with progress and a cancel that works."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sr.base.errors import ConfigError, WeightsError
from sr.base.files import file_sha256
from sr.base.machine import choose_device, has_fast_bfloat16
from sr.inference.base import Progress as Progress
from sr.inference.base import Upscaler as Upscaler
from sr.inference.engines import check_engine
from sr.inference.guard import CLEAN_PX, NOISY_PX
from sr.inference.interpolation import Interpolation
from sr.models.registry import MODELS, chosen_scale, verified_weights, weights_stamp

if TYPE_CHECKING:
    from sr.inference.network import NetworkUpscaler


@lru_cache(maxsize=16)
def _build(
    name: str,
    scale: int,
    device: str,
    precision: str,
    tile_px: int | None,
    engine: str,
    guard: bool,
    stamp: tuple[str, int, int] | None,
) -> Upscaler:
    if stamp is None and not MODELS[name].network:
        return Interpolation(name, scale)
    upscaler = _network(name, verified_weights(name), device, precision, tile_px, engine, guard)
    if upscaler.scale != scale:
        raise WeightsError(f"{name}: its weights enlarge {upscaler.scale} times, needed {scale}")
    return upscaler


def _network(
    name: str,
    path: Path,
    device: str,
    precision: str,
    tile_px: int | None,
    engine: str,
    guard: bool,
    source: str = "",
) -> NetworkUpscaler:
    from sr.inference.network import NetworkUpscaler
    from sr.models.weights_file import load_model, read_header
    from sr.networks.registry import NETWORKS, described

    model = load_model(path)
    if described(model)[0] not in NETWORKS:
        raise WeightsError(f"{path.name}: a discriminator; needed a network that enlarges")
    learned_from = read_header(path)["about"].get("training", {}).get("degradation", "bicubic")
    guard_px = CLEAN_PX if learned_from == "bicubic" else NOISY_PX
    chosen = choose_device(device)
    if precision == "auto":
        precision = "bfloat16" if has_fast_bfloat16(chosen) else "float32"
    return NetworkUpscaler(
        name,
        model,
        device=chosen,
        precision=precision,
        tile_px=tile_px,
        engine=engine,
        guard_px=guard_px if guard else None,
        source=source,
    )


def get_upscaler(
    name: str,
    *,
    scale: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    tile_px: int | None = None,
    engine: str = "auto",
    guard: bool = True,
) -> Upscaler:
    """The upscaler of a model; the same object for the same arguments and weights.

    Args:
        name: "nearest", "bicubic", or a network's.
        scale: of an interpolation; None is the model's own.
        device: "auto", "cpu", "cuda", ...
        precision: "float32", "bfloat16", or "auto": bfloat16 where the machine is quick at it.
        tile_px: side of a tile's core in low-resolution pixels; None is the default.
        engine: "torch", "openvino", or "auto": the faster one here.
        guard: put bicubic where a network does not give back what it was given.

    Raises:
        UnknownModelError, WeightsError, ConfigError.
    """
    scale = chosen_scale(name, scale)
    _check(precision, tile_px, engine)
    stamp = weights_stamp(name)
    return _build(name, scale, device, precision, tile_px, engine, guard, stamp)


def upscaler_from_file(
    path: str | Path,
    *,
    device: str = "auto",
    precision: str = "auto",
    tile_px: int | None = None,
    engine: str = "auto",
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
    _check(precision, tile_px, engine)
    source = f"{path.name} sha256 {file_sha256(path)}"
    return _network(name, path, device, precision, tile_px, engine, guard, source)


def _check(precision: str, tile_px: int | None, engine: str) -> None:
    if precision not in ("auto", "float32", "bfloat16"):
        raise ConfigError(f"precision {precision!r}: needed auto, float32 or bfloat16")
    if tile_px is not None and tile_px < 1:
        raise ConfigError(f"tile of {tile_px} px: needed 1 or more")
    check_engine(engine)

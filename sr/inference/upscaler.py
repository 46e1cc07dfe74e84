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
from sr.inference.guard import CLEAN_PX, FOREIGN_SHARE, NOISY_PX
from sr.inference.interpolation import Interpolation
from sr.models.between import STEPS
from sr.models.entries.model import Model
from sr.models.entries.shipped import FRAME_MODELS, MODELS
from sr.models.files.community import name_of
from sr.models.loading import weights_sha256, weights_stamp
from sr.models.registry import chosen_scale, model_info

if TYPE_CHECKING:
    from sr.inference.network import NetworkUpscaler
    from sr.models.files.opening import Loaded


@lru_cache(maxsize=16)
def _build(
    name: str,
    scale: int,
    device: str,
    precision: str,
    tile_px: int | None,
    engine: str,
    guard: bool,
    _stamp: tuple[tuple[str, int, int], ...],
) -> Upscaler:
    model = model_info(name)
    if not model.network:
        return Interpolation(name, scale)
    from sr.models.loading import load_named

    facts = _departures(model)
    if model.origin != "trained":
        facts["Nitidez-Weights"] = f"sha256 {weights_sha256(name)}"
    upscaler = _network(name, load_named(name), device, precision, tile_px, engine, guard, facts)
    if upscaler.scale != scale:
        raise WeightsError(f"{name}: its weights enlarge {upscaler.scale} times, needed {scale}")
    return upscaler


_build_mixture = lru_cache(maxsize=STEPS)(_build.__wrapped__)  # all steps of a slider


def _network(
    name: str,
    loaded: Loaded,
    device: str,
    precision: str,
    tile_px: int | None,
    engine: str,
    guard: bool,
    facts: dict[str, str],
) -> NetworkUpscaler:
    from sr.inference.network import NetworkUpscaler

    chosen = choose_device(device)
    network, scale = loaded.network, int(loaded.network.scale)  # type: ignore[arg-type]
    if precision == "auto":
        is_fit = getattr(network, "is_good_in_bfloat16", True)
        precision = "bfloat16" if is_fit and has_fast_bfloat16(chosen) else "float32"
    is_guarded = guard and scale > 1  # what restores is meant to change what it is given
    return NetworkUpscaler(
        name,
        network,
        device=chosen,
        precision=precision,
        tile_px=tile_px,
        engine=engine,
        guard_px=(CLEAN_PX if loaded.is_clean else NOISY_PX) if is_guarded else None,
        mend_share=FOREIGN_SHARE if loaded.is_foreign else 1.0,
        facts=facts,
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
        name: of a model, or of one between two: `sr.models.between.mixture_name`.
        scale: of an interpolation; None is the model's own.
        device: "auto", "cpu", "cuda", ...
        precision: "float32", "bfloat16", or "auto": bfloat16 where the machine is quick at it.
        tile_px: side of a tile's core in low-resolution pixels; None is the default.
        engine: "torch", "openvino", or "auto": the faster one here.
        guard: put bicubic where a network does not give back what it was given.

    Raises:
        UnknownModelError, WeightsError, ConfigError.
    """
    if name in FRAME_MODELS:
        raise ConfigError(
            f"{name}: takes frames of one channel, not photographs; python -m sr upscale FILE.tif "
            "enlarges those, and python -m sr microscope evaluate measures on them"
        )
    scale = chosen_scale(name, scale)
    _check(precision, tile_px, engine)
    model = model_info(name)
    build = _build if model.between is None else _build_mixture
    stamp = weights_stamp(name)
    return build(model.name, scale, device, precision, tile_px, engine, guard, stamp)


def upscaler_from_file(
    path: str | Path,
    *,
    device: str = "auto",
    precision: str = "auto",
    tile_px: int | None = None,
    engine: str = "auto",
    guard: bool = True,
) -> NetworkUpscaler:
    """The upscaler of a weights file of `sr train`, or of somebody else's; its PNGs name the file.

    Args:
        path: of a kind in `sr.models.files.community.SUFFIXES`.

    The other arguments are those of `get_upscaler`.

    Raises:
        WeightsError: unreadable, or not a network that enlarges.
        ConfigError: as `get_upscaler`.
    """
    from sr.models.files.opening import is_ours
    from sr.models.files.weights_file import read_header
    from sr.models.loading import load_file

    path = Path(path)
    name = str(read_header(path)["name"]) if is_ours(path) else name_of(path)
    _check(precision, tile_px, engine)
    facts = {"Nitidez-Weights": f"{path.name} sha256 {file_sha256(path)}"}
    if name in MODELS:
        facts |= _departures(MODELS[name])
    return _network(name, load_file(path), device, precision, tile_px, engine, guard, facts)


def _departures(model: Model) -> dict[str, str]:
    return {"Nitidez-Departures": model.departures} if model.departures else {}


def _check(precision: str, tile_px: int | None, engine: str) -> None:
    if precision not in ("auto", "float32", "bfloat16"):
        raise ConfigError(f"precision {precision!r}: needed auto, float32 or bfloat16")
    if tile_px is not None and tile_px < 1:
        raise ConfigError(f"tile of {tile_px} px: needed 1 or more")
    check_engine(engine)

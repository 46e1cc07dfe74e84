"""What can enlarge an image: the networks, and the registry of models people choose from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sr.base.errors import UnknownModelError, WeightsError
from sr.base.files import file_sha256

WEIGHTS_DIR = Path(__file__).resolve().parents[2] / "weights"
NO_BATCH_NORM = (
    "no batch norm; bilinear image skip from input to output; images in [0, 1] on both sides"
)


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """A model a person can choose, with what is known of it."""

    name: str
    scale: int
    description: str
    paper: str
    departures: str = ""
    weights: str | None = None
    parameters: int = 0
    data: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)


MODELS: dict[str, ModelInfo] = {
    info.name: info
    for info in (
        ModelInfo(
            name="nearest", scale=4, description="every pixel repeated 4x4, no filter", paper=""
        ),
        ModelInfo(
            name="bicubic",
            scale=4,
            description="bicubic interpolation as in MATLAB's imresize",
            paper="Keys 1981, a = -0.5",
        ),
        ModelInfo(
            name="srresnet_x4",
            scale=4,
            description="SRResNet, trained for the smallest pixel error",
            paper="Ledig et al. 2017, arXiv:1609.04802v5",
            departures=f"{NO_BATCH_NORM}; L1 loss, later PSNR of luma",
            weights="srresnet_x4.safetensors",
        ),
        ModelInfo(
            name="srgan_x4",
            scale=4,
            description="SRGAN, trained to look like a photograph",
            paper="Ledig et al. 2017, arXiv:1609.04802v5",
            departures=f"{NO_BATCH_NORM}; content loss LPIPS on VGG16 with L1; its opponent in "
            "training sees through VGG16",
            weights="srgan_x4.safetensors",
        ),
    )
}


def model_info(name: str) -> ModelInfo:
    """The registry entry of a name.

    Raises:
        UnknownModelError: no such model; the text lists the known ones.
    """
    try:
        return MODELS[name]
    except KeyError:
        known = ", ".join(sorted(MODELS))
        raise UnknownModelError(f"no model {name!r}; known: {known}") from None


@lru_cache(maxsize=1)
def read_manifest() -> dict[str, Any]:
    """weights/manifest.json: for each model file its sha256, parameters, data and metrics.

    Raises:
        WeightsError: missing or not JSON.
    """
    path = WEIGHTS_DIR / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["models"]
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{path}: not a readable manifest ({error})") from error
    return manifest


def weights_stamp(name: str) -> tuple[str, int, int] | None:
    """What changes when a model's weights file does: place, time, size; None without a file."""
    info = model_info(name)
    if info.weights is None:
        return None
    path = WEIGHTS_DIR / info.weights
    try:
        stat = path.stat()
    except OSError:
        return None
    return str(path), stat.st_mtime_ns, stat.st_size


def verified_weights(name: str) -> Path:
    """The weights file of a model, checked against the manifest's sha256.

    Raises:
        UnknownModelError: no such model.
        WeightsError: it has no weights, the file is missing, or its content is another.
    """

    info = model_info(name)
    if info.weights is None:
        raise WeightsError(f"{name}: has no weights; it is not a network")
    path = WEIGHTS_DIR / info.weights
    try:
        digest = file_sha256(path)
    except OSError:
        raise WeightsError(f"{path}: no such weights file; see weights/README.md") from None
    wanted = read_manifest().get(name, {}).get("sha256")
    if digest != wanted:
        raise WeightsError(
            f"{path}: sha256 {digest[:12]}... is not {str(wanted)[:12]}... of manifest.json; "
            "get the file again, see weights/README.md"
        )
    return path


def list_models() -> list[ModelInfo]:
    """Every model in the order of the registry, trained ones with the manifest's facts."""
    from dataclasses import replace

    models = []
    for info in MODELS.values():
        if info.weights is not None:
            entry = read_manifest().get(info.name, {})
            info = replace(
                info,
                parameters=entry.get("parameters", 0),
                data=entry.get("data", ""),
                metrics=entry.get("metrics", {}),
            )
        models.append(info)
    return models

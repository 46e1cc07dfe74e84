"""The models people choose from: networks with weights, interpolations, and mixtures of two.

To add one, train it and write an entry in `sr.models.entries`; `python -m sr release` puts its
weights and what is known of them into `weights/`. The network itself is an entry of
`sr.networks.registry`.
A mixture is there by its name alone, `srresnet_x4~srgan_x4@0.3` (`sr.models.between`), and a file
of somebody else's by lying in a folder (`sr.models.files.community`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sr.base.errors import ConfigError, UnknownModelError, WeightsError, WidthError
from sr.base.files import file_sha256
from sr.models.between import BETWEEN, mixture
from sr.models.entries.model import Model
from sr.models.entries.shipped import FRAME_MODELS, MODELS
from sr.models.files.community import community, name_of

WEIGHTS_DIR = Path(__file__).resolve().parents[2] / "weights"


def model_info(name: str) -> Model:
    """The registry entry of a name.

    Raises:
        UnknownModelError: no such model; the text lists the known ones.
        ConfigError: a mixture that cannot be.
    """
    for models in (MODELS, FRAME_MODELS):
        if name in models:
            return models[name]
    if BETWEEN in name:
        return mixture(name, model_info)
    found = community()
    if name in found.models:
        return found.models[name]
    for file, reason in found.refused.items():
        if name == name_of(Path(file)):
            raise WeightsError(f"{file}: {reason}")
    known = ", ".join(sorted([*MODELS, *found.models]))
    raise UnknownModelError(f"no model {name!r}; known: {known}")


def known_models() -> dict[str, Model]:
    """Every model that is there now by its name: those that ship, then those of files."""
    return MODELS | dict(community().models)


def chosen_scale(name: str, scale: int | None = None) -> int:
    """The factor a model enlarges by: the one that is asked for, or its own where none is.

    Raises:
        UnknownModelError: no such model.
        ConfigError: it does not enlarge by that factor; says which models do.
    """
    model = model_info(name)
    if scale is None or scale == model.scale:
        return model.scale
    if scale not in model.scales:
        others = ", ".join(other.name for other in models_of_scale(scale)) or "none"
        known = " or ".join(map(str, model.scales))
        raise ConfigError(f"{name} enlarges {known} times, not {scale}; models that do: {others}")
    return scale


def scale_for_width(scales: Iterable[int], width: int, wanted: int) -> int:
    """The smallest of some factors that makes a photo at least as wide as is wanted.

    Args:
        scales: factors, of a model or of all there are.
        width: of the photo in pixels.
        wanted: width of the result in pixels, to which a larger one is reduced.

    Raises:
        WidthError: the photo is as wide already, or no factor is large enough.
    """
    most = max(scales := sorted(scales)) * width
    if not width < wanted <= most:
        raise WidthError(
            f"a width of {wanted} pixels: the photo has {width}; needed {width + 1} to {most}, as "
            f"the largest factor is {scales[-1]}",
            least=width + 1,
            most=most,
        )
    return next(scale for scale in scales if scale * width >= wanted)


def nearest_larger(name: str, factor: float) -> str:
    """Of a model that is there in several scales (NAME_x2, NAME_x4) the one of the smallest that is
    at least `factor`; the model itself where none is.
    """
    stem = name.removesuffix(f"_x{model_info(name).scale}")
    family = [model for model in MODELS.values() if model.name == f"{stem}_x{model.scale}"]
    found = sorted((model.scale, model.name) for model in family if model.scale >= factor)
    return found[0][1] if found else name


def models_of_scale(scale: int) -> list[Model]:
    """The models that enlarge by a factor, in the order of the registry."""
    return [model for model in known_models().values() if scale in model.scales]


def network_scales() -> list[int]:
    """The factors that networks enlarge by, those of the first one first."""
    models = known_models().values()
    return list(dict.fromkeys(m.scale for m in models if m.network and m.scale > 1))


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


def weights_path(model: Model) -> Path:
    """Where a model's weights file is.

    Raises:
        WeightsError: it has none.
    """
    if model.weights is None:
        raise WeightsError(f"{model.name}: has no weights of its own")
    return WEIGHTS_DIR / model.weights


def verified_weights(name: str) -> Path:
    """The weights file of a model, checked against the manifest's sha256.

    Raises:
        UnknownModelError: no such model.
        WeightsError: it has no weights, the file is missing, or its content is another.
    """
    info = model_info(name)
    path = weights_path(info)
    try:
        digest = file_sha256(path)
    except OSError:
        raise WeightsError(f"{path}: no such weights file; see weights/README.md") from None
    wanted = info.sha256 or read_manifest().get(name, {}).get("sha256")
    if digest != wanted:
        raise WeightsError(
            f"{path}: sha256 {digest[:12]}... is not {str(wanted)[:12]}... of manifest.json; "
            "get the file again, see weights/README.md"
        )
    return path


def list_models() -> list[Model]:
    """Every model in the order of the registry, trained ones with the manifest's facts."""
    manifest = read_manifest()
    facts = ("sha256", "parameters", "data", "metrics")
    return [
        replace(
            model,
            **{
                fact: getattr(model, fact) or manifest[model.name].get(fact, getattr(model, fact))
                for fact in facts
            },
        )
        if model.network and model.name in manifest
        else model
        for model in known_models().values()
    ]

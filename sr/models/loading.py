"""From a model's name, or a file, to its network: one door for all that people can choose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from sr.base.errors import WeightsError
from sr.models.community import facts_of, models_folder, remember
from sr.models.foreign import ForeignNetwork, load_foreign
from sr.models.mix import mixed
from sr.models.registry import BICUBIC, PHOTO, model_info, verified_weights
from sr.models.weights_file import NotOursError, load_model, read_header
from sr.networks.reach import Reach
from sr.networks.registry import NETWORKS, described

CLEAN = "bicubic"


@dataclass(frozen=True)
class Loaded:
    """A network with its weights.

    Attributes:
        network: in evaluation mode, on the CPU; the caller's own.
        is_clean: whether it learned from clean reductions, so that an enlargement of its must
            give back what went in; else it takes noise away.
        is_foreign: whether it is of somebody else's file.
    """

    network: nn.Module
    is_clean: bool
    is_foreign: bool = False


def load_named(name: str) -> Loaded:
    """The network of a model, fresh.

    Raises:
        UnknownModelError: no such model.
        WeightsError: it is no network, or its weights are not what they should be.
    """
    model = model_info(name)
    if model.between is None:
        return load_file(verified_weights(name))
    first, second = (load_named(one) for one in model.between)
    network = mixed(first.network, second.network, share=model.share, names=model.between)
    is_clean = first.is_clean and second.is_clean
    return Loaded(network, is_clean, first.is_foreign or second.is_foreign)


def load_file(path: Path) -> Loaded:
    """The network of a weights file, ours or somebody else's.

    Raises:
        WeightsError: unreadable, or not a network that enlarges.
    """
    if not is_ours(path):
        return Loaded(_foreign(path), is_clean=False, is_foreign=True)
    network = load_model(path)
    if described(network)[0] not in NETWORKS:
        raise WeightsError(f"{path.name}: a discriminator; needed a network that enlarges")
    learned_from = read_header(path)["about"].get("training", {}).get("degradation", CLEAN)
    return Loaded(network, learned_from == CLEAN)


def is_ours(path: Path) -> bool:
    """Whether a file says of itself what it is, as `sr train` writes them; else it is foreign.

    Raises:
        WeightsError: no such file, or damaged.
    """
    if path.suffix.lower() != ".safetensors":
        if not path.is_file():
            raise WeightsError(f"{path}: no such weights file; train it with python -m sr train")
        return False
    try:
        read_header(path)
    except NotOursError:
        return False
    return True


def describe_file(path: Path) -> dict[str, Any]:
    """What a list says of a file: architecture, scale, parameters, data.

    Raises:
        WeightsError: as `load_file`.
    """
    facts: dict[str, Any] = {}
    if is_ours(path):
        header = read_header(path)
        loaded = load_file(path)
        facts = {"architecture": header["architecture"], "data": header["about"].get("data", "")}
        facts["degradation"] = BICUBIC if loaded.is_clean else PHOTO
        network = loaded.network
    else:
        network = load_foreign(path)
        facts = {"architecture": network.architecture}
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return facts | {"scale": int(network.scale), "parameters": parameters}  # type: ignore[arg-type]


def _foreign(path: Path) -> ForeignNetwork:
    """With its reach, which is kept of files in the folder of models."""
    network = load_foreign(path)
    is_kept = path.parent.resolve() == models_folder().resolve()
    facts = facts_of(path) if is_kept else {}
    if "reach" in facts:
        network.reach = Reach(*facts["reach"])
        return network
    reach = network.measure_reach()
    if is_kept:
        remember(path, reach=[reach.radius_px, reach.bytes_per_pixel])
    return network

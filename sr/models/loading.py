"""From a model's name, or a file, to its network: one door for all that people can choose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from sr.base.errors import WeightsError
from sr.models.mix import mixed
from sr.models.registry import model_info, verified_weights
from sr.models.weights_file import load_model, read_header
from sr.networks.registry import NETWORKS, described

CLEAN = "bicubic"


@dataclass(frozen=True)
class Loaded:
    """A network with its weights.

    Attributes:
        network: in evaluation mode, on the CPU; the caller's own.
        is_clean: whether it learned from clean reductions, so that an enlargement of its must
            give back what went in; else it takes noise away.
    """

    network: nn.Module
    is_clean: bool


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
    return Loaded(network, first.is_clean and second.is_clean)


def load_file(path: Path) -> Loaded:
    """The network of a weights file.

    Raises:
        WeightsError: unreadable, or not a network that enlarges.
    """
    network = load_model(path)
    if described(network)[0] not in NETWORKS:
        raise WeightsError(f"{path.name}: a discriminator; needed a network that enlarges")
    learned_from = read_header(path)["about"].get("training", {}).get("degradation", CLEAN)
    return Loaded(network, learned_from == CLEAN)

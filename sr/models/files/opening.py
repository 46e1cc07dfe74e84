"""What a weights file holds: a network of ours, which says so, or one of somebody else's.

torch is imported when a file is opened.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sr.base.errors import WeightsError
from sr.models.entries.model import BICUBIC, PHOTO

if TYPE_CHECKING:
    from torch import nn

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


def open_file(path: Path) -> Loaded:
    """The network of a weights file, ours or somebody else's.

    Raises:
        WeightsError: unreadable, or not a network that enlarges.
    """
    from sr.models.files.foreign import load_foreign
    from sr.models.files.weights_file import load_model, read_header
    from sr.networks.registry import NETWORKS, described

    if not is_ours(path):
        return Loaded(load_foreign(path), is_clean=False, is_foreign=True)
    network = load_model(path)
    if described(network)[0] not in NETWORKS:
        raise WeightsError(f"{path.name}: a discriminator; needed a network that enlarges")
    learned_from = read_header(path)["about"].get("training", {}).get("degradation", CLEAN)
    return Loaded(network, learned_from == CLEAN)


def open_trainable(path: Path) -> nn.Module:
    """The registered network of a weights file that training can go on from: one of ours, or an
    ESRGAN or Real-ESRGAN as published.

    Raises:
        WeightsError: unreadable, or a network that is not registered.
    """
    from sr.models.files.foreign import load_rrdb
    from sr.models.files.weights_file import load_model

    return load_model(path) if is_ours(path) else load_rrdb(path)


def is_ours(path: Path) -> bool:
    """Whether a file says of itself what it is, as `sr train` writes them; else it is foreign.

    Raises:
        WeightsError: no such file, or damaged.
    """
    from sr.models.files.weights_file import NotOursError, read_header

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
    """What a list says of a file: architecture, scale, parameters, and of ours its data.

    Raises:
        WeightsError: as `open_file`.
    """
    from sr.models.files.weights_file import read_header
    from sr.networks.registry import described

    loaded = open_file(path)
    network: Any = loaded.network
    facts: dict[str, Any] = {
        "scale": int(network.scale),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }
    if loaded.is_foreign:
        facts["architecture"] = network.architecture
        with suppress(WeightsError):
            facts["trains_as"] = described(open_trainable(path))[0]
        return facts
    header = read_header(path)
    return facts | {
        "architecture": header["architecture"],
        "data": header["about"].get("data", ""),
        "degradation": BICUBIC if loaded.is_clean else PHOTO,
    }

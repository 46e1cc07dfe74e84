"""From a model's name, or a file, to its network and to the digest of its weights.

torch is imported when a network is wanted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sr.base.errors import WeightsError
from sr.base.files import file_sha256
from sr.models.community import facts_of, models_folder, remember
from sr.models.registry import BICUBIC, PHOTO, Model, model_info, verified_weights, weights_path

if TYPE_CHECKING:
    from torch import nn

    from sr.models.foreign import ForeignNetwork

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
    from sr.models.mix import mixed

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
    from sr.models.weights_file import load_model, read_header
    from sr.networks.registry import NETWORKS, described

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
    from sr.models.weights_file import NotOursError, read_header

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
    from sr.models.foreign import load_foreign
    from sr.models.weights_file import read_header

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
    from sr.models.foreign import load_foreign
    from sr.networks.reach import Reach

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


def weights_sha256(name: str) -> str:
    """The digest of what a model's results depend on: its weights, or both and the share.

    Raises:
        UnknownModelError: no such model.
        WeightsError: it is no network, or the file is not there.
    """
    model = model_info(name)
    if model.between is None:
        return _current_sha256(model)
    parts = [*(weights_sha256(one) for one in model.between), f"{model.share:g}"]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def weights_stamp(name: str) -> tuple[tuple[str, int, int], ...]:
    """What changes when a model's weights do: place, time, size of each file; none are left out."""
    model = model_info(name)
    files = [model] if model.between is None else [model_info(one) for one in model.between]
    return tuple(found for file in files if (found := _stamp(file)) is not None)


def _stamp(model: Model) -> tuple[str, int, int] | None:
    if model.weights is None:
        return None
    path = weights_path(model)
    try:
        stat = path.stat()
    except OSError:
        return None
    return str(path), stat.st_mtime_ns, stat.st_size


def _current_sha256(model: Model) -> str:
    stamp = _stamp(model)
    if stamp is None:
        verified_weights(model.name)  # says what is wrong
        raise WeightsError(f"{model.name}: its weights are not there")
    return _sha256_of(*stamp)


@lru_cache(maxsize=64)
def _sha256_of(path: str, _mtime_ns: int, _size: int) -> str:
    return file_sha256(Path(path))

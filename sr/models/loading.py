"""From a model's name, or a file, to its network and to the digest of its weights.

torch is imported when a network is wanted.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from sr.base.errors import WeightsError
from sr.base.files import file_sha256
from sr.models.entries.model import Model
from sr.models.files.community import facts_of, models_folder, remember
from sr.models.files.opening import Loaded, open_file
from sr.models.registry import model_info, verified_weights, weights_path


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
    """The network of a weights file, ours or somebody else's; the reach of one of somebody else's
    is kept of files in the folder of models.

    Raises:
        WeightsError: unreadable, or not a network that enlarges.
    """
    from sr.networks.reach import Reach

    loaded = open_file(path)
    network: Any = loaded.network
    if not loaded.is_foreign:
        return loaded
    is_kept = path.parent.resolve() == models_folder().resolve()
    facts = facts_of(path) if is_kept else {}
    if "reach" in facts:
        network.reach = Reach(*facts["reach"])
        return loaded
    reach = network.measure_reach()
    if is_kept:
        remember(path, reach=[reach.radius_px, reach.bytes_per_pixel])
    return loaded


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

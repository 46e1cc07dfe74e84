"""What the results of a model depend on: the digest of its weights, and when they change."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from sr.base.errors import WeightsError
from sr.base.files import file_sha256
from sr.models.registry import Model, model_info, verified_weights, weights_path


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

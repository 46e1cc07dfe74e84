"""Weights that describe themselves: safetensors with the architecture and its history inside."""

from __future__ import annotations

import glob
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as encode_tensors

from sr.base.errors import WeightsError

FORMAT = "nitidez-1"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    with atomic_file(path) as file:
        file.write(data)


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which takes the place of `path` when all of it is on the disk.

    A process killed meanwhile leaves the old content, and a hidden file that
    `remove_leftovers` clears away.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def remove_leftovers(path: Path) -> None:
    """Delete what killed processes left of `path`; no other process may be writing it."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        left.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """The new name too is on the disk; not every system can do that for a folder."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def save_model(path: Path, model: torch.nn.Module, *, name: str, about: Mapping[str, Any]) -> None:
    """Save a registered network as float32 safetensors.

    Args:
        path: file to write; replaced atomically.
        model: an instance of an architecture that `sr.models.registry.build_architecture` knows.
        name: the model's name, such as "srresnet_x4".
        about: what a reader should know (step, data, seed, metrics, ...); must fit JSON.
    """
    from sr.models.registry import architecture_of

    header = {
        "format": FORMAT,
        "name": name,
        "architecture": architecture_of(model),
        "config": model.config,
        "about": dict(about),
    }
    tensors = {
        key: value.detach().to("cpu", torch.float32).contiguous()
        for key, value in model.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    write_atomically(
        path, encode_tensors(tensors, metadata={"nitidez": json.dumps(header, sort_keys=True)})
    )


def read_header(path: Path) -> dict[str, Any]:
    """The description inside a weights file.

    Raises:
        WeightsError: missing, not safetensors, or not written by this project.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights file; train it with python -m sr train")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a readable safetensors file ({error})") from error
    try:
        header: dict[str, Any] = json.loads(metadata["nitidez"])
        known = header["format"] == FORMAT
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{path}: no description of the network inside; needed a file written by sr train"
        ) from error
    if not known:
        raise WeightsError(f"{path}: format {header['format']!r}; this version reads {FORMAT!r}")
    return header


def load_model(path: Path) -> torch.nn.Module:
    """Build the network a file describes and load its weights, in evaluation mode on the CPU.

    Raises:
        WeightsError: unreadable file, unknown architecture, or tensors that do not fit.
    """
    from safetensors.torch import load_file

    from sr.models.registry import build_architecture

    header = read_header(path)
    model = build_architecture(header["architecture"], header["config"])
    try:
        missing, unexpected = model.load_state_dict(load_file(path), strict=False)
    except (RuntimeError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: tensors do not fit {header['architecture']}: {error}"
        ) from None
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise WeightsError(f"{path}: missing tensors {missing}, unexpected tensors {unexpected}")
    return model.eval()

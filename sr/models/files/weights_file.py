"""Weights that describe themselves: safetensors with the network and its history inside.

The network is written as `architecture`, its name in `sr.networks.registry`, and `config`, its
arguments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as encode_tensors

from sr.base.errors import WeightsError
from sr.base.files import write_atomically
from sr.networks.registry import build, described

FORMAT = "nitidez-1"


class NotOursError(WeightsError):
    """Safetensors without the description that this project writes into them."""


def save_model(path: Path, model: torch.nn.Module, *, name: str, about: Mapping[str, Any]) -> None:
    """Save a registered network as float32 safetensors.

    Args:
        path: file to write; replaced atomically.
        model: a network that `sr.networks.registry` knows.
        name: the model's name, such as "srresnet_x4"; it need not be registered.
        about: what a reader should know (step, data, seed, metrics, ...); must fit JSON.

    Raises:
        WeightsError: a network that is not registered.
    """
    architecture, config = described(model)
    header = {
        "format": FORMAT,
        "name": name,
        "architecture": architecture,
        "config": config,
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
        NotOursError: safetensors, but not written by this project.
        WeightsError: missing, or not safetensors.
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
        raise NotOursError(
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

    header = read_header(path)
    model = build(header["architecture"], header["config"])
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

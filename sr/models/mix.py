"""Network interpolation: a network between two, weight by weight (Wang et al. 2018, ESRGAN)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from sr.base.errors import ConfigError, OutputError, WeightsError
from sr.base.files import file_sha256
from sr.models.files.weights_file import load_model, read_header, save_model


def mix(first: Path, second: Path, output: Path, *, share: float, overwrite: bool = False) -> None:
    """Write the network that lies a part of the way from one to another.

    Networks can be mixed when one was trained on from the other; others have little in common.

    Args:
        first: weights file; what `share` 0 gives.
        second: weights file of the same network; what `share` 1 gives. The result bears its name.
        output: weights file to write; it says what it is a mixture of.
        share: of the way; a little outside of 0 to 1 it goes on beyond one of them.
        overwrite: whether a file that is there may be replaced.

    Raises:
        ConfigError: a share far from 0 to 1.
        OutputError: the file is there, or its name ends in something else than .safetensors.
        WeightsError: a file that cannot be read, or networks of different shapes.
    """
    if not -1 <= share <= 2:
        raise ConfigError(f"--share {share}: needed 0 to 1, or a little beyond")
    if output.suffix.lower() != ".safetensors":
        raise OutputError(
            f"{output}: a mixture is written as .safetensors; name it {output.stem}.safetensors"
        )
    if output.exists() and not overwrite:
        raise OutputError(f"{output}: is there already; give --force to replace it")
    networks = [load_model(path) for path in (first, second)]
    headers = [read_header(path) for path in (first, second)]
    network = mixed(networks[0], networks[1], share=share, names=(str(first), str(second)))
    about = headers[1]["about"] | {
        "mixed": {"share": share, "first": _described(first, headers[0])}
    }
    save_model(output, network, name=headers[1]["name"], about=about)


def mixed(
    first: nn.Module, second: nn.Module, *, share: float, names: tuple[str, str]
) -> nn.Module:
    """The second network, its weights moved to where they lie `share` of the way from the first.

    Args:
        names: what a refusal calls the two.

    Raises:
        WeightsError: networks of different shapes.
    """
    before, target = first.state_dict(), second.state_dict()
    shapes = [
        {key: tuple(value.shape) for key, value in state.items()} for state in (before, target)
    ]
    configs = [getattr(network, "config", None) for network in (first, second)]
    if type(first) is not type(second) or shapes[0] != shapes[1] or configs[0] != configs[1]:
        described = [
            f"{type(n).__name__} {c}" for n, c in zip((first, second), configs, strict=True)
        ]
        raise WeightsError(
            f"{names[0]} is {described[0]} and {names[1]} is {described[1]}: only equal networks "
            "can be mixed"
        )
    with torch.no_grad():
        for key, value in before.items():
            if value.is_floating_point():
                target[key].copy_(value.double().lerp(target[key].double(), share))
    return second


def _described(path: Path, header: dict[str, Any]) -> dict[str, Any]:
    """Which network it was, and how it was made."""
    about = header["about"]
    keys = ("iterations", "seed", "data", "training", "mixed")
    return {"sha256": file_sha256(path)} | {key: about[key] for key in keys if key in about}

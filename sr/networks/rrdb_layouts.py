"""RRDBNet's tensors as other programs name them: three layouts of one network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from sr.base.errors import WeightsError

WRAPPERS = ("params_ema", "params", "state_dict")  # around the tensors in .pth files, best first

# ESRGAN's first files count the layers; {} is the number of blocks.
COUNTED = {
    "model.0": "conv_first",
    "model.1.sub.{}": "conv_body",
    "model.3": "conv_up1",
    "model.6": "conv_up2",
    "model.8": "conv_hr",
    "model.10": "conv_last",
}
# Those of ESRGAN's second version have names, others than today's.
NAMED = {
    "trunk_conv": "conv_body",
    "upconv1": "conv_up1",
    "upconv2": "conv_up2",
    "HRconv": "conv_hr",
}
BLOCK = re.compile(r"(?:model\.1\.sub|RRDB_trunk)\.(\d+)\.RDB(\d)\.conv(\d)(?:\.0)?$")


def unwrapped(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tensors of a file, which may lie under a name: the averaged ones where there are two."""
    for name in WRAPPERS:
        if isinstance(content.get(name), Mapping):
            inner: Mapping[str, Any] = content[name]
            return inner
    return content


def from_official(content: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, Tensor]]:
    """Arguments and tensors of `RRDBNet` from what a published file holds.

    Args:
        content: of any of the three layouts, wrapped or not.

    Returns:
        `config` and `state_dict` of the network.

    Raises:
        WeightsError: not an RRDBNet of scale 1, 2 or 4 for RGB.
    """
    tensors = {key: value for key, value in unwrapped(content).items() if isinstance(value, Tensor)}
    blocks = {int(m[1]) for m in map(BLOCK.match, _layers(tensors)) if m}
    counted = {key.format(len(blocks)): name for key, name in COUNTED.items()}
    named: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        layer, _, kind = key.rpartition(".")
        if match := BLOCK.match(layer):
            layer = f"body.{match[1]}.rdb{match[2]}.conv{match[3]}"
        named[f"{(counted | NAMED).get(layer, layer)}.{kind}"] = tensor
    return _config(named), named


def _layers(tensors: Mapping[str, Tensor]) -> list[str]:
    return [key.rpartition(".")[0] for key in tensors]


def _config(tensors: Mapping[str, Tensor]) -> dict[str, int]:
    """The network's arguments, from the shapes of its tensors."""
    try:
        num_features, channels = tensors["conv_first.weight"].shape[:2]
        growth = tensors["body.0.rdb1.conv1.weight"].shape[0]
        last = tensors["conv_last.weight"].shape[0]
    except KeyError as error:
        raise WeightsError(f"not an RRDBNet (ESRGAN, Real-ESRGAN): no {error}") from None
    scale = {3: 4, 12: 2, 48: 1}.get(channels)
    if last != 3 or scale is None or "conv_up2.weight" not in tensors:
        raise WeightsError("an RRDBNet of another form; needed RGB and two enlargements by 2")
    numbers = {int(key.split(".")[1]) for key in tensors if key.startswith("body.")}
    return {
        "num_blocks": max(numbers) + 1,
        "num_features": num_features,
        "growth": growth,
        "scale": scale,
    }

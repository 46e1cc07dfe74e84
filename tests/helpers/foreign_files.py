"""Files as other people publish them: official key layouts, small networks, random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def rrdb(
    *, scale: int = 4, blocks: int = 2, features: int = 16, channels: int = 3, seed: int = 0
) -> dict[str, Tensor]:
    """An RRDB network in the first layout of ESRGAN's authors: `model.0.weight`, ..."""
    from spandrel.architectures.ESRGAN import ESRGAN

    torch.manual_seed(seed)
    network = ESRGAN(
        in_nc=channels, out_nc=channels, num_filters=features, num_blocks=blocks, scale=scale
    )
    return near_the_picture(network)


def near_the_picture(network: nn.Module) -> dict[str, Tensor]:
    """Weights whose result lies in [0, 1], so that nothing is cut off."""
    state = {key: value.clone() for key, value in network.state_dict().items()}
    last = list(state)[-2:]
    state[last[0]] *= 0.3
    state[last[1]] += 0.5
    return state


def real_esrgan(state: dict[str, Tensor]) -> dict[str, Any]:
    """The same in Real-ESRGAN's layout: `params_ema`, `body.0.rdb1.conv1.weight`, ..."""
    return {
        "params_ema": renamed(state, "body.{}.rdb{}.conv{}", "conv_body", "conv_up{}", "conv_hr")
    }


def esrgan(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same in ESRGAN's second layout: `RRDB_trunk.0.RDB1.conv1.weight`, ..."""
    return renamed(state, "RRDB_trunk.{}.RDB{}.conv{}", "trunk_conv", "upconv{}", "HRconv")


def renamed(state: dict[str, Tensor], block: str, body: str, up: str, hr: str) -> dict[str, Tensor]:
    last = max(int(key.split(".")[1]) for key in state)
    names = {0: "conv_first", last: "conv_last", last - 2: hr}
    result: dict[str, Tensor] = {}
    for key, value in state.items():
        words = key.split(".")
        if words[2] == "sub" and len(words) == 8:
            name = block.format(words[3], words[4][3:], words[5][4:])
        elif words[2] == "sub":
            name = body
        else:
            number = int(words[1])
            name = names.get(number) or up.format(number // 3)
        result[f"{name}.{words[-1]}"] = value
    return result


def compact(*, scale: int = 4, convs: int = 4, channels: int = 3) -> dict[str, Any]:
    """realesr-general's network, as small: `params`, `body.0.weight`, ..."""
    from spandrel.architectures.Compact import Compact

    torch.manual_seed(0)
    network = Compact(
        num_in_ch=channels,
        num_out_ch=channels,
        num_feat=12,
        num_conv=convs,
        upscale=scale,
        act_type="prelu",
    )
    return {"params": network.state_dict()}


def save(path: Path, state: dict[str, Any]) -> Path:
    """Write a file of the kind its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file({key: value.contiguous() for key, value in state.items()}, path)
    else:
        torch.save(state, path)
    return path

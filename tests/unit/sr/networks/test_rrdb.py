"""RRDBNet: published sizes, scales 4, 2 and 1, the layouts of published files, and tiles."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from sr.base.errors import ConfigError, ShapeError, WeightsError
from sr.images.photo import Photo
from sr.inference.network import NetworkUpscaler
from sr.networks.discriminators import ESRGANDiscriminator
from sr.networks.rrdb import RRDBNet, receptive_radius_px
from sr.networks.rrdb_layouts import from_official

SMALL = {"num_blocks": 2, "num_features": 8, "growth": 4}


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_networks_have_as_many_parameters_as_published() -> None:
    with torch.device("meta"):
        assert parameters(RRDBNet(num_blocks=6)) == 4_467_779
        assert parameters(RRDBNet()) == 16_697_987
        assert parameters(ESRGANDiscriminator()) == 14_499_401


@pytest.mark.parametrize("scale", [4, 2, 1])
@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_sides_of_any_length_are_enlarged_and_tiles_cannot_be_seen(scale: int, engine: str) -> None:
    torch.manual_seed(0)
    network = RRDBNet(scale=scale, **SMALL)
    photo = Photo(np.random.default_rng(2).integers(0, 256, (41, 53, 3), np.uint8))
    whole, tiled = (
        NetworkUpscaler(
            "rrdb", network, device=torch.device("cpu"), precision="float32", tile_px=size,
            engine=engine, guard_px=None,
        ).upscale(photo).rgb.astype(int)
        for size in (64, 17)
    )  # fmt: skip
    assert whole.shape == (41 * scale, 53 * scale, 3)
    assert whole.std() > 5  # a picture
    assert abs(whole - tiled).max() <= 1


def test_a_tile_sees_all_that_changes_a_pixel() -> None:
    torch.manual_seed(1)
    network = RRDBNet(num_blocks=6, num_features=16, growth=8).eval()
    radius = receptive_radius_px(network.config)
    rows = 2 * radius + 24
    lr = torch.rand(1, 3, rows, 8)
    other = lr.clone()
    other[:, :, :8] = 1 - other[:, :, :8]
    with torch.no_grad():
        change = (network(other) - network(lr)).abs().amax(dim=(0, 1, 3))
    assert change[:32].max() > 1 / 255
    assert change[4 * (8 + radius) :].max() < 0.5 / 255
    assert [receptive_radius_px(network.config | {"scale": s}) % 4 for s in (1, 2, 4)] == [0, 0, 0]


def counted(name: str, blocks: int) -> str:
    """A tensor's name in ESRGAN's first files."""
    parts = name.split(".")
    if parts[0] == "body":
        block = f"model.1.sub.{parts[1]}.{parts[2].upper()}.{parts[3]}.0"
        return f"{block}.{parts[4]}"
    number = {
        "conv_first": "0", "conv_body": f"1.sub.{blocks}", "conv_up1": "3", "conv_up2": "6",
        "conv_hr": "8", "conv_last": "10",
    }[parts[0]]  # fmt: skip
    return f"model.{number}.{parts[1]}"


def named(name: str) -> str:
    """A tensor's name in ESRGAN's second files."""
    parts = name.split(".")
    if parts[0] == "body":
        return f"RRDB_trunk.{parts[1]}.{parts[2].upper()}.{parts[3]}.{parts[4]}"
    other = {"conv_body": "trunk_conv", "conv_up1": "upconv1", "conv_up2": "upconv2",
             "conv_hr": "HRconv"}  # fmt: skip
    return f"{other.get(parts[0], parts[0])}.{parts[1]}"


@pytest.mark.parametrize("layout", ["counted", "named", "today", "wrapped"])
def test_published_files_of_every_layout_are_read(layout: str) -> None:
    torch.manual_seed(2)
    scale = 2 if layout == "wrapped" else 4
    network = RRDBNet(scale=scale, **SMALL)
    state: dict[str, Tensor] = network.state_dict()
    content = {
        "counted": lambda: {counted(key, 2): value for key, value in state.items()},
        "named": lambda: {named(key): value for key, value in state.items()},
        "today": lambda: state,
        "wrapped": lambda: {"params": {}, "params_ema": state},
    }[layout]()
    config, tensors = from_official(content)
    assert config == {**SMALL, "scale": scale}
    again = RRDBNet(**config)
    again.load_state_dict(tensors)
    lr = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        assert torch.equal(again(lr), network(lr))


def test_what_it_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="scale 3; needed 1, 2 or 4"):
        RRDBNet(scale=3)
    with pytest.raises(ShapeError, match="input 7x8; at scale 2 sides are multiples of 2"):
        RRDBNet(scale=2, **SMALL)(torch.rand(1, 3, 8, 7))
    with pytest.raises(WeightsError, match="not an RRDBNet"):
        from_official({"weight": torch.zeros(3)})
    state = RRDBNet(**SMALL).state_dict()
    with pytest.raises(WeightsError, match="another form"):
        from_official({k: v for k, v in state.items() if "up2" not in k})

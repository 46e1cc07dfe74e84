"""SRCNN: the paper's sizes, bicubic underneath, luma alone, and tiles that cannot be seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sr.base.errors import ConfigError, ShapeError
from sr.images.color import luma_y
from sr.images.photo import Photo
from sr.images.resize import bicubic_values
from sr.inference.network import NetworkUpscaler
from sr.networks.srcnn import SRCNN


@pytest.mark.parametrize(("kernel", "parameters"), [(1, 8_129), (3, 24_513), (5, 57_281)])
def test_it_has_as_many_parameters_as_published(kernel: int, parameters: int) -> None:
    assert sum(p.numel() for p in SRCNN(kernel=kernel).parameters()) == parameters


@pytest.mark.parametrize("scale", [2, 3, 4, 6, 8])
def test_what_it_adds_stands_on_matlabs_bicubic(scale: int) -> None:
    network = SRCNN(scale=scale, residual=True)
    network.reconstruction.weight.data.zero_()
    image = np.random.default_rng(1).random((9, 7, 3), np.float32)
    with torch.no_grad():
        enlarged = network(torch.from_numpy(image).permute(2, 0, 1)[None])
    assert np.allclose(enlarged[0].permute(1, 2, 0), bicubic_values(image, scale), atol=1e-5)


@pytest.mark.parametrize("residual", [False, True])
def test_only_luma_changes(residual: bool) -> None:
    network = SRCNN(residual=residual)
    lr = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        added = network(lr) - network._bicubic(lr)
        luma = luma_y(network._bicubic(lr)) / 219 - 16 / 219
        x = torch.relu(network.mapping(torch.relu(network.patches(luma))))
        expected = network.reconstruction(x) - (0 if residual else luma)
    assert torch.allclose(added, expected.expand(-1, 3, -1, -1), atol=1e-5)


def test_tiles_cannot_be_seen() -> None:
    torch.manual_seed(0)
    network = SRCNN(kernel=5, residual=True)
    network.reconstruction.weight.data.mul_(10)
    photo = Photo(np.random.default_rng(2).integers(0, 256, (40, 33, 3), np.uint8))
    whole, tiled = (
        NetworkUpscaler(
            "srcnn", network, device=torch.device("cpu"), precision="float32", tile_px=size,
            engine="torch", guard_px=None,
        ).upscale(photo).rgb.astype(int)
        for size in (64, 11)
    )  # fmt: skip
    assert abs(whole - tiled).max() <= 1  # rounding


def test_what_it_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="kernel 4; needed 1"):
        SRCNN(kernel=4)
    with pytest.raises(ConfigError, match="scale 1; needed 2"):
        SRCNN(scale=1)
    with pytest.raises(ShapeError, match=r"needed \(N, 3, H, W\)"):
        SRCNN()(torch.rand(1, 1, 8, 8))

"""The registry of networks: built by name, told by name, and what is known of each before."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from sr.base.errors import ConfigError, WeightsError
from sr.models.files.weights_file import load_model, read_header, save_model
from sr.networks.registry import (
    DISCRIMINATORS,
    NETWORKS,
    build,
    described,
    receptive_radius_px,
)

ROOT = Path(__file__).parents[4]
STATISTICS = ("niqe_pristine",)  # of a measure, no network's weights
COMMITTED = [
    path
    for path in sorted((ROOT / "weights").rglob("*.safetensors"))
    if path.stem not in STATISTICS
]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_says_what_it_was_built_of_and_keeps_its_promises(name: str) -> None:
    spec = NETWORKS[name]
    for scale in spec.scales:
        model = build(name, {"scale": scale})
        assert described(model) == (name, spec.arguments | {"scale": scale})
        assert model.scale == scale
        assert isinstance(receptive_radius_px(model), int | None)
    assert spec.paper


def test_networks_and_discriminators_are_told_apart() -> None:
    assert not set(NETWORKS) & set(DISCRIMINATORS)
    name, config = described(build("srgan_discriminator", {"hr_patch_px": 32}))
    assert (name, config["hr_patch_px"]) == ("srgan_discriminator", 32)


def test_a_wrong_scale_and_an_unregistered_class_are_refused() -> None:
    with pytest.raises(ConfigError, match="srresnet: scale 5; needed one of 2, 3, 4, 6, 8"):
        build("srresnet", {"scale": 5})
    with pytest.raises(WeightsError, match=r"Conv2d: not a registered network"):
        described(nn.Conv2d(3, 3, 3))


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_every_weights_file_of_the_repository_loads_and_is_written_back(
    path: Path, tmp_path: Path
) -> None:
    header, model = read_header(path), load_model(path)
    assert described(model) == (header["architecture"], header["config"])
    save_model(tmp_path / "copy.safetensors", model, name=header["name"], about=header["about"])
    again = load_model(tmp_path / "copy.safetensors")
    assert read_header(tmp_path / "copy.safetensors") == header
    for key, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])

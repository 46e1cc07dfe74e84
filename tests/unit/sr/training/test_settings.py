"""Settings of a recipe: the network's arguments among them, and settings of older versions."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import nn

from sr.base.errors import ConfigError, WeightsError
from sr.models.files.weights_file import save_model
from sr.networks.srcnn import SRCNN
from sr.networks.srresnet import SRResNet
from sr.objectives.optimizers import generator_optimizers, hidden_convolutions
from sr.training.initial import build_generator
from sr.training.recipes import (
    PRESETS,
    SRGAN_FAST,
    SRRESNET_FAST,
    SRRESNET_PAPER,
    SRRESNET_SMOKE,
)
from sr.training.settings import comparable, network_config, override


def test_arguments_of_the_network_are_set_by_their_name() -> None:
    for key in ("num_blocks", "network_args.num_blocks"):
        config = override(SRRESNET_FAST, [f"{key}=8"])
        assert network_config(config) == {
            "num_blocks": 8, "num_features": 64, "batch_norm": False, "image_skip": True, "scale": 4
        }  # fmt: skip
    with pytest.raises(ConfigError, match="of srresnet: num_blocks, num_features"):
        override(SRRESNET_FAST, ["network_args.depth=8"])
    with pytest.raises(ConfigError, match="srresnet takes no depth"):
        override(dataclasses.replace(SRRESNET_FAST, network_args={"depth": 8}), [])
    with pytest.raises(ConfigError, match=r"no network 'unet'; known: .*srresnet"):
        override(SRRESNET_FAST, ["network=unet"])


def test_a_run_may_have_any_name_and_scale_but_not_a_models_name_with_another_scale() -> None:
    config = override(SRRESNET_SMOKE, ["name=mine", "scale=2"])
    assert (config.name, config.scale) == ("mine", 2)
    with pytest.raises(ConfigError, match="srresnet_x4 enlarges 4 times"):
        override(SRRESNET_SMOKE, ["scale=2", "name=srresnet_x4"])
    with pytest.raises(ConfigError, match="scale=5: needed one of 2, 3, 4, 6, 8 for srresnet"):
        override(SRRESNET_SMOKE, ["scale=5"])
    with pytest.raises(ConfigError, match="hr_patch_px=33"):
        override(SRRESNET_SMOKE, ["name=mine", "scale=2", "hr_patch_px=33"])


def test_the_names_of_a_recipe_follow_its_scale() -> None:
    config = override(SRGAN_FAST, ["scale=3"])
    # No SRResNet of that scale to begin with: the recipe's own gives its trunk.
    assert (config.name, config.initial) == ("srgan_x3", "srresnet_x4")
    config = override(SRGAN_FAST, ["scale=3", "initial=mine_x4", "name=that"])
    assert (config.name, config.initial) == ("that", "mine_x4")


def test_the_last_layer_may_have_a_rate_of_its_own() -> None:
    network = SRCNN()
    (sgd,) = generator_optimizers(network, PRESETS["srcnn_paper"])
    body, last = sgd.param_groups
    assert (body["lr"], last["lr"]) == (1e-4, pytest.approx(1e-5))
    assert last["params"] == [*network.reconstruction.parameters()]
    assert len(body["params"]) == 4
    (adam,) = generator_optimizers(SRResNet(num_blocks=1), SRRESNET_PAPER)
    assert len(adam.param_groups) == 1


def test_another_scale_begins_with_the_trunk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = {"num_blocks": 1, "num_features": 4}
    x4 = SRResNet(scale=4, **arguments)
    path = tmp_path / "x4.safetensors"
    save_model(path, x4, name="x4", about={})
    config = override(
        SRRESNET_PAPER, ["scale=3", f"initial={path}", "num_blocks=1", "num_features=4"]
    )
    with caplog.at_level("INFO"):
        x3 = build_generator(config)
    assert int(x3.scale) == 3  # type: ignore[arg-type]
    for key, value in x3.state_dict().items():
        if not key.startswith("upsample.") and value.is_floating_point():
            assert torch.equal(value, x4.state_dict()[key]), key
    assert "its trunk is taken, and from scratch is upsample.0" in caplog.text
    with pytest.raises(WeightsError, match="is not the preset's"):
        build_generator(override(config, ["num_blocks=2"]))


def test_settings_of_older_versions_are_compared_in_todays_form() -> None:
    now = dataclasses.asdict(dataclasses.replace(SRRESNET_FAST, graphics_share=0.0))
    old = {k: v for k, v in now.items() if k not in ("network", "network_args", "graphics_share")}
    old |= {"num_blocks": 16, "num_features": 64, "batch_norm": False, "image_skip": True}
    assert comparable(old) == comparable(now)
    assert comparable(old | {"num_blocks": 8}) != comparable(now)
    assert comparable(old | {"data": "photos"})["data"] == "photos"
    assert comparable({}) == comparable(dataclasses.asdict(SRRESNET_PAPER))


def test_muon_takes_the_hidden_3x3_convolutions_of_any_network() -> None:
    model = SRResNet(num_blocks=2, num_features=8)
    hidden = [
        n for n, m in model.named_modules() if any(m is c for c in hidden_convolutions(model))
    ]
    assert hidden == [
        "body.0.conv1", "body.0.conv2", "body.1.conv1", "body.1.conv2", "body_conv",
        "upsample.0", "upsample.1",
    ]  # fmt: skip
    plain = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 4, 1),
                          nn.Conv2d(4, 3, 3))  # fmt: skip
    muon, adam = generator_optimizers(plain, override(SRRESNET_SMOKE, ["optimizer=muon"]))
    assert [p.shape for p in muon.param_groups[0]["params"]] == [(8, 8, 3, 3)]
    assert len(adam.param_groups[0]["params"]) == 7
    with pytest.raises(ConfigError, match="no convolution of 3x3 or more"):
        generator_optimizers(plain[:1], override(SRRESNET_SMOKE, ["optimizer=muon"]))

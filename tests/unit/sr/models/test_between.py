"""Models between two others, chosen by their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sr.base.errors import ConfigError, UnknownModelError, WeightsError
from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.writing import save_png
from sr.inference.upscaler import get_upscaler
from sr.models.between import mixture_name, mixture_steps
from sr.models.files.weights_file import load_model
from sr.models.loading import load_named, weights_sha256, weights_stamp
from sr.models.mix import mixed
from sr.models.registry import model_info, verified_weights
from sr.networks.srresnet import SRResNet

NAME = "srresnet_x4~srgan_x4@0.3"
HOW = {"device": "cpu", "precision": "float32", "engine": "torch"}


def photo() -> Photo:
    return Photo(np.random.default_rng(0).integers(60, 200, (24, 20, 3)).astype(np.uint8))


def test_a_name_says_it_all() -> None:
    model = model_info("srresnet_x4~srgan_x4@0.300")
    assert (model.name, model.origin, model.scale) == (NAME, "mixture", 4)
    assert (model.between, model.share) == (("srresnet_x4", "srgan_x4"), 0.3)
    assert model.title == "SRResNet 70 % + SRGAN 30 %"
    steps = mixture_steps("srresnet_x4", "srgan_x4")
    assert len(steps) == 11
    assert [step.rpartition("@")[2] for step in (steps[0], steps[3], steps[10])] == [
        "0",
        "0.3",
        "1",
    ]


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("srresnet_x4~srgan_x4", ConfigError, "needed FIRST~SECOND@SHARE"),
        ("srresnet_x4~srgan_x4@much", ConfigError, "needed FIRST~SECOND@SHARE"),
        ("srresnet_x4~srgan_x4@1.2", ConfigError, "needed 0 to 1"),
        ("srresnet_x4~srgan_x4@nan", ConfigError, "needed 0 to 1"),
        ("srresnet_x4~espcn@0.5", UnknownModelError, "no model 'espcn'"),
        ("bicubic~srgan_x4@0.5", ConfigError, "bicubic has no weights of its own"),
    ],
)
def test_names_that_cannot_be_are_refused(name: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        get_upscaler(name)


def test_every_weight_lies_between() -> None:
    first, second = (
        load_model(verified_weights(name)).state_dict() for name in ("srresnet_x4", "srgan_x4")
    )
    for key, value in load_named(NAME).network.state_dict().items():
        assert torch.allclose(value, first[key] + 0.3 * (second[key] - first[key]), atol=1e-6), key


def test_the_ends_are_the_models_themselves_and_a_step_is_kept() -> None:
    for share, name in ((0, "srresnet_x4"), (1, "srgan_x4")):
        end = get_upscaler(mixture_name("srresnet_x4", "srgan_x4", share), **HOW)
        assert np.array_equal(
            end.upscale(photo()).rgb, get_upscaler(name, **HOW).upscale(photo()).rgb
        )
    steps = [get_upscaler(name, **HOW) for name in mixture_steps("srresnet_x4", "srgan_x4")]
    again = [get_upscaler(name, **HOW) for name in mixture_steps("srresnet_x4", "srgan_x4")]
    assert all(a is b for a, b in zip(steps, again, strict=True))


def test_a_digest_for_every_share() -> None:
    digests = {weights_sha256(name) for name in mixture_steps("srresnet_x4", "srgan_x4")}
    assert len(digests) == 11
    assert len(weights_stamp(NAME)) == 2
    assert weights_stamp("bicubic") == ()


def test_networks_of_other_shapes_are_refused() -> None:
    networks = [SRResNet(num_blocks=1, num_features=features) for features in (8, 16)]
    with pytest.raises(WeightsError, match="only equal networks"):
        mixed(*networks, share=0.5, names=("a", "b"))


def test_the_command_line_names_two_and_a_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_png(tmp_path / "in.png", photo())
    options = ["--device", "cpu", "--precision", "float32", "--engine", "torch"]
    words = ["upscale", str(tmp_path / "in.png"), str(tmp_path / "out.png"), *options]
    assert main([*words, "--between", "srresnet_x4", "srgan_x4", "--share", "0.3"]) == 0
    made = open_image(tmp_path / "out.png").rgb
    assert np.array_equal(made, get_upscaler(NAME, **HOW).upscale(photo()).rgb)
    assert NAME.encode() in (tmp_path / "out.png").read_bytes()
    for wrong in (
        ["--between", "srresnet_x4", "srgan_x4"],
        ["--share", "0.3"],
        ["--between", "srresnet_x4", "srgan_x4", "--share", "0.3", "--model", "bicubic"],
    ):
        capsys.readouterr()
        assert main([*words, "--force", *wrong]) == 2
        assert "leave one out" in (said := capsys.readouterr().err) or "give both" in said


def test_an_evaluation_takes_several_shares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    save_png(tmp_path / "set" / "a.png", Photo(rgb))
    words = ["evaluate", str(tmp_path / "set"), "--no-lpips", "--models", "bicubic"]
    assert main([*words, "--between", "srresnet_x4", "srgan_x4", "--share", "0.3", "0.8"]) == 0
    said = capsys.readouterr().out
    assert NAME in said
    assert "srresnet_x4~srgan_x4@0.8" in said

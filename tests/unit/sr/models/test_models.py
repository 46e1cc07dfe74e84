"""The networks: parameters, shapes, gradients, folding, and weights that describe themselves."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from sr.base.errors import ConfigError, ShapeError, UnknownModelError, WeightsError
from sr.models.entries.model import Model
from sr.models.entries.shipped import FRAME_MODELS, MODELS
from sr.models.files.catalogue import CATALOGUE
from sr.models.files.weights_file import load_model, read_header, save_model
from sr.models.registry import (
    chosen_scale,
    model_info,
    models_of_scale,
    network_scales,
    read_manifest,
)
from sr.networks.discriminators import SRGANDiscriminator
from sr.networks.registry import build
from sr.networks.srresnet import SRResNet, conv_of_shuffled


def count(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_papers_network_has_1_55_million_parameters() -> None:
    assert count(SRResNet()) == 1_547_350


def test_the_papers_discriminator_has_23_6_million_parameters() -> None:
    assert count(SRGANDiscriminator()) == 23_563_649
    assert count(SRGANDiscriminator(patches=True)) == 4_687_745


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("image_skip", [True, False])
@pytest.mark.parametrize("scale", [2, 4])
def test_every_form_enlarges_and_every_parameter_receives_a_gradient(
    batch_norm: bool, image_skip: bool, scale: int
) -> None:
    model = SRResNet(
        num_blocks=2, num_features=8, scale=scale, batch_norm=batch_norm, image_skip=image_skip
    )
    out = model(torch.rand(2, 3, 9, 7))
    assert out.shape == (2, 3, 9 * scale, 7 * scale)
    out.square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_the_discriminator_gives_a_logit_and_every_parameter_a_gradient() -> None:
    model = SRGANDiscriminator(hr_patch_px=32)
    logits = model(torch.rand(2, 3, 32, 32))
    assert logits.shape == (2, 1)
    logits.sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    with pytest.raises(ShapeError, match="needed 16 or more"):
        SRGANDiscriminator(hr_patch_px=15)


def test_the_discriminator_of_patches_judges_every_16_pixels_by_themselves() -> None:
    model = SRGANDiscriminator(hr_patch_px=64, patches=True)
    logits = model(torch.rand(2, 3, 64, 64))
    assert logits.shape == (2, 1, 4, 4)
    logits.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize(("factor", "kernel"), [(2, 9), (3, 9), (2, 3), (3, 5)])
def test_the_last_convolution_may_be_done_before_the_shuffle(factor: int, kernel: int) -> None:
    x, bias = torch.randn(2, 8 * factor**2, 6, 5), torch.randn(3)
    weight = torch.randn(3, 8, kernel, kernel)
    expected = F.conv2d(F.pixel_shuffle(x, factor), weight, bias, padding=kernel // 2)
    assert torch.allclose(conv_of_shuffled(x, weight, bias, factor), expected, atol=1e-4)


def test_the_network_is_the_plain_sequence_of_the_paper() -> None:
    model = SRResNet(num_blocks=2, num_features=8).eval()
    lr = torch.rand(1, 3, 8, 8)
    shallow = model.head_activation(model.head(lr))
    x = shallow + model.body_norm(model.body_conv(model.body(shallow)))
    for conv, activation in zip(model.upsample, model.upsample_activation, strict=True):
        x = activation(F.pixel_shuffle(conv(x), 2))
    assert torch.allclose(model.tail(x), model(lr), atol=1e-5)


def test_a_wrong_input_and_a_wrong_scale_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(1, 1, 8, 8\)"):
        SRResNet(num_blocks=1, num_features=8)(torch.rand(1, 1, 8, 8))
    with pytest.raises(ConfigError, match="scale 5"):
        SRResNet(scale=5)


def test_a_weights_file_describes_itself_and_comes_back_the_same(tmp_path: Path) -> None:
    model = SRResNet(num_blocks=1, num_features=8, image_skip=True).eval()
    path = tmp_path / "model.safetensors"
    save_model(path, model, name="srresnet_x4", about={"seed": 3})
    header = read_header(path)
    assert header["architecture"] == "srresnet"
    assert header["config"] == model.config
    assert header["about"] == {"seed": 3}
    lr = torch.rand(1, 3, 8, 8)
    assert torch.equal(load_model(path)(lr), model(lr))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.safetensors"]


def test_files_that_are_not_our_weights_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    with pytest.raises(WeightsError, match="no such weights file"):
        load_model(tmp_path / "none.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not safetensors at all")
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        load_model(broken)
    foreign = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(1)}, foreign)
    with pytest.raises(WeightsError, match="no description"):
        load_model(foreign)
    with pytest.raises(WeightsError, match=r"known: .*srgan_discriminator, srresnet"):
        build("unet", {})
    with pytest.raises(WeightsError, match="depth"):
        build("srresnet", {"depth": 3})


def test_the_registry_is_explicit_and_unknown_names_list_the_known() -> None:
    for name, info in MODELS.items():
        assert info.name == name
        assert dataclasses.is_dataclass(info)
        assert info.description
        assert info.title
        assert bool(info.network) == bool(info.weights)
    assert {"nearest", "bicubic", "srresnet_x4", "srgan_x4", "srgan_photo_x4"} <= set(MODELS)
    with pytest.raises(
        UnknownModelError, match="known: bicubic, nearest, srcnn_x4, srgan_photo_x4, srgan_x2"
    ):
        model_info("espcn")


def test_models_are_found_by_their_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    assert network_scales() == [4, 2]
    monkeypatch.setitem(
        MODELS,
        "toy_x3",
        Model(name="toy_x3", title="Toy", scale=3, description="a toy", network="toy"),
    )
    assert network_scales() == [4, 2, 3]
    assert [model.name for model in models_of_scale(3)] == ["nearest", "bicubic", "toy_x3"]
    assert [chosen_scale("bicubic"), chosen_scale("bicubic", 2), chosen_scale("toy_x3", 3)] == [
        4, 2, 3
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="toy_x3 enlarges 3 times, not 5; models that do: none"):
        chosen_scale("toy_x3", 5)


def test_a_discriminator_is_no_model(tmp_path: Path) -> None:
    from sr.inference.upscaler import upscaler_from_file

    path = tmp_path / "judge.safetensors"
    save_model(path, SRGANDiscriminator(hr_patch_px=32), name="judge", about={})
    assert isinstance(load_model(path), SRGANDiscriminator)
    with pytest.raises(WeightsError, match=r"judge\.safetensors: a discriminator"):
        upscaler_from_file(path, device="cpu")


def test_the_table_of_the_docs_says_what_is_known_of_every_model() -> None:
    text = (Path(__file__).resolve().parents[4] / "docs" / "models.md").read_text(encoding="utf-8")
    lines = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    shipped = [model for model in MODELS.values() if model.network]
    assert set(lines) == {m.name for m in [*shipped, *FRAME_MODELS.values()]} | set(CATALOGUE)
    for name, facts in read_manifest().items():
        assert f"| {facts['parameters']:,} |" in lines[name]
        if found := facts["metrics"].get("Set5"):
            said = f"{found['psnr_y']:.2f}, {found['ssim_y']:.4f}, {found['lpips_alex']:.4f}"
            assert f"| {said} |" in lines[name]
    for name, offer in CATALOGUE.items():
        assert f"| {offer.licence} |" in lines[name]

"""Every loss of every preset sends a gradient to the generator; features are real or refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from sr.base.errors import BackboneError, ConfigError
from sr.metrics import backbones
from sr.metrics.fidelity import psnr
from sr.networks.discriminators import SRGANDiscriminator
from sr.networks.srresnet import SRResNet
from sr.objectives import losses
from sr.objectives.adversarial import (
    build_discriminator,
    discriminator_loss,
    generator_adversarial_loss,
)
from sr.objectives.losses import (
    CONTENT_LOSSES,
    PSNR_CEILING_DB,
    FeatureLoss,
    LayersLoss,
    build_content_loss,
    pixel_loss,
    psnr_loss,
)
from sr.training.recipes import PRESETS

GAN_PRESETS = sorted(name for name, preset in PRESETS.items() if preset.adversarial_weight)


@pytest.fixture
def local(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backbones from the shared folder, and no internet."""
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(shared / "backbones"))

    def no_download(name: str) -> None:
        raise BackboneError(f"no {name} features: no internet in this test")

    monkeypatch.setattr(backbones, "_download", no_download)


def vgg19_state() -> dict[str, torch.Tensor]:
    """Weights of the whole VGG19 that mean nothing, for the plumbing."""
    torch.manual_seed(0)
    layers, channels, index = {}, 3, 0
    for widths in backbones._VGG["vgg19"]:
        for width in widths:
            scale = (2 / (9 * channels)) ** 0.5
            layers[f"features.{index}.weight"] = scale * torch.randn(width, channels, 3, 3)
            layers[f"features.{index}.bias"] = torch.zeros(width)
            channels, index = width, index + 2
        index += 1
    return layers


WHOLE_VGG19 = {"vgg19_54", "esrgan", "real_esrgan"}


def assert_reaches_the_generator(loss: torch.nn.Module) -> None:
    torch.manual_seed(0)
    generator = SRResNet(num_blocks=1, num_features=8, batch_norm=False)
    lr, hr = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 64, 64)
    loss(generator(lr), hr).backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().max()) > 0, name
    assert all(p.grad is None for p in loss.parameters())


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize("name", sorted(set(CONTENT_LOSSES) - WHOLE_VGG19))
def test_every_content_loss_reaches_the_generator(name: str) -> None:
    loss = build_content_loss(name)
    assert loss is not None
    assert_reaches_the_generator(loss)


def test_vgg19_conv5_4_reaches_the_generator_when_the_whole_network_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import save_file

    save_file(vgg19_state(), tmp_path / "vgg19_features.safetensors")
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    loss = build_content_loss("vgg19_54")
    assert isinstance(loss, FeatureLoss)
    assert len(loss.features.features) == 36  # torchvision's features[:36], after the ReLU
    assert_reaches_the_generator(loss)


def test_layers_before_their_relu_are_compared_each_with_its_weight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import save_file

    save_file(vgg19_state(), tmp_path / "vgg19_features.safetensors")
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    loss = build_content_loss("real_esrgan")
    assert isinstance(loss, LayersLoss)
    assert_reaches_the_generator(loss)
    one, other = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)
    maps = [loss.maps(one), loss.maps(other)]
    assert [m.shape[1] for m in maps[0]] == [64, 128, 256, 512, 512]
    assert all(float(m.min()) < 0 for m in maps[0])
    expected = sum(
        weight * float((x - y).abs().mean())
        for x, y, weight in zip(*maps, (0.1, 0.1, 1, 1, 1), strict=True)
    )
    assert float(loss(one, other)) == pytest.approx(expected, rel=1e-5)
    last = build_content_loss("esrgan")
    assert last is not None
    assert float(last(one, other)) == pytest.approx(
        float((maps[0][4] - maps[1][4]).abs().mean()), rel=1e-5
    )


@pytest.mark.parametrize("kind", ["l1", "mse", "charbonnier", "psnr"])
def test_pixel_losses_reach_the_prediction(kind: str) -> None:
    prediction = torch.rand(2, 3, 8, 8, requires_grad=True)
    pixel_loss(kind)(prediction, torch.rand(2, 3, 8, 8)).backward()
    assert prediction.grad is not None
    assert float(prediction.grad.abs().min()) > 0


def test_the_charbonnier_loss_is_the_absolute_error_but_for_the_smallest() -> None:
    target = torch.rand(2, 3, 8, 8)
    loss = pixel_loss("charbonnier")
    assert float(loss(target + 0.1, target)) == pytest.approx(0.1, rel=1e-3)
    assert float(loss(target, target)) == pytest.approx(1e-3)


def test_total_variation_is_the_mean_step_to_the_next_pixel() -> None:
    image = torch.zeros(1, 1, 2, 3)
    image[0, 0, :, 2] = 0.5
    assert float(losses.total_variation(image)) == pytest.approx(0.25)


def test_the_psnr_loss_is_minus_psnr_on_luma_and_bounded() -> None:
    torch.manual_seed(0)
    target = torch.rand(2, 3, 16, 16) * 0.5 + 0.25
    grey = torch.randn(2, 1, 16, 16) * torch.tensor([0.03, 0.1]).view(2, 1, 1, 1)
    prediction = target + grey
    expected = psnr(prediction, target, crop_px=0).mean()
    # a grey error counts 0.1 / (219 / 255)^2 more than its luma; the ceiling a little too
    assert float(psnr_loss(prediction, target)) == pytest.approx(-float(expected), abs=0.9)
    assert float(psnr_loss(target, target)) == pytest.approx(-PSNR_CEILING_DB)
    green, blue = target.clone(), target.clone()
    green[:, 1] += 0.05
    blue[:, 2] += 0.05
    assert float(psnr_loss(green, target)) > float(psnr_loss(blue, target)) + 3


def test_the_psnr_loss_pulls_runaway_values_as_hard_as_ordinary_errors() -> None:
    target = torch.full((2, 3, 16, 16), 0.5)
    prediction = torch.stack([target[0] + 20, target[1] + 0.03]).requires_grad_()
    psnr_loss(prediction, target).backward()
    assert prediction.grad is not None
    away, ordinary = prediction.grad.mean(dim=(1, 2, 3)).tolist()
    assert ordinary / 3 < away < 3 * ordinary


def test_the_adversarial_loss_reaches_the_picture_and_pulls_towards_real() -> None:
    torch.manual_seed(0)
    judge = SRGANDiscriminator(hr_patch_px=32).eval()
    picture = torch.rand(2, 3, 32, 32, requires_grad=True)
    logits = judge(picture)
    generator_adversarial_loss(logits).backward()
    assert picture.grad is not None
    moved = judge((picture - 1e-1 * picture.grad / picture.grad.abs().max()).detach())
    assert bool((moved > logits).all())
    on_real, on_fake = discriminator_loss(torch.tensor([20.0]), torch.tensor([-20.0]))
    assert float(on_real + on_fake) == pytest.approx(0, abs=1e-6)


@pytest.mark.usefixtures("local")
def test_a_part_of_vgg19_is_refused_with_what_works() -> None:
    with pytest.raises(BackboneError) as error_info:
        build_content_loss("vgg19_54")
    said = str(error_info.value)
    assert "no conv5_4 of VGG19" in said
    for works in ("content=vgg19_22", "content=vgg16_53", "content=lpips_vgg16"):
        assert f"--set {works}" in said


@pytest.mark.usefixtures("local")
def test_a_short_local_vgg19_gives_way_to_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(vgg19_state(), tmp_path / "vgg19.pth")
    monkeypatch.setattr(backbones, "_download", lambda _: tmp_path / "vgg19.pth")
    assert isinstance(build_content_loss("vgg19_54"), FeatureLoss)


def test_nothing_falls_back_to_random_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    monkeypatch.setattr(losses, "_is_there", lambda _: False)

    def no_download(name: str) -> None:
        raise BackboneError(f"no {name} features")

    monkeypatch.setattr(backbones, "_download", no_download)
    for name in CONTENT_LOSSES:
        with pytest.raises(BackboneError, match=f"content={name}"):
            build_content_loss(name)
    with pytest.raises(ConfigError, match="known: none, vgg19_54"):
        build_content_loss("vgg7")


@pytest.mark.parametrize("name", GAN_PRESETS)
def test_presets_with_a_discriminator_have_a_content_or_pixel_anchor(name: str) -> None:
    preset = dataclasses.asdict(PRESETS[name])
    assert preset["content_weight"] > 0 or preset["pixel_weight"] > 0


@pytest.mark.usefixtures("local")
def test_of_the_discriminator_on_features_only_the_heads_learn() -> None:
    model = build_discriminator("vgg16", hr_patch_px=32).train()
    for frozen in (True, False):  # as a training step does in turn
        model.requires_grad_(not frozen)
    image = torch.rand(2, 3, 32, 32, requires_grad=True)
    logits = model(image)
    assert logits.shape == (2, 3, 8, 8)
    logits.square().sum().backward()
    learned = {name for name, p in model.named_parameters() if p.grad is not None}
    assert learned == {name for name, _ in model.named_parameters() if name.startswith("heads.")}
    assert image.grad is not None
    assert float(image.grad.abs().max()) > 0


def test_a_discriminator_on_features_that_are_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    monkeypatch.setattr(
        backbones, "_download", lambda name: (_ for _ in ()).throw(BackboneError("no internet"))
    )
    with pytest.raises(BackboneError, match="no internet"):
        build_discriminator("vgg16", hr_patch_px=32)

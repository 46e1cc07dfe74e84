"""Perceptual features are the real ones, or an error."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sr.base.errors import BackboneError, ConfigError
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic
from sr.images.tensors import to_tensor
from sr.metrics.backbones import load_lpips_heads, load_vgg16_features, load_vgg19_features
from sr.objectives.losses import FeatureLoss, LpipsLoss


@pytest.fixture
def backbones(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(shared / "backbones"))


@pytest.mark.usefixtures("backbones")
def test_vgg16_equals_torchvisions_network_with_the_same_weights() -> None:
    torchvision = pytest.importorskip("torchvision")
    ours = load_vgg16_features("conv3_3")
    reference = torchvision.models.vgg16(weights=None).features[:16].eval()
    reference.load_state_dict(ours.features.state_dict())
    image = torch.rand(1, 3, 32, 32)
    normalised = (image - ours.mean) / ours.std
    assert torch.allclose(ours(image), reference(normalised), atol=1e-5)


@pytest.mark.usefixtures("backbones")
def test_the_caffe_vgg19_takes_bgr_minus_the_mean() -> None:
    from sr.metrics.backbones import load_state

    ours = load_vgg19_features("conv1_1")
    state = load_state("vgg19")
    image = torch.rand(1, 3, 16, 16)
    bgr = image.flip(1) * 255 - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    expected = torch.relu(
        torch.nn.functional.conv2d(
            bgr, state["features.0.weight"], state["features.0.bias"], padding=1
        )
    )
    found = ours(image)
    found *= expected.mean() / found.mean()  # brought to another level, the same otherwise
    assert torch.allclose(found, expected, atol=1e-2, rtol=1e-4)


@pytest.mark.usefixtures("backbones")
def test_the_content_loss_of_the_caffe_file_is_as_strong_as_torchvisions(shared: Path) -> None:
    hr = open_image(shared / "benchmark" / "Set5" / "butterfly.png").rgb
    image, soft = (to_tensor(x) for x in (hr, matlab_bicubic(matlab_bicubic(hr, 1 / 4), 4)))
    vgg16, caffe = (
        float(FeatureLoss(load("conv2_2"))(soft, image))
        for load in (load_vgg16_features, load_vgg19_features)
    )
    assert vgg16 / 2 < caffe < 2 * vgg16  # of other networks; 2,000 times before


def test_one_network_in_two_files_gives_one_content_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    state, channels = {}, 3
    for index, width in ((0, 64), (2, 64), (5, 128), (7, 128)):
        state[f"features.{index}.weight"] = torch.randn(width, channels, 3, 3) / 8
        state[f"features.{index}.bias"] = torch.randn(width) / 8
        channels = width
    caffe = {key: value.clone() for key, value in state.items()}
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    # BGR in 0..255 minus the mean, by 255 std, is what torchvision's sees but for a rounded mean
    caffe["features.0.weight"] = (state["features.0.weight"] / 255 / std).flip(1)
    caffe["features.5.weight"] *= 90
    caffe["features.5.bias"] *= 90
    losses = []
    image, other = torch.rand(1, 3, 48, 48), torch.rand(1, 3, 48, 48)
    for folder, name, tensors in (
        ("a", "vgg19_features", state), ("b", "vgg19_caffe", caffe)
    ):  # fmt: skip
        (tmp_path / folder).mkdir()
        save_file(tensors, tmp_path / folder / f"{name}.safetensors")
        monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path / folder))
        losses.append(float(FeatureLoss(load_vgg19_features("conv2_2"))(image, other)))
    assert losses[1] == pytest.approx(losses[0], rel=1e-2)


def test_of_several_files_the_one_that_reaches_the_layer_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {"features.0.weight": torch.randn(64, 3, 3, 3), "features.0.bias": torch.zeros(64)}
    second = {"features.2.weight": torch.randn(64, 64, 3, 3), "features.2.bias": torch.zeros(64)}
    save_file(first, tmp_path / "vgg19_1.safetensors")
    save_file(first | second, tmp_path / "vgg19_2.safetensors")
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    assert len(load_vgg19_features("conv1_2").features) == 4


@pytest.mark.usefixtures("backbones")
def test_missing_layers_and_unknown_names_are_errors() -> None:
    with pytest.raises(BackboneError, match="conv5_4"):
        load_vgg19_features("conv5_4")
    with pytest.raises(ConfigError, match="conv9_9"):
        load_vgg16_features("conv9_9")


@pytest.mark.usefixtures("backbones")
def test_content_losses_reach_the_prediction_and_are_zero_for_equal_images() -> None:
    target = torch.rand(1, 3, 64, 64)
    for loss in (FeatureLoss(load_vgg19_features("conv2_2")), LpipsLoss()):
        assert float(loss(target, target)) == pytest.approx(0, abs=1e-6)
        prediction = (target + 0.1 * torch.randn_like(target)).requires_grad_()
        loss(prediction, target).backward()
        assert prediction.grad is not None
        assert prediction.grad.abs().sum() > 0


@pytest.mark.usefixtures("backbones")
def test_the_lpips_loss_equals_the_lpips_package() -> None:
    lpips = pytest.importorskip("lpips")
    ours = LpipsLoss()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False).eval()
    state = {key.split(".", 1)[1]: key for key in package.net.state_dict()}
    package.net.load_state_dict(
        {state[k]: v for k, v in ours.features.features.state_dict().items()}, strict=True
    )
    a, b = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    expected = float(package(2 * a - 1, 2 * b - 1).mean().detach())
    assert float(ours(a, b)) == pytest.approx(expected, rel=1e-3)


def test_lpips_heads_come_from_the_package_when_there_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lpips")
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    assert [tuple(h.shape[:2]) for h in load_lpips_heads("vgg")] == [
        (1, 64), (1, 128), (1, 256), (1, 512), (1, 512)
    ]  # fmt: skip

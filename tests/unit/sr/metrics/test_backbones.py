"""Perceptual features are the real ones, or an error."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch

from sr.base.errors import BackboneError, ConfigError
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
    assert torch.allclose(ours(image), expected, atol=1e-2, rtol=1e-4)


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

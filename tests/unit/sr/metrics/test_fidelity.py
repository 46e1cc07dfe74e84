"""PSNR, SSIM and LPIPS against independent references and published figures."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from sr.base.errors import BackboneError, ShapeError
from sr.formats.kinds import list_images
from sr.images.color import luma_y
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, modcrop
from sr.metrics.fidelity import Lpips, measure, psnr, ssim


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    a = torch.rand(2, 3, 40, 33, generator=generator)
    return a, (a + 0.1 * torch.randn(a.shape, generator=generator)).clamp(0, 1)


def test_psnr_and_ssim_equal_scikit_image(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, b = pair
    for index in range(2):
        x, y = (luma_y(t.double())[index, 0, 4:-4, 4:-4].numpy() for t in (a, b))
        expected = peak_signal_noise_ratio(x, y, data_range=255)
        assert float(psnr(a, b, crop_px=4)[index]) == pytest.approx(expected, abs=1e-9)
        _, full = structural_similarity(
            x, y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
            data_range=255, full=True,
        )  # fmt: skip
        expected = full[5:-5, 5:-5].mean()
        assert float(ssim(a, b, crop_px=4)[index]) == pytest.approx(expected, abs=1e-9)


def test_rgb_pools_the_three_channels(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, b = pair
    expected = peak_signal_noise_ratio(a[0].double().numpy(), b[0].double().numpy(), data_range=1.0)
    assert float(psnr(a, b, crop_px=0, channel="rgb")[0]) == pytest.approx(expected, abs=1e-9)


def test_identical_images_give_infinity_and_one(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, _ = pair
    assert torch.isinf(psnr(a, a, crop_px=4)).all()
    assert ssim(a, a, crop_px=4).tolist() == pytest.approx([1.0, 1.0])


def test_wrong_shapes_say_what_came_and_what_to_do(
    pair: tuple[torch.Tensor, torch.Tensor],
) -> None:
    a, b = pair
    with pytest.raises(ShapeError, match=r"\(2, 3, 39, 33\).*modcrop"):
        psnr(a[:, :, :39], b, crop_px=4)
    with pytest.raises(ShapeError, match="are left after cutting"):
        ssim(a[:, :, :16], b[:, :, :16], crop_px=4)
    with pytest.raises(ShapeError, match="needed uint8"):
        measure(np.zeros((9, 9, 3)), np.zeros((9, 9, 3)), crop_px=4)


@pytest.mark.parametrize(
    ("name", "psnr_y", "ssim_y"), [("Set5", 28.42, 0.8104), ("Set14", 26.09, 0.7051)]
)
def test_bicubic_gives_the_known_figures(
    shared: Path, name: str, psnr_y: float, ssim_y: float
) -> None:
    # The figures are MATLAB's, whose luma is rounded to integers: 0.008 to 0.012 dB less than ours.
    results = []
    for path in list_images(shared / "benchmark" / name):
        hr = modcrop(open_image(path).rgb, 4)
        lr = open_image(shared / "benchmark" / f"{name}_LRbicx4" / path.name).rgb
        results.append(measure(matlab_bicubic(lr, 4), hr, lpips=None, crop_px=4))
    assert np.mean([r.psnr_y for r in results]) == pytest.approx(psnr_y, abs=0.015)
    assert np.mean([r.ssim_y or 0 for r in results]) == pytest.approx(ssim_y, abs=0.001)


def test_lpips_of_bicubic_on_set5_is_the_known_340(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(shared / "backbones"))
    distance = Lpips()
    values = []
    for path in list_images(shared / "benchmark" / "Set5"):
        hr = modcrop(open_image(path).rgb, 4)
        lr = open_image(shared / "benchmark" / "Set5_LRbicx4" / path.name).rgb
        values.append(measure(matlab_bicubic(lr, 4), hr, lpips=distance, crop_px=4).lpips_alex)
    assert np.mean(values) == pytest.approx(0.340, abs=0.001)


def test_lpips_of_equal_images_is_zero_and_small_images_are_refused(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(shared / "backbones"))
    distance = Lpips()
    image = torch.rand(1, 3, 64, 64)
    assert float(distance(image, image)) == 0
    with pytest.raises(ShapeError, match="32x32"):
        distance(image[:, :, :31], image[:, :, :31])


@pytest.mark.parametrize(
    "state",
    [
        {"features.99.weight": torch.zeros(3)},
        {"features.0.weight": torch.zeros(64, 3, 11, 11)},
        {"something.else": torch.zeros(1)},
    ],
    ids=["another layer", "too few layers", "no features"],
)
def test_wrong_features_are_refused_and_never_replaced_by_random_ones(
    state: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_file(state, tmp_path / "alexnet_features.safetensors")
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    with pytest.raises(BackboneError, match="alexnet") as caught:
        Lpips()
    assert "\n" not in str(caught.value)


def test_without_features_lpips_says_so_and_the_rest_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))

    def no_network(*args: object, **kwargs: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("sr.metrics.backbones.fetched", no_network)
    with pytest.raises(BackboneError, match="NITIDEZ_BACKBONES"):
        Lpips()
    image = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    from sr.metrics.fidelity import default_lpips

    default_lpips.cache_clear()
    result = measure(image, 255 - image, crop_px=4)
    assert result.lpips_alex is None
    assert result.note is not None
    assert os.fspath(tmp_path) in result.note
    assert result.psnr_y < 10

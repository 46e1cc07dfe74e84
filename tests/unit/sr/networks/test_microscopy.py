"""DFCAN, DFGAN and the cascade: counts of parameters, sizes, attention that minds no size."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sr.base.errors import ConfigError, ShapeError
from sr.networks.microscopy.dfcan import DFCAN, DFGAN, SKIP_SHARE, DFGANDiscriminator, enlarged_mean
from sr.networks.microscopy.fourier_attention import FourierAttention
from sr.networks.microscopy.unet_cascade import UNetCascade

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = {"num_groups": 2, "num_blocks": 1, "num_features": 16, "spectrum_px": 8}
SMALL_CASCADE = {"num_stages": 2, "num_features": 8, "spectrum_px": 8}


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (DFCAN(), 1_930_753),
        (DFCAN(channels=9), 1_935_361),
        (DFGAN(), 5_717_129),
        (DFGAN(channels=9), 5_721_737),
        (DFGANDiscriminator(), 4_852_481),
        (UNetCascade(), 2_613_277),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_the_networks_have_the_published_numbers_of_parameters(
    network: nn.Module, parameters: int
) -> None:
    assert count(network) == parameters


@pytest.mark.parametrize("scale", [1, 2, 3])
@pytest.mark.parametrize("channels", [1, 9])
@pytest.mark.parametrize("size", [(8, 8), (13, 22), (3, 5)])
def test_any_size_is_enlarged_and_every_parameter_learns(
    scale: int, channels: int, size: tuple[int, int]
) -> None:
    for network in (
        DFCAN(**SMALL, scale=scale, channels=channels),  # type: ignore[arg-type]
        UNetCascade(**SMALL_CASCADE, scale=scale, channels=channels),  # type: ignore[arg-type]
    ):
        out = network(torch.rand(2, channels, *size))
        assert out.shape == (2, 1, scale * size[0], scale * size[1])
        out.sum().backward()
        dead = [name for name, p in network.named_parameters() if p.grad is None]
        assert not dead


def test_a_picture_of_the_spectrums_size_is_seen_as_published() -> None:
    for side in (1, 2, 15, 16):
        attention = FourierAttention(4, exponent=0.8, spectrum_px=side)
        x = torch.randn(2, 4, side, side)
        published = torch.fft.fftshift((torch.fft.fft2(x).abs() + 1e-8) ** 0.8, dim=(-2, -1))
        torch.testing.assert_close(attention.spectrum(x), published, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("size", [(32, 32), (40, 70), (16, 128), (9, 33)])
def test_attention_hardly_minds_the_size_of_a_picture(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    attention = FourierAttention(16, exponent=0.8, spectrum_px=16)
    weighed = attention(torch.ones(1, 16, 16, 16) + torch.rand(1, 16, 16, 16))
    larger = attention(torch.ones(1, 16, *size) + torch.rand(1, 16, *size))
    torch.testing.assert_close(
        weighed.mean(dim=(2, 3)), larger.mean(dim=(2, 3)), atol=0.08, rtol=0.05
    )


def test_with_an_image_skip_training_begins_with_the_picture() -> None:
    lr = torch.rand(1, 1, 16, 16)
    for network in (DFCAN(**SMALL, image_skip=True), UNetCascade(**SMALL_CASCADE)):  # type: ignore[arg-type]
        added = network(lr) - SKIP_SHARE * enlarged_mean(lr, 2)
        assert float(added.detach().abs().mean()) < 0.05


def test_what_cannot_be_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="scale 4; needed 1, 2 or 3"):
        DFCAN(scale=4)
    with pytest.raises(ConfigError, match="num_stages 0"):
        UNetCascade(num_stages=0)
    with pytest.raises(ShapeError, match=r"needed \(N, 1, H, W\)"):
        DFCAN(**SMALL)(torch.rand(1, 3, 8, 8))  # type: ignore[arg-type]

"""What the eye leaves of a picture: against the sensitivity's formula and scikit-image."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch
from skimage import color, data

from sr.base.errors import ConfigError, ShapeError
from sr.metrics.eye import (
    colorvideovdp,
    colour_difference,
    contrast_filter,
    flip,
    visible_difference,
)
from sr.metrics.threshold import JUST_NOTICEABLE, indistinct_from


def photo() -> torch.Tensor:
    return torch.from_numpy(data.astronaut()[100:196, 180:276].copy()).permute(2, 0, 1)[None] / 255


def linear(srgb: torch.Tensor) -> torch.Tensor:
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def grating(cycles_per_px: float, contrast: float = 0.4) -> torch.Tensor:
    """A grey sinusoid in linear light, as sRGB (1, 3, 64, 256)."""
    wave = 0.5 * (1 + contrast * torch.cos(2 * math.pi * cycles_per_px * torch.arange(256.0)))
    srgb = 1.055 * wave.double() ** (1 / 2.4) - 0.055
    return srgb.expand(1, 3, 64, 256)


@pytest.mark.parametrize("ppd", [20, 37.8, 67.2])
@pytest.mark.parametrize("cycles_per_px", [1 / 16, 1 / 8, 1 / 4])
def test_a_grating_keeps_the_contrast_that_the_sensitivity_says(
    ppd: float, cycles_per_px: float
) -> None:
    seen = linear(contrast_filter(grating(cycles_per_px), ppd=ppd))[0, 1, 32, 64:192]
    contrast = (seen.max() - seen.min()) / (seen.max() + seen.min())
    cycles_per_degree = cycles_per_px * ppd
    assert float(contrast) == pytest.approx(
        0.4 * math.exp(-0.0047 * cycles_per_degree**2), abs=2e-4
    )


def test_even_areas_are_unchanged_and_fine_detail_is_gone() -> None:
    even = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(1, 3, 24, 24)
    torch.testing.assert_close(contrast_filter(even, ppd=60), even.double(), atol=1e-6, rtol=0)
    board = (torch.arange(128)[:, None] + torch.arange(128)) % 2
    board = board.double().expand(1, 3, 128, 128)
    seen = contrast_filter(board, ppd=120)
    grey = 1.055 * 0.5 ** (1 / 2.4) - 0.055  # half of the light
    assert float((seen[..., 44:84, 44:84] - grey).abs().max()) < 1e-6


def test_of_even_areas_the_difference_is_that_of_scikit_image() -> None:
    rng = np.random.default_rng(1)
    for one, two in rng.random((6, 2, 3)):
        images = [torch.from_numpy(c).view(1, 3, 1, 1).expand(1, 3, 16, 16) for c in (one, two)]
        expected = color.deltaE_cie76(*(color.rgb2lab(c[None, None])[0, 0] for c in (one, two)))
        found = colour_difference(*images, ppd=40)
        np.testing.assert_allclose(found.numpy(), expected, rtol=2e-3)


def test_a_difference_fades_with_density() -> None:
    image = photo()
    noisy = (image + 0.03 * torch.randn(image.shape, generator=torch.manual_seed(1))).clamp(0, 1)
    ppds = (10, 20, 40, 80, 160)
    seen = [float(visible_difference(noisy, image, ppd=ppd)) for ppd in ppds]
    assert seen == sorted(seen, reverse=True)
    assert float(visible_difference(image, image, ppd=30)) == 0
    at = indistinct_from(ppds, seen)
    assert at is not None
    assert 20 < at < 160
    assert float(visible_difference(noisy, image, ppd=at)) == pytest.approx(
        JUST_NOTICEABLE, rel=0.15
    )


def test_from_where_on() -> None:
    assert indistinct_from((30, 60), (1.0, 0.5)) == 30
    assert indistinct_from((30, 60), (5.0, 3.0)) is None
    assert indistinct_from((10, 40), (JUST_NOTICEABLE + 1, JUST_NOTICEABLE - 1)) == pytest.approx(
        20
    )
    assert indistinct_from((30, 60, 90), (1.0, 5.0, 1.0)) == pytest.approx(
        60 * 1.5 ** (2.7 / 4), rel=1e-6
    )  # a curve that rises again counts from its last fall


def test_colorvideovdp_is_ten_for_equals_and_rises_with_density() -> None:
    pytest.importorskip("pycvvdp", reason="cvvdp is not installed")
    image = torch.from_numpy(data.astronaut()[:128, :160].copy()).permute(2, 0, 1)[None] / 255
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(1))
    noisy = (image + 0.05 * noise).clamp(0, 1)
    assert float(colorvideovdp(image, image, ppd=60)) == pytest.approx(10, abs=1e-3)
    near, far = (float(colorvideovdp(noisy, image, ppd=ppd)) for ppd in (20, 120))
    assert 5 < near < far < 10


def test_without_colorvideovdp_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycvvdp", None)
    image = torch.zeros(1, 3, 32, 32)
    with pytest.raises(ConfigError, match="pip install cvvdp"):
        colorvideovdp(image, image, ppd=61.5)


def test_flip_is_zero_for_equals_and_falls_with_density() -> None:
    pytest.importorskip("flip_evaluator", reason="flip-evaluator is not installed")
    image = photo()
    darker = image * 0.9
    assert float(flip(image, image, ppd=67)) == 0
    grey, lines = torch.full((1, 3, 64, 64), 0.5), torch.full((1, 3, 64, 64), 0.45)
    lines[:, :, ::2] = 0.55
    assert 0 < float(flip(lines, grey, ppd=120)) < float(flip(lines, grey, ppd=20)) < 1
    assert 0 < float(flip(darker, image, ppd=67)) < 0.5
    # FLIP's own program gives 0 for nothing and 1 for black against white, whatever the density.
    black, white = torch.zeros(1, 3, 32, 32), torch.ones(1, 3, 32, 32)
    assert float(flip(black, white, ppd=67)) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("ppd", [0, 4.9, 501, math.nan])
def test_impossible_densities_are_refused(ppd: float) -> None:
    image = photo()
    for call in (
        lambda: contrast_filter(image, ppd=ppd),
        lambda: visible_difference(image, image, ppd=ppd),
        lambda: flip(image, image, ppd=ppd),
        lambda: colorvideovdp(image, image, ppd=ppd),
    ):
        with pytest.raises(ConfigError, match="pixels per degree"):
            call()


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(ShapeError, match="same size"):
        colour_difference(photo(), photo()[:, :, 1:], ppd=40)
    with pytest.raises(ShapeError, match="needed \\(N, 3, H, W\\)"):
        contrast_filter(photo()[0], ppd=40)

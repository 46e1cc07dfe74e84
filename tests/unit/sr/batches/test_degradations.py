"""What happens to a picture between the lens and the file."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from skimage import data

from sr.batches.degradations import (
    REAL_ESRGAN,
    STRENGTHS,
    blur_kernel,
    degrade,
    degraded,
    degraded_pixels,
    filtered,
    gaussian_kernel,
    jpeg,
    sinc_kernel,
)
from sr.images.resize import matlab_bicubic


def photo(side: int = 64) -> torch.Tensor:
    random = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    large = torch.nn.functional.interpolate(random, size=(side, side), mode="bicubic")
    return large[0].clamp(0, 1)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_degraded_picture_is_smaller_in_range_and_of_256_levels(scale: int) -> None:
    for seed in range(30):
        small = degrade(photo(24 * scale), scale, np.random.default_rng(seed), REAL_ESRGAN)
        assert small.shape == (3, 24, 24)
        assert 0 <= float(small.min()) <= float(small.max()) <= 1
        assert torch.allclose(small * 255, (small * 255).round(), atol=1e-3)


def test_a_seed_gives_the_same_picture_again_and_another_seed_another() -> None:
    first, again, other = (
        degrade(photo(), 4, np.random.default_rng(seed), REAL_ESRGAN) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_clean_pictures_are_reduced_by_bicubic_alone() -> None:
    recipe = dataclasses.replace(REAL_ESRGAN, clean_share=1.0)
    hr = (photo() * 255).round() / 255
    small = degrade(hr, 4, np.random.default_rng(0), recipe)
    pixels = (hr * 255).byte().permute(1, 2, 0).numpy()
    wanted = matlab_bicubic(pixels, 1 / 4).astype(float)
    found = 255 * small.permute(1, 2, 0).numpy()
    inside = slice(3, -3)  # the borders are mirrored in another way
    assert np.abs(found - wanted)[inside, inside].max() <= 1.01


def test_a_batch_is_degraded_picture_by_picture() -> None:
    hr = torch.stack([photo()] * 4)
    small = degraded(hr, 4, REAL_ESRGAN, generator=torch.Generator().manual_seed(0))
    again = degraded(hr, 4, REAL_ESRGAN, generator=torch.Generator().manual_seed(0))
    assert small.shape == (4, 3, 16, 16)
    assert torch.equal(small, again)
    assert not torch.equal(small[0], small[1])
    parts = [
        degraded(
            hr[:2], 4, REAL_ESRGAN, generator=torch.Generator().manual_seed(0), part=(index, 2)
        )
        for index in (0, 1)
    ]
    assert torch.equal(small, torch.cat(parts))


def test_kernels_sum_to_one_and_keep_flat_areas() -> None:
    rng = np.random.default_rng(0)
    flat = torch.full((3, 40, 40), 0.25)
    for _ in range(60):
        kernel = blur_kernel(REAL_ESRGAN.first, rng)
        assert kernel.shape[0] == kernel.shape[1]
        assert kernel.shape[0] % 2 == 1
        assert kernel.sum() == pytest.approx(1)
        assert torch.allclose(filtered(flat, kernel), flat, atol=1e-5)


def test_a_gaussian_kernel_has_the_spread_it_is_given() -> None:
    kernel = gaussian_kernel(21, 1.5, 1.5, 0.0)
    axis = np.arange(21) - 10
    assert math.sqrt((kernel.sum(axis=0) * axis**2).sum()) == pytest.approx(1.5, rel=0.01)
    assert np.allclose(kernel, kernel.T)
    turned = gaussian_kernel(21, 3.0, 1.0, math.pi / 2)
    assert (turned.sum(axis=1) * axis**2).sum() > (turned.sum(axis=0) * axis**2).sum()


def test_a_sinc_kernel_lets_the_mean_pass_and_stops_the_finest_stripes() -> None:
    kernel = sinc_kernel(21, math.pi / 3)
    stripes = torch.zeros(3, 64, 64)
    stripes[:, :, ::2] = 1.0
    passed = filtered(stripes, kernel)[:, 20:44, 20:44]
    assert float((passed - 0.5).abs().max()) < 0.05


def test_jpeg_loses_more_at_lower_quality() -> None:
    hr = photo() * 0.5 + 0.25 * torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(1))
    losses = [float((jpeg(hr, quality) - hr).abs().mean()) for quality in (95, 60, 20)]
    assert losses == sorted(losses)
    assert losses[0] > 0


def test_a_stronger_recipe_leaves_less_of_the_picture() -> None:
    rgb = data.astronaut()[:256, 128:384]
    wanted = matlab_bicubic(rgb, 1 / 4).astype(float)
    losses = []
    for recipe in STRENGTHS.values():
        made = [degraded_pixels(rgb, 4, recipe, seed=seed) for seed in range(4)]
        losses.append(np.mean([np.abs(small - wanted).mean() for small in made]))
    assert list(STRENGTHS) == ["light", "middle", "strong"]
    assert losses[0] < losses[1] < losses[2]

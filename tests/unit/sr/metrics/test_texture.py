"""Texture measures on images whose answer is known."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from sr.base.errors import ShapeError
from sr.images.resize import matlab_bicubic
from sr.metrics.texture import (
    high_frequency_share,
    laplacian_variance,
    luma,
)


def stripes(period_px: float, *, amplitude: float = 100) -> np.ndarray:
    """Vertical sine stripes, grey, (96, 128, 3) uint8."""
    wave = 128 + amplitude * np.sin(2 * np.pi * np.arange(128) / period_px)
    return np.tile(wave.round().astype(np.uint8)[None, :, None], (96, 1, 3))


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (96, 128, 3), np.uint8)


def test_luma_runs_from_16_to_235() -> None:
    black_and_white = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    assert luma(black_and_white) == pytest.approx(np.array([[16, 235]]), abs=0.02)


def test_only_what_a_small_image_cannot_hold_is_high_frequency() -> None:
    assert high_frequency_share(stripes(32), scale=4) < 0.001  # 8 px is the limit at x4
    assert high_frequency_share(stripes(10), scale=4) < 0.02
    assert high_frequency_share(stripes(6), scale=4) > 0.98
    assert high_frequency_share(stripes(3), scale=4) > 0.99
    assert high_frequency_share(stripes(6), scale=2) < 0.02
    assert high_frequency_share(np.full((40, 40, 3), 90, np.uint8), scale=4) == 0


def test_white_noise_has_the_share_of_the_area_beyond_nyquist() -> None:
    shares = [high_frequency_share(noise(seed), scale=4) for seed in range(8)]
    assert np.mean(shares) == pytest.approx(1 - 1 / 16, abs=0.01)


def test_the_share_does_not_depend_on_contrast_and_reduction_takes_it_away() -> None:
    strong, weak = (high_frequency_share(stripes(6, amplitude=a), scale=4) for a in (100, 20))
    assert strong == pytest.approx(weak, abs=0.01)
    smooth = matlab_bicubic(matlab_bicubic(noise(), 1 / 4), 4)
    assert high_frequency_share(smooth, scale=4) < 0.2 * high_frequency_share(noise(), scale=4)


def test_laplacian_variance_is_that_of_the_kernel() -> None:
    from scipy.ndimage import laplace

    pixels = noise()
    expected = laplace(luma(pixels))[1:-1, 1:-1].var()
    assert laplacian_variance(pixels) == pytest.approx(expected)
    assert laplacian_variance(np.full((5, 5, 3), 90, np.uint8)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("measure", [partial(high_frequency_share, scale=4), laplacian_variance])
@pytest.mark.parametrize("bad", [np.zeros((2, 90, 3), np.uint8), np.zeros((90, 90), np.uint8)])
def test_what_is_no_image_is_refused(measure: object, bad: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="needed uint8"):
        measure(bad)  # type: ignore[operator]

"""What a photo has been through."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from skimage import data

from sr.batches.graphics import graphics_set
from sr.images.resize import matlab_bicubic
from sr.metrics.condition import condition, jpeg_quality


def photo() -> np.ndarray:
    return matlab_bicubic(data.astronaut(), 0.5)


def as_jpeg(rgb: np.ndarray, quality: int) -> Image.Image:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=quality)
    return Image.open(file)


@pytest.mark.parametrize("quality", [10, 35, 50, 75, 92, 100])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(quality: int) -> None:
    assert jpeg_quality(as_jpeg(photo(), quality).quantization) == quality  # type: ignore[attr-defined]


def test_a_clean_photo_is_clean() -> None:
    assert condition(photo()).kind == "clean"
    good = as_jpeg(photo(), 95)
    assert condition(np.asarray(good), tables=good.quantization).kind == "clean"  # type: ignore[attr-defined]


@pytest.mark.parametrize("quality", [20, 50, 70])
def test_blocks_are_seen_in_a_file_that_is_no_longer_a_jpeg(quality: int) -> None:
    found = condition(np.asarray(as_jpeg(photo(), quality)))
    assert found.jpeg_quality is None
    assert found.kind == "compressed"


def test_a_cut_photo_has_its_blocks_elsewhere() -> None:
    assert condition(np.asarray(as_jpeg(photo(), 50))[3:, 5:]).kind == "compressed"


@pytest.mark.parametrize("sigma", [5, 12])
def test_noise_is_measured(sigma: int) -> None:
    noise = np.random.default_rng(0).normal(0, sigma, photo().shape)
    noisy = np.clip(photo() + noise, 0, 255).round().astype(np.uint8)
    found = condition(noisy)
    assert found.kind == "noisy"
    assert found.noise_levels == pytest.approx(sigma / 3**0.5, rel=0.3)  # of the mean of R, G, B


def test_graphics_are_drawn() -> None:
    kinds = [condition(rgb).kind for name, rgb in graphics_set(30) if "gradient" not in name]
    assert kinds.count("drawn") > 0.8 * len(kinds)


@pytest.mark.parametrize("shape", [(1, 1), (2, 30), (9, 9)])
def test_tiny_pictures_are_looked_at_too(shape: tuple[int, int]) -> None:
    assert condition(np.full((*shape, 3), 7, np.uint8)).blockiness == pytest.approx(1)

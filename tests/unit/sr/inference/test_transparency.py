"""Transparency: over any background an enlargement looks like the enlargement of what was seen."""

from __future__ import annotations

import numpy as np
import pytest

from sr.images.photo import Photo
from sr.images.resize import bicubic_values, matlab_bicubic
from sr.inference.transparency import BAND_ROWS, premultiplied_bicubic, seen_colours
from sr.inference.upscaler import get_upscaler

RED = np.uint8([255, 0, 0])


def disc(hidden: tuple[int, int, int], side: int = 40) -> Photo:
    """A red disc with a soft edge; where alpha is 0 the file holds another colour."""
    y, x = np.mgrid[0:side, 0:side] + 0.5
    alpha = np.clip(0.35 * side + 0.5 - np.hypot(x - side / 2, y - side / 2), 0, 1)
    alpha = np.rint(255 * alpha).astype(np.uint8)
    return Photo(np.where(alpha[..., None] > 0, RED, np.uint8(hidden)), alpha)


def laid_on(photo: Photo, background: float) -> np.ndarray:
    assert photo.alpha is not None
    alpha = photo.alpha[..., None] / 255
    return photo.rgb * alpha + background * (1 - alpha)


@pytest.mark.parametrize("hidden", [(0, 0, 0), (0, 255, 0), (255, 255, 255)])
@pytest.mark.parametrize("model", ["nearest", "bicubic", "srresnet_x4", "srgan_x4"])
def test_a_red_disc_on_white_stays_red_to_its_edge(
    model: str, hidden: tuple[int, int, int]
) -> None:
    result = get_upscaler(model).upscale(disc(hidden))
    on_white = laid_on(result, 255)
    assert on_white[..., 0].min() >= 250
    assert np.abs(on_white[..., 1] - on_white[..., 2]).max() <= 5


def test_hidden_colours_change_nothing() -> None:
    results = [get_upscaler("srgan_x4").upscale(disc(hidden)) for hidden in [(0, 0, 0), (9, 99, 0)]]
    np.testing.assert_array_equal(results[0].rgb, results[1].rgb)
    np.testing.assert_array_equal(results[0].alpha, results[1].alpha)


@pytest.mark.parametrize("background", [0, 128, 255])
def test_bicubic_on_a_background_is_what_was_seen_enlarged(background: int) -> None:
    random = np.random.default_rng(0)
    small = random.integers(60, 196, (2 * BAND_ROWS // 9 + 3, 9, 4), dtype=np.uint8)
    smooth = matlab_bicubic(small, 6)  # bands meet in it; no overshoot beyond 0 to 255
    photo = Photo(smooth[..., :3], smooth[..., 3])
    seen = np.rint(laid_on(photo, background)).astype(np.uint8)
    result = laid_on(get_upscaler("bicubic", scale=2).upscale(photo), background)
    assert np.abs(result - matlab_bicubic(seen, 2)).max() <= 3


def test_opaque_and_evenly_transparent_pixels_keep_their_colours() -> None:
    random = np.random.default_rng(1)
    rgb = random.integers(0, 256, (BAND_ROWS + 7, 33, 3), dtype=np.uint8)
    for level in (255, 128, 1):
        alpha = np.full(rgb.shape[:2], level, np.uint8)
        np.testing.assert_array_equal(seen_colours(rgb, alpha), rgb)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (BAND_ROWS + 1, 5), (3 * BAND_ROWS, 61)])
def test_what_is_hidden_far_away_takes_the_colour_that_is_seen(shape: tuple[int, int]) -> None:
    alpha = np.zeros(shape, np.uint8)
    rgb = np.full((*shape, 3), 77, np.uint8)
    assert not seen_colours(rgb, alpha).any()
    alpha[-1, -1], rgb[-1, -1] = 3, (200, 100, 50)
    assert (seen_colours(rgb, alpha) == np.uint8([200, 100, 50])).all()
    out = np.zeros((2 * shape[0], 2 * shape[1], 3), np.uint8)
    premultiplied_bicubic(out, rgb, alpha, 2)
    assert set(map(tuple, out.reshape(-1, 3))) <= {(0, 0, 0), (200, 100, 50)}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_of_real_numbers_is_that_of_pixels_without_rounding(scale: int) -> None:
    pixels = np.random.default_rng(2).integers(90, 160, (13, 70, 3), dtype=np.uint8)
    values = bicubic_values(pixels.astype(np.float32), scale)
    assert np.abs(values - matlab_bicubic(pixels, scale)).max() < 1.3  # rounded twice


def test_laid_on_white_is_said() -> None:
    photo = Photo(np.uint8([[[0, 0, 0], [10, 200, 30]]]), np.uint8([[51, 255]]))
    flat = photo.on_white()
    assert flat.alpha is None
    np.testing.assert_array_equal(flat.rgb, [[[204, 204, 204], [10, 200, 30]]])
    assert [str(note) for note in flat.notes] == ["the see-through parts were laid on white"]
    assert flat.on_white() is flat

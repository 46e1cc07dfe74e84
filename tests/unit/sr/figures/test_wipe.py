"""A wipe between two pictures as an animated file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from sr.base.errors import ShapeError
from sr.figures.wipe import HEAD_PX, STEPS, to_webp, wipe_frames


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (20, 60, 3), np.uint8)


def test_a_wipe_goes_from_one_picture_to_the_other_and_back_without_loss():
    left, right = picture(0), picture(1)
    frames = wipe_frames(left, right, names=("bicubic", "SRGAN"), zoom=2)
    enlarged = [side.repeat(2, axis=0).repeat(2, axis=1) for side in (left, right)]
    assert np.array_equal(frames[0][HEAD_PX:], enlarged[0])
    assert np.array_equal(frames[-1][HEAD_PX:], enlarged[1])
    middle = frames[STEPS // 2][HEAD_PX:]
    assert np.array_equal(middle[:, :59], enlarged[0][:, :59])
    assert np.array_equal(middle[:, 61:], enlarged[1][:, 61:])
    film = Image.open(io.BytesIO(to_webp(frames)))
    assert film.n_frames == 2 * STEPS
    for number in (0, 5, STEPS, 2 * STEPS - 5):
        film.seek(number)
        wanted = frames[number if number <= STEPS else 2 * STEPS - number]
        assert np.array_equal(np.asarray(film.convert("RGB")), wanted)


def test_pictures_of_two_sizes_have_no_wipe():
    with pytest.raises(ShapeError, match="one size"):
        wipe_frames(picture(0), picture(1)[:10], names=("a", "b"))

"""Near copies of a photograph are known, other photographs are not taken for it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.images.likeness import NEAR_COPY_POINTS, Points, points_of, shared_points

skimage = pytest.importorskip("skimage")
DATA = Path(skimage.__file__).parent / "data"


def photograph(name: str) -> np.ndarray:
    return np.asarray(Image.open(DATA / name).convert("RGB"))[:288, :448]


@pytest.fixture(scope="module")
def coffee() -> Points:
    return points_of(photograph("coffee.png"))


def resized(rgb: np.ndarray, share: float) -> np.ndarray:
    size = (round(rgb.shape[1] * share), round(rgb.shape[0] * share))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC))


def compressed(rgb: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=40)
    return np.asarray(Image.open(file))


def blocky(rgb: np.ndarray) -> np.ndarray:
    """As nearest-neighbour shows it, with one pixel of each block kept."""
    return np.ascontiguousarray(resized(rgb, 0.25).repeat(4, 0).repeat(4, 1)[1::4, 1::4])


COPIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "reduced to a quarter": lambda rgb: resized(rgb, 0.25),
    "a quarter of what nearest shows": blocky,
    "half of it": lambda rgb: rgb[60:204, 100:324],
    "compressed, cut and reduced": lambda rgb: compressed(resized(rgb[40:260, 40:420], 0.4)),
    "turned": lambda rgb: np.ascontiguousarray(np.rot90(rgb)),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
def test_near_copies_are_known(coffee: Points, change: Callable[..., np.ndarray]) -> None:
    copy = points_of(change(photograph("coffee.png")))
    assert shared_points(copy, coffee) >= NEAR_COPY_POINTS


@pytest.mark.parametrize("name", ["chelsea.png", "astronaut.png", "brick.png"])
def test_other_photographs_are_not(coffee: Points, name: str) -> None:
    assert shared_points(points_of(photograph(name)), coffee) < NEAR_COPY_POINTS


@pytest.mark.parametrize("shape", [(1, 1, 3), (4, 300, 3), (64, 64, 3)])
def test_where_nothing_stands_out_nothing_is_known(coffee: Points, shape: tuple[int, ...]) -> None:
    assert shared_points(points_of(np.full(shape, 128, np.uint8)), coffee) == 0

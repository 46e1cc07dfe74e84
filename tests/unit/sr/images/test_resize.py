"""MATLAB's bicubic, bit for bit."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from sr.base.errors import ShapeError
from sr.formats.kinds import list_images
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, modcrop, nearest


@pytest.mark.parametrize(("name", "count"), [("Set5", 5), ("Set14", 14), ("BSD100", 100)])
def test_benchmark_low_resolution_images_come_out_bit_for_bit(
    shared: Path, name: str, count: int
) -> None:
    images = list_images(shared / "benchmark" / name)
    assert len(images) == count
    for path in images:
        hr = modcrop(open_image(path).rgb, 4)
        lr = open_image(shared / "benchmark" / f"{name}_LRbicx4" / path.name).rgb
        assert np.array_equal(matlab_bicubic(hr, 1 / 4), lr), path.name


def test_a_constant_image_stays_constant_both_ways() -> None:
    image = np.full((20, 12, 3), 77, np.uint8)
    assert np.array_equal(matlab_bicubic(image, 4), np.full((80, 48, 3), 77, np.uint8))
    assert np.array_equal(matlab_bicubic(image, 1 / 4), np.full((5, 3, 3), 77, np.uint8))


def test_the_interior_of_an_enlargement_equals_torch_up_to_the_rounding_between_passes() -> None:
    import torch
    from torch.nn import functional as F

    image = np.random.default_rng(0).integers(64, 192, (16, 20, 3), np.uint8)  # never clipped
    ours = matlab_bicubic(image, 4)[12:-12, 12:-12].astype(int)
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None].double()
    theirs = F.interpolate(tensor, scale_factor=4, mode="bicubic", antialias=True)
    rounded = theirs.round().clamp(0, 255)[0].permute(1, 2, 0).numpy()[12:-12, 12:-12].astype(int)
    assert np.abs(ours - rounded).max() <= 1


def exact_row(row: list[int], scale: Fraction) -> list[int]:
    """One row by the formula, in fractions: no sum is rounded, halves go up."""

    def kernel(x: Fraction) -> Fraction:
        x = abs(x)
        if x <= 1:
            return Fraction(3, 2) * x**3 - Fraction(5, 2) * x**2 + 1
        return -(x**3) / 2 + Fraction(5, 2) * x**2 - 4 * x + 2 if x <= 2 else Fraction(0)

    stretch = min(scale, Fraction(1))
    out = []
    for position in range(math.ceil(len(row) * scale)):
        centre = (position + Fraction(1, 2)) / scale - Fraction(1, 2)
        reach = range(math.floor(centre - 2 / stretch), math.ceil(centre + 2 / stretch) + 1)
        weights = [kernel(stretch * (centre - index)) for index in reach]
        pixels = [row[min(max(index, 0), len(row) - 1)] for index in reach]
        value = sum(w * p for w, p in zip(weights, pixels, strict=True)) / sum(weights)
        out.append(min(max(math.floor(value + Fraction(1, 2)), 0), 255))
    return out


@pytest.mark.parametrize("length", [1, 7, 150])
@pytest.mark.parametrize("scale", ["4", "1/4", "2", "3/2", "3", "1/3", "7/10", "1"])
def test_it_equals_exact_arithmetic_at_any_scale(scale: str, length: int) -> None:
    fraction = Fraction(scale)
    row = np.random.default_rng(length).integers(0, 256, length, np.uint8)
    row[: length // 2] = 255 * (row[: length // 2] > 127)  # beyond 0 and 255, and halves
    expected = np.array(exact_row(row.tolist(), fraction), np.uint8)
    rows = np.tile(row, (5, 1))
    height = math.ceil(5 * fraction)
    assert np.array_equal(matlab_bicubic(rows, float(fraction)), np.tile(expected, (height, 1)))
    columns = np.dstack([rows.T] * 3)
    assert np.array_equal(matlab_bicubic(columns, float(fraction))[:, 0, 2], expected)


def test_views_that_are_not_contiguous_give_the_same() -> None:
    image = np.random.default_rng(4).integers(0, 256, (300, 90, 4), np.uint8)
    view = image[::-1, ::2, 2::-1]
    assert np.array_equal(matlab_bicubic(view, 4), matlab_bicubic(view.copy(), 4))


@pytest.mark.parametrize("size", [(1, 1), (3, 48), (5000, 3), (2, 7)])
def test_any_size_works(size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    assert matlab_bicubic(image, 4).shape == (4 * size[0], 4 * size[1], 3)
    assert matlab_bicubic(image, 1 / 4).shape == (-(-size[0] // 4), -(-size[1] // 4), 3)
    assert matlab_bicubic(image[..., 0], 4).shape == (4 * size[0], 4 * size[1])


@pytest.mark.parametrize("image", [np.zeros((4, 4, 3)), np.zeros((0, 4), np.uint8), np.zeros(4)])
def test_other_arrays_are_refused(image: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="needed uint8"):
        matlab_bicubic(image, 4)


def test_a_scale_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ShapeError, match="scale -1"):
        matlab_bicubic(np.zeros((4, 4), np.uint8), -1)


def test_nearest_repeats_pixels_and_modcrop_cuts_right_and_bottom() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert np.array_equal(nearest(image, 4)[::4, ::4], image)
    assert np.array_equal(
        modcrop(np.arange(30).reshape(5, 6), 4), np.arange(30).reshape(5, 6)[:4, :4]
    )
    with pytest.raises(ShapeError, match="6x3"):
        modcrop(np.zeros((3, 6)), 4)

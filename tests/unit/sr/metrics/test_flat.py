"""Errors in flat areas."""

from __future__ import annotations

import numpy as np
import pytest

from sr.metrics.flat import flat_area_error, flat_areas


def square() -> np.ndarray:
    lr = np.full((30, 32, 3), (255, 0, 0), np.uint8)
    lr[10:20, 10:22] = 0
    return lr


def test_an_area_keeps_its_margin_from_every_edge() -> None:
    flat = flat_areas(square(), 3)
    assert flat[6, 15]
    assert not flat[7, 15]
    assert flat[13:17, 13:19].all()
    assert not flat[12, 13]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_largest_error_counts_in_flat_areas_only(scale: int) -> None:
    lr = square()
    enlarged = lr.repeat(scale, axis=0).repeat(scale, axis=1)
    assert flat_area_error(lr, enlarged, margin_px=3) == 0
    enlarged[8 * scale, 15 * scale] = 77  # beside the edge
    assert flat_area_error(lr, enlarged, margin_px=3) == 0
    enlarged[2 * scale, 3, 1] = 13
    assert flat_area_error(lr, enlarged, margin_px=3) == 13


def test_without_flat_areas_there_is_no_error() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    assert flat_area_error(noise, noise.repeat(4, axis=0).repeat(4, axis=1)) is None

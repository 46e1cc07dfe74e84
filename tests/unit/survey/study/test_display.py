"""Geometry against worked examples."""

from __future__ import annotations

import math

import pytest

from survey.study.display import (
    Display,
    pixels_per_degree,
    ppd_bin,
)
from survey.study.errors import InvalidAnswerError
from tests.unit.survey.conftest import DISPLAY


def ppi(inches: float, width: int, height: int) -> float:
    return math.hypot(width, height) / inches


@pytest.mark.parametrize(
    ("density", "distance_cm", "expected"),
    [
        (ppi(24, 1920, 1080), 60, 37.8),
        (ppi(15.6, 1920, 1080), 55, 53.4),
        (163, 60, 67.2),
        (227, 50, 78.0),
        (460, 30, 94.8),
    ],
)
def test_pixels_per_degree(density: float, distance_cm: float, expected: float) -> None:
    assert pixels_per_degree(density, distance_cm) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("density", "distance"), [(10_000, 60), (5, 60), (96, 0), (96, 1e4)])
def test_impossible_displays_are_refused(density: float, distance: float) -> None:
    with pytest.raises(InvalidAnswerError, match="needed"):
        pixels_per_degree(density, distance)


@pytest.mark.parametrize(
    ("ppd", "name"),
    [(44.9, "<45"), (45, "45-60"), (60, "60-75"), (75, ">75"), (None, "unknown")],
)
def test_bins(ppd: float | None, name: str) -> None:
    assert ppd_bin(ppd) == name


@pytest.mark.parametrize("name", ["ppi", "distance_cm", "dpr", "screen_width", "screen_height"])
def test_what_is_no_number_is_named(name: str) -> None:
    with pytest.raises(InvalidAnswerError, match=f"^{name} is 'wide'; needed a number"):
        Display.from_answer(DISPLAY | {name: "wide"})

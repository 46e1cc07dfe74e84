"""Geometry against worked examples."""

from __future__ import annotations

import math

import pytest

from survey.study.display import (
    arc_minutes,
    distance_from_blind_spot_cm,
    distance_of_acuity_cm,
    pixels_per_degree,
    ppd_bin,
    ppi_from_card,
)
from survey.study.errors import InvalidAnswerError


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


def test_a_card_gives_the_density() -> None:
    assert ppi_from_card(323.5, 1) == pytest.approx(96, abs=0.05)  # 96 CSS px an inch
    assert ppi_from_card(323.5, 2) == pytest.approx(192, abs=0.05)


@pytest.mark.parametrize("card", [0, -5, 3, 1e6, math.nan])
def test_a_card_that_cannot_be_is_refused(card: float) -> None:
    with pytest.raises(InvalidAnswerError):
        ppi_from_card(card, 1)


@pytest.mark.parametrize(("density", "distance"), [(10_000, 60), (5, 60), (96, 0), (96, 1e4)])
def test_impossible_displays_are_refused(density: float, distance: float) -> None:
    with pytest.raises(InvalidAnswerError, match="needed"):
        pixels_per_degree(density, distance)


def test_one_arc_minute_is_the_end_of_acuity() -> None:
    assert arc_minutes(60) == 1
    distance = distance_of_acuity_cm(96)
    assert arc_minutes(pixels_per_degree(96, distance)) == pytest.approx(1)


def test_blind_spot() -> None:
    assert distance_from_blind_spot_cm(120) == pytest.approx(49.98, abs=0.01)


@pytest.mark.parametrize(
    ("ppd", "name"),
    [(44.9, "<45"), (45, "45-60"), (60, "60-75"), (75, ">75"), (None, "unknown")],
)
def test_bins(ppd: float | None, name: str) -> None:
    assert ppd_bin(ppd) == name

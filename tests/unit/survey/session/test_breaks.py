"""Breaks after 30 trials at the latest, and erasing one's own session without its code."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from survey.session import rating
from survey.session.state import LONGEST_STRETCH, break_places
from survey.session.survey import Survey
from survey.study.errors import UnknownTokenError
from tests.unit.survey.conftest import Rater, tell_the_same


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        ([("practice", 5), ("rating", 25)], []),
        ([("practice", 5), ("rating", 26)], [16]),
        ([("rating", 31), ("pair", 10)], [16, 31]),
        ([("practice", 5), ("rating", 60), ("pair", 41)], [22, 43, 65, 85]),
        ([("practice", 2)], []),
        ([], []),
    ],
)
def test_no_stretch_is_longer_than_thirty(parts: list[tuple[str, int]], places: list[int]):
    blocks = [block for block, count in parts for _ in range(count)]
    assert break_places(blocks) == places
    ends = [0, *places, len(blocks)]
    assert max(b - a for a, b in pairwise(ends)) <= LONGEST_STRETCH


def test_a_long_part_is_broken_and_goes_on_where_it_was(
    open_survey: Callable[..., Survey], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("survey.session.state.LONGEST_STRETCH", 10)
    survey = open_survey()
    rater = Rater(survey)
    rater.show_display()
    stretch, stretches, breaks = 0, [], 0
    while rater.state["phase"] != "comment":
        if rater.state["phase"] == "break":
            stretches.append(stretch)
            breaks, stretch = breaks + 1, 0
            assert rater.state["trial"] is None
            assert rater.state["next"] is not None
            assert not rater.state["can_undo"]
            for _ in range(2):  # a reply that is lost is asked for again
                rater.state = rating.resume(survey, rater.token)
            assert rater.state["phase"] in ("rating", "pair")
        rater.answer()
        stretch += 1
    assert breaks >= 4
    assert max(stretches) <= 10
    assert tell_the_same(survey)


def test_an_undo_across_a_break_asks_for_no_second_break(
    open_survey: Callable[..., Survey], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("survey.session.state.LONGEST_STRETCH", 10)
    survey = open_survey()
    rater = Rater(survey)
    rater.show_display()
    while rater.state["phase"] != "break":
        rater.answer()
    rater.state = rating.resume(survey, rater.token)
    rater.state = rating.undo(survey, rater.token)
    rater.answer()
    assert rater.state["phase"] in ("rating", "pair")


def test_the_owner_of_a_session_erases_it_without_a_code(open_survey: Callable[..., Survey]):
    survey = open_survey()
    other, rater = Rater(survey), Rater(survey)
    rater.go_on(3)
    assert rating.withdraw(survey, "", token=rater.token)
    with pytest.raises(UnknownTokenError):
        rating.state(survey, rater.token)
    with pytest.raises(UnknownTokenError, match="erased"):
        rating.withdraw(survey, "", token=rater.token)
    assert rating.state(survey, other.token)["phase"] == "display"
    assert tell_the_same(survey)


def test_no_code_and_no_session_erase_nobody(open_survey: Callable[..., Survey]):
    survey = open_survey()
    rater = Rater(survey)
    with pytest.raises(UnknownTokenError):
        rating.withdraw(survey, "", token="")
    assert rating.state(survey, rater.token)["phase"] == "display"

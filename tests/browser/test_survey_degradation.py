"""Ratings beside the visible original, in a browser: what is named, the words, the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from survey.session import rating
from survey.session.survey import Survey
from tests.helpers.survey_page import PHONE, PlainServer, Visit, rows_of
from tests.helpers.tiny_study import PROTOCOL, make_study
from tests.unit.survey.conftest import Rater

WORDS = {
    "en-US": (
        "Very annoying", "Annoying", "Slightly annoying", "Perceptible, but not annoying",
        "Imperceptible",
    ),
    "pt-BR": (
        "Muito incômoda", "Incômoda", "Ligeiramente incômoda", "Perceptível, mas não incômoda",
        "Imperceptível",
    ),
}  # fmt: skip
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Survey, str]]:
    """A survey that asks nothing else, and its address."""
    folder = tmp_path_factory.mktemp("beside")
    again = {"repeats": 5, "repeat_distance": 1}  # so many that one of them always finds a place
    make_study(folder, protocol=replace(PROTOCOL, beside_original=True, compared=(), **again))
    survey = Survey(folder)
    server = PlainServer(survey)
    yield survey, server.start()
    server.stop()
    survey.close()


@pytest.fixture
def visit(open_page: Callable[..., Any], beside: tuple[Survey, str]) -> Callable[..., Visit]:
    def open_visit(rater: Rater, **options: Any) -> Visit:
        page = open_page("about:blank", own=True, **options)
        page.goto(beside[1])
        page.evaluate("(t) => localStorage.setItem('nitidez-survey', t)", json.dumps(rater.token))
        page.reload()
        return Visit(page, beside[0])

    return open_visit


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"locale": "en-US"}, ["Original", "Version"]),
        (PHONE | {"locale": "pt-BR"}, ["Original", "Versão"]),
    ],
    ids=["en", "phone, pt-BR"],
)
def test_the_original_is_named_and_the_words_are_those_of_impairment(
    visit, beside: tuple[Survey, str], options: dict[str, Any], names: list[str]
):
    rater = Rater(beside[0])
    rater.show_display(dpr=options.get("dpr", 1))
    while rater.state["phase"] != "rating":
        rater.answer()
    opened = visit(rater, **options)
    page = opened.page
    opened.begin()
    assert opened.judge.locator(".ns-letter").all_inner_texts() == names
    words = opened.judge.locator("[data-score] span").all_inner_texts()
    assert tuple(words) == WORDS[options["locale"]]
    assert opened.judge.locator("[data-choice=left]").is_hidden()
    frames = opened.judge.locator(".ns-canvas").get_attribute("data-frames").split(";")
    assert len(frames) == 2, "both are seen at once"
    page.locator("[data-judge=flicker]").click()
    assert page.evaluate(OVERFLOW) <= 0
    opened.step()
    expect(page.locator(".ns-saved")).to_contain_text(str(rater.state["progress"]["done"] + 1))
    assert rows_of(beside[0], rater.token)[-1]["flicker_ms"] > 0
    assert not page.console_errors


def test_the_end_shows_what_was_rated_highest_and_lowest(visit, beside: tuple[Survey, str]):
    rater = Rater(beside[0])
    rater.show_display()
    scores = (5, 1)
    while rater.state["phase"] != "comment":
        if rater.state["phase"] == "break":
            rater.state = rating.resume(beside[0], rater.token)
        rater.answer(scores[rater.state["progress"]["done"] % 2])
    rater.state = rating.finish(beside[0], rater.token)
    page = visit(rater).page
    expect(page.get_by_role("heading", name="What you rated highest and lowest")).to_be_visible()
    shown = page.locator(".ns-two").first
    assert shown.locator("b").all_inner_texts() == ["5 (Imperceptible)", "1 (Very annoying)"]
    for picture in shown.locator("img").all():
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 120
    expect(page.get_by_text("came twice without notice")).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
    assert not page.console_errors

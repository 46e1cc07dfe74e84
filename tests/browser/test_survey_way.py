"""A rater's way through the survey in a real browser: calibration, undo, pause, end, access."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import Page, expect

from demo.web.http import FRESH_SECONDS
from survey.session import owner, rating
from survey.session.invitations import invite, set_completion
from survey.session.survey import Survey
from tests.helpers.survey_page import PlainServer, Visit, rows_of, token_of
from tests.helpers.tiny_study import make_study
from tests.unit.survey.conftest import Rater


def test_the_card_the_slider_and_the_distance_give_pixels_per_degree(visit, session_at, survey):
    rater = session_at("display")
    page = visit(rater.token, dpr=2).page
    slider = page.locator(".nc-card-slider")
    slider.fill("4.5")
    before = page.locator(".nc-card").bounding_box()["width"]
    for _ in range(3):
        page.get_by_role("button", name="A little larger").click()
    width = page.locator(".nc-card").bounding_box()["width"]
    assert before == pytest.approx(4.5 * 85.6, abs=0.5)
    assert width == pytest.approx(before + 3 / 2, abs=0.05), "three device pixels more"
    page.get_by_role("button", name="It fits").click()
    page.get_by_label("Ruler or tape").check()
    page.get_by_label("Distance").fill("9")
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_disabled()
    page.get_by_label("Distance").fill("57,5")
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_role("button", name="Stripes or blotches").click()
    expect(page.locator("[data-screen=ready]")).to_be_visible()
    display = rating.state(survey, rater.token)["display"]
    assert display["ppi"] == pytest.approx(width * 2 * 25.4 / 85.6, rel=0.01)
    assert (display["ppi_method"], display["distance_method"]) == ("card", "ruler")
    assert (display["distance_cm"], display["pixel_check"], display["dpr"]) == (57.5, "fail", 2)
    page.get_by_role("button", name="Measure the screen again").click()
    page.get_by_text("No card at hand?").click()
    page.get_by_label("Diagonal in inches").fill("24")
    page.get_by_role("button", name="It fits").click()
    page.get_by_role("button", name="I cannot tell").click()
    page.get_by_role("button", name="I cannot tell").click()
    expect(page.locator("[data-screen=ready]")).to_be_visible()
    display = rating.state(survey, rater.token)["display"]
    assert display["ppi_method"] == "manual"
    assert display["ppi"] == pytest.approx(2 * np.hypot(1280, 900) / 24, rel=0.01)
    assert (display["distance_cm"], display["pixel_check"]) == (None, "skipped")


def test_a_screen_that_was_measured_is_remembered(visit, session_at, survey: Survey):
    first = session_at("display")
    page = visit(first.token).page
    for name in ("It fits", "Next", "Even"):
        page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator("[data-screen=ready]")).to_be_visible()
    second = session_at("display")
    page.evaluate("(t) => localStorage.setItem('nitidez-survey', t)", json.dumps(second.token))
    page.reload()
    expect(page.get_by_text("This screen is known")).to_be_visible()
    page.get_by_role("button", name="Still right, go on").click()
    expect(page.locator("[data-screen=ready]")).to_be_visible()
    known = [rating.state(survey, rater.token)["display"] for rater in (first, second)]
    assert known[0] == known[1]


def test_the_blind_spot_test_gives_a_distance(visit, session_at, survey: Survey):
    rater = session_at("display")
    page = visit(rater.token).page
    page.get_by_role("button", name="It fits").click()
    page.get_by_label("Blind spot test").check()
    page.get_by_role("button", name="Start the test").click()
    for number in (1, 2, 3):
        expect(page.get_by_text(f"{number} of 3", exact=True)).to_be_visible()
        page.get_by_role("button", name="It has vanished").click()
    expect(page.get_by_text(re.compile(r"^About \d+ cm"))).to_be_visible()
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_role("button", name="Even").click()
    expect(page.locator("[data-screen=ready]")).to_be_visible()
    display = rating.state(survey, rater.token)["display"]
    assert display["distance_method"] == "blind_spot"
    assert 24 < display["distance_cm"] < 60


def test_an_answer_can_be_undone_and_the_first_one_stays_on_record(first_trial, survey: Survey):
    rater, opened, done = first_trial
    page = opened.page
    page.keyboard.press("2")
    opened.saved(done + 1)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.keyboard.press("Backspace")
    opened.saved(done)
    assert opened.at() == "judging"
    opened.answer("5")
    opened.saved(done + 1)
    row = rows_of(survey, rater.token)[-1]
    assert (row["trial_id"], row["score"], row["original_score"]) == (
        rater.state["trial"]["id"],
        5,
        2,
    )
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()


def test_pause_and_the_language_of_the_page(visit, session_at, survey: Survey):
    rater = session_at("rating")
    opened = visit(rater.token)
    page = opened.page
    opened.begin()
    expect(page.locator(".ns-question")).to_have_text("How good is this picture?")
    page.keyboard.press("Escape")
    expect(page.get_by_text("You continue where you stopped.")).to_be_visible()
    page.evaluate("document.documentElement.lang = 'pt-BR'")
    expect(page.get_by_text("Você continua de onde parou.")).to_be_visible()
    page.get_by_role("button", name="Começar").click()
    expect(page.locator(".ns-question")).to_have_text("Como você avalia a qualidade desta imagem?")
    for word in ("Péssimo", "Ruim", "Regular", "Bom", "Excelente"):
        expect(page.get_by_role("button", name=word)).to_be_visible()


def test_a_study_that_was_closed_takes_nobody_and_loses_nothing(visit, session_at, survey: Survey):
    rater = session_at("rating")
    opened = visit(rater.token)
    page = opened.page
    opened.begin()
    owner.set_open(survey, False)
    try:
        page.keyboard.press("3")
        expect(page.get_by_role("heading", name="The survey is closed")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="The survey is closed")).to_be_visible()
    finally:
        owner.set_open(survey, True)
    page.wait_for_timeout(1000 * FRESH_SECONDS)  # so long the old answer is told to everybody
    assert len(rows_of(survey, rater.token)) == rater.state["progress"]["done"]


def test_a_code_erases_everything_and_the_page_begins_anew(visit, session_at, survey: Survey):
    rater = session_at("rating")
    opened = visit(rater.token)
    page = opened.page
    opened.begin()
    rating.withdraw(survey, rater.code)
    page.keyboard.press("3")
    expect(page.get_by_text("This session is not known here any more")).to_be_visible()
    page.get_by_role("button", name="want my answers erased").click()
    page.get_by_label("Code").fill(rater.code)
    page.get_by_role("button", name="Erase everything").click()
    expect(page.get_by_text("Code not found")).to_be_visible()
    other = session_at("rating")
    page.get_by_label("Code").fill(other.code.lower().replace("-", " "))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing of yours is left here")).to_be_visible()
    assert rows_of(survey, other.token) == []


def test_who_stopped_midway_can_erase_everything(visit, session_at, survey: Survey):
    rater, other = session_at("rating"), session_at("rating")
    page = visit(rater.token).page
    expect(page.locator("[data-screen=ready]")).to_be_visible()
    page.get_by_role("button", name="Erase my answers").click()
    page.get_by_label("Code").fill(other.code)  # of somebody else who used this device
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing of yours is left here")).to_be_visible()
    assert rows_of(survey, other.token) == []
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_text("You continue where you stopped.")).to_be_visible()
    page.get_by_role("button", name="Erase my answers").click()
    page.locator("[data-go=erase]").click()  # of this browser's own session: without a code
    expect(page.get_by_text("Nothing of yours is left here")).to_be_visible()
    expect(page.locator("[data-go=erase]")).not_to_be_visible()
    assert rows_of(survey, rater.token) == []
    page.get_by_role("button", name="Back").click()
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    for name in ("adult", "agree"):  # whoever begins now has agreed to nothing yet
        expect(page.locator(f"[name={name}]")).not_to_be_checked()
    expect(page.locator("[data-go=start]")).to_be_disabled()


def test_what_one_person_told_is_not_there_for_the_next(visit, session_at):
    page = visit(session_at("comment").token).page
    page.locator("[name=vision]").select_option("impaired")
    page.locator("[name=comment]").fill("mine")
    page.locator("[data-go=finish]").click()
    page.locator("[data-screen=end] [data-text=another]").click()
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    assert page.locator("[name=vision]").input_value() == ""
    assert page.locator("[name=comment]").input_value() == ""


def test_what_is_open_on_the_last_page_stays_open(visit, session_at):
    page = visit(session_at("end").token).page
    page.get_by_text("All your answers").click()
    page.set_viewport_size({"width": 1280, "height": 840})  # as when a phone hides its address bar
    page.wait_for_timeout(700)
    expect(page.locator(".ns-reveal details").last).to_have_attribute("open", "")


def test_instructions_after_practice_are_read_from_their_heading(visit, session_at):
    opened = visit(session_at("practice").token, width=390, height=600)
    page = opened.page
    expect(page.locator("[data-screen=ready]")).to_be_visible()
    first = page.locator(".ns-ready-title").inner_text()
    page.locator("[data-go=begin]").click()
    while opened.at() != "ready":
        opened.step()
    title = page.locator(".ns-ready-title")
    expect(title).not_to_have_text(first)
    expect(title).to_be_focused()
    assert page.evaluate("scrollY") == 0


def test_the_next_person_at_a_device_begins_anew(visit, session_at, survey: Survey):
    rater = session_at("break")
    page = visit(rater.token).page
    expect(page.locator("[data-screen=break]")).to_be_visible()
    page.get_by_role("button", name="Somebody else").click()
    page.get_by_role("button", name="Back").click()
    expect(page.locator("[data-screen=break]")).to_be_visible()
    page.get_by_role("button", name="Somebody else").click()
    page.get_by_role("button", name="Begin anew").click()
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    expect(page.get_by_role("button", name="Somebody else")).to_be_hidden()
    assert page.evaluate("localStorage.getItem('nitidez-survey')") is None
    assert len(rows_of(survey, rater.token)) == rater.state["progress"]["done"]


def test_every_screen_is_accessible(visit, session_at, survey: Survey):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="make test installs axe-playwright-python"
    ).Axe()

    def check(page: Page, where: str) -> None:
        # Only the survey: Gradio's own markup is not ours to judge.
        result = axe.run(page, context=".ns", options={"resultTypes": ["violations"]})
        found = [(v["id"], [n["html"] for n in v["nodes"]]) for v in result.response["violations"]]
        assert found == [], where

    for dark in (False, True):
        page = visit(dark=dark).page
        expect(page.locator("[data-screen=welcome]")).to_be_visible()
        check(page, "welcome")
    for phase in ("display", "rating", "pair", "break", "comment", "end"):
        rater = session_at(phase)
        page.evaluate("(t) => localStorage.setItem('nitidez-survey', t)", json.dumps(rater.token))
        page.reload()
        if phase in ("rating", "pair"):
            expect(page.locator("[data-screen=ready]")).to_be_visible()
            check(page, f"ready {phase}")
            page.locator("[data-go=begin]").click()
            assert Visit(page, survey).at() == "judging"
        else:
            expect(page.locator(f"[data-screen={phase}]")).to_be_visible()
        check(page, phase)
        if phase == "display":
            for name in ("It fits", "Next"):
                page.get_by_role("button", name=name, exact=True).click()
                check(page, name)


def test_nothing_moves_for_who_wants_less_motion(visit, session_at, survey: Survey):
    page = visit(session_at("rating").token, reduced_motion="reduce").page
    page.locator("[data-go=begin]").click()
    duration = "getComputedStyle(document.querySelector('.ns-line i')).transitionDuration"
    assert page.evaluate(duration) == "0s"


@pytest.fixture
def invited(tmp_path: Path) -> Iterator[tuple[Survey, str, list[str]]]:
    """A survey of its own that takes those with an invitation: with its address and three."""
    make_study(tmp_path)
    survey = Survey(tmp_path)
    set_completion(survey, "https://panel.example/done?who={id}")
    server = PlainServer(survey)
    yield survey, server.start(), invite(survey, 3)
    server.stop()
    survey.close()


def test_an_invitation_is_in_no_address_and_lets_one_person_in(open_page, invited):
    survey, address, (first, second, third) = invited
    page = open_page("about:blank", own=True)
    page.route("**/nothing", lambda route: route.fallback())  # see `visit`
    page.goto(address)
    start = page.locator("#ns-start-note")
    expect(start).to_contain_text("by invitation")

    def begin() -> None:
        for name in ("adult", "agree"):
            page.locator(f"[name={name}]").check()
        page.locator("[data-go=start]").click()

    def came(invitation: str, more: str = "") -> None:
        page.goto(f"{address}?tab=survey&invitation={invitation}{more}")
        expect(page.locator(".ns")).to_have_attribute("data-at", re.compile("^(?!loading$)."))
        expect(page).to_have_url(f"{address}?tab=survey")

    came("AAAAA-AAAAA")
    begin()
    expect(start).to_contain_text("not known here")
    came(first, "&PROLIFIC_PID=5f3a&STUDY_ID=1&SESSION_ID=2")
    page.route("**/survey/start", lambda route: (route.fetch(), route.abort()))
    begin()
    expect(start).to_contain_text("No connection")  # it was begun, and the reply was lost
    page.unroute("**/survey/start")
    page.reload()
    begin()
    expect(page.locator("[data-screen=code]")).to_be_visible()
    token = token_of(page)
    came(first)  # interrupted, and back with the same paper
    expect(page.locator("[data-screen=display]")).to_be_visible()
    came(second)  # somebody else at the same device
    expect(page.locator("[data-screen=leave]")).to_be_visible()
    page.locator("[data-screen=leave] [data-go=retry]").click()
    expect(page.locator("[data-screen=display]")).to_be_visible()
    rater = Rater.__new__(Rater)
    rater.survey, rater.token, rater.state = survey, token, rating.state(survey, token)
    rater.finish()
    page.evaluate("sessionStorage.clear()")
    page.reload()
    back = page.get_by_role("link", name="Go back to the panel that sent you here")
    expect(back).to_have_attribute("href", "https://panel.example/done?who=5f3a")
    came(third)
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    begin()
    expect(page.locator("[data-screen=code]")).to_be_visible()
    assert token_of(page) != token
    page.evaluate("localStorage.clear()")
    came(third)
    begin()
    expect(start).to_contain_text("has been used")

"""The survey in a real browser with bad networks and impatient people: nothing lost or doubled."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import expect

from survey.session import rating
from survey.session.survey import Survey
from tests.helpers.survey_page import JUDGE, Visit, rows_of, shown, stored


def test_a_reload_comes_back_to_the_same_trial(visit, session_at, survey: Survey):
    rater = session_at("rating")
    opened = visit(rater.token)
    page = opened.page
    opened.begin()
    page.keyboard.press("4")
    opened.saved(rater.state["progress"]["done"] + 1)
    assert opened.at() == "judging"
    trial = rating.state(survey, rater.token)["trial"]
    before = shown(page, 0)
    page.reload()
    expect(page.get_by_text("You continue where you stopped.")).to_be_visible()
    page.locator("[data-go=begin]").click()
    assert opened.at() == "judging"
    assert np.array_equal(shown(page, 0), before)
    assert np.array_equal(before, stored(survey, trial["images"][0]))


def test_without_local_storage_everything_works_and_the_page_warns(visit):
    forbid = """Object.defineProperty(window, "localStorage", {
      get() { throw new DOMException("denied", "SecurityError"); } });"""
    opened = visit(init=forbid)
    page = opened.page
    page.locator("[name=adult]").check()
    page.locator("[name=agree]").check()
    page.locator("[data-go=start]").click()
    expect(page.get_by_text("does not let the page remember")).to_be_visible()
    page.locator("[data-go=noted]").click()
    for name in ("It fits", "Next", "Even", "Begin"):
        page.get_by_role("button", name=name, exact=True).click()
    assert opened.at() == "judging"
    page.keyboard.press("1")
    opened.saved(1)


def test_answers_without_a_connection_are_kept_and_sent_later(first_trial, survey: Survey):
    rater, opened, done = first_trial
    page = opened.page
    page.context.set_offline(True)
    page.keyboard.press("2")
    expect(page.locator(".ns-saved").get_by_text("No connection.")).to_be_visible()
    opened.answer("3")  # the next picture was there already
    expect(page.locator(".ns-count")).to_have_text(re.compile(f"^{done + 2} /"))
    assert len(rows_of(survey, rater.token)) == done
    page.context.set_offline(False)
    opened.saved(done + 2)
    assert [row["score"] for row in rows_of(survey, rater.token)[done:]] == [2, 3]
    assert opened.at() == "judging"


def test_an_answer_that_a_crash_left_behind_is_sent_by_the_next_page(first_trial, survey: Survey):
    rater, opened, done = first_trial
    page = opened.page
    page.route("**/survey/answer", lambda route: route.abort())
    page.keyboard.press("5")
    expect(page.locator(".ns-saved").get_by_text("No connection.")).to_be_visible()
    page.unroute("**/survey/answer")
    page.reload()
    expect(page.locator("[data-screen=ready]")).to_be_visible()
    assert [row["score"] for row in rows_of(survey, rater.token)[done:]] == [5]
    waiting = "Object.keys(localStorage).filter((key) => key.includes('answer')).length"
    assert page.evaluate(waiting) == 0


def test_several_answers_left_behind_are_sent_in_the_order_they_were_given(
    first_trial, survey: Survey
):
    rater, opened, done = first_trial
    page = opened.page
    page.route("**/survey/answer", lambda route: route.abort())
    page.keyboard.press("2")
    opened.answer("4")
    expect(page.locator(".ns-count")).to_have_text(re.compile(f"^{done + 2} /"))
    page.unroute("**/survey/answer")
    # The order in which a browser lists its keys is its own business: here the newest comes first.
    page.add_init_script(
        """const keys = Object.keys;
        const score = (key) => JSON.parse(localStorage[key]).answer?.score || 0;
        Object.keys = (of) => of === window.localStorage
          ? keys(of).sort((a, b) => score(b) - score(a)) : keys(of);"""
    )
    page.reload()
    expect(page.locator("[data-screen=ready]")).to_be_visible()
    assert [row["score"] for row in rows_of(survey, rater.token)[done:]] == [2, 4]


def test_a_reply_that_is_lost_does_not_double_the_answer(first_trial, survey: Survey):
    rater, opened, done = first_trial
    page = opened.page
    attempts = []

    def lose(route: Any) -> None:
        attempts.append(route.fetch().status)
        if len(attempts) == 1:
            route.abort()
        elif len(attempts) == 2:
            route.fulfill(status=503, json={"error": {"key": "survey_store"}})
        else:
            route.fallback()

    page.route("**/survey/answer", lose)
    page.keyboard.press("4")
    opened.saved(done + 1)
    assert attempts == [200, 200, 200]
    assert [row["score"] for row in rows_of(survey, rater.token)[done:]] == [4]


def test_pictures_on_a_slow_network_keep_the_answers_locked(visit, session_at, survey: Survey):
    rater = session_at("rating")
    opened = visit(rater.token)
    page = opened.page
    expect(page.locator("[data-screen=ready]")).to_be_visible()
    held: list[Any] = []
    page.route("**/survey/image/*", lambda route: held.append(route))
    page.reload()
    page.locator("[data-go=begin]").click()
    expect(page.locator(JUDGE)).to_have_attribute("data-locked", "true")
    page.keyboard.press("3")
    page.wait_for_timeout(300)
    assert len(rows_of(survey, rater.token)) == rater.state["progress"]["done"]
    for route in held:
        route.continue_()
    page.unroute("**/survey/image/*")
    assert opened.at() == "judging"
    page.keyboard.press("3")
    opened.saved(rater.state["progress"]["done"] + 1)
    assert rows_of(survey, rater.token)[-1]["ready_ms"] >= 250


def test_a_double_click_and_a_key_held_down_answer_once(first_trial, survey: Survey):
    rater, opened, done = first_trial
    page = opened.page
    page.locator("[data-score='4']").dblclick(delay=20)
    expect(opened.judge.locator(".ns-question")).to_contain_text("too quick to count")
    page.wait_for_timeout(400)
    opened.saved(done + 1)
    assert opened.at() == "judging"
    for _ in range(8):
        page.keyboard.down("2")
        page.wait_for_timeout(60)
    page.keyboard.up("2")
    opened.saved(done + 2)
    assert [row["score"] for row in rows_of(survey, rater.token)[done:]] == [4, 2]


def test_two_tabs_of_one_session_agree(visit, session_at, survey: Survey):
    rater = session_at("rating")
    one = visit(rater.token)
    two = Visit(one.page.context.new_page(), survey)
    two.page.set_default_timeout(15_000)
    two.page.goto(one.page.url)
    done = rater.state["progress"]["done"]
    for tab in (one, two):
        tab.begin()
    one.page.keyboard.press("4")
    one.saved(done + 1)
    two.page.bring_to_front()
    two.page.keyboard.press("1")
    expect(two.page.get_by_text("answered before, perhaps in another tab")).to_be_visible()
    assert [row["score"] for row in rows_of(survey, rater.token)[done:]] == [4]
    two.answer("5")
    two.saved(done + 2)
    assert [row["score"] for row in rows_of(survey, rater.token)[done:]] == [4, 5]

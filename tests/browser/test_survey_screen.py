"""The survey's judging screen in a real browser: exact pixels, every window, what is noticed."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import expect

from survey.session import rating
from survey.session.survey import Survey
from tests.helpers.survey_page import JUDGE, frames_of, rows_of, shown, stored


@pytest.mark.parametrize("dpr", [1, 1.25, 1.5, 2, 3])
def test_every_picture_pixel_is_one_device_pixel(visit, session_at, survey: Survey, dpr: float):
    rater = session_at("pair", dpr=dpr, screen_width=1003, screen_height=701)
    opened = visit(rater.token, dpr=dpr, width=1003, height=701)
    page = opened.page
    opened.begin()
    names = rater.state["trial"]["images"]
    for index, name in enumerate(names):
        assert np.array_equal(shown(page, index), stored(survey, name))
    beside = frames_of(page)
    assert beside[0][1] == beside[1][1], "side by side, on one line"
    page.keyboard.press("Space")
    assert list(frames_of(page)) == [0]
    first = frames_of(page)[0]
    assert np.array_equal(shown(page, 0), stored(survey, names[0]))
    page.keyboard.press("Space")
    assert frames_of(page) == {1: first}, "the other one, in the same place"
    assert np.array_equal(shown(page, 1), stored(survey, names[1]))
    page.get_by_role("button", name="Side by side").click()
    assert frames_of(page) == beside
    page.keyboard.press("ArrowLeft")
    opened.saved(rater.state["progress"]["done"] + 1)
    row = rows_of(survey, rater.token)[-1]
    assert (row["choice"], row["switches"]) == ("left", 1)
    assert row["flicker_ms"] > 0


def test_the_same_angle_part_is_magnified_in_whole_squares(visit, session_at, survey: Survey):
    rater = session_at("pair", screen_width=1003, screen_height=701)
    with survey.store.writing() as db:
        db.execute("UPDATE trial SET target_ppd = 19 WHERE kind = 'pair'")
    opened = visit(rater.token, width=1003, height=701)
    page = opened.page
    opened.begin()
    trial = rating.state(survey, rater.token)["trial"]
    for index, name in enumerate(trial["images"]):
        pixels = stored(survey, name).repeat(2, axis=0).repeat(2, axis=1)
        assert np.array_equal(shown(page, index), pixels)
    page.keyboard.press("ArrowLeft")
    opened.saved(rater.state["progress"]["done"] + 1)
    assert rows_of(survey, rater.token)[-1]["magnification"] == 2


@pytest.mark.parametrize(
    ("width", "height", "layout"),
    [(500, 640, "beside"), (200, 640, "stacked"), (200, 300, "single"), (100, 500, "clipped")],
)
def test_a_pair_finds_its_place_in_any_window(
    visit, session_at, survey: Survey, width: int, height: int, layout: str
):
    rater = session_at("pair", screen_width=width, screen_height=height)
    opened = visit(rater.token, width=width, height=height)
    page = opened.page
    opened.begin()
    frames = frames_of(page)
    if layout == "beside":
        assert frames[0][0] + frames[0][2] < frames[1][0]
    elif layout == "stacked":
        assert frames[0][1] + frames[0][3] < frames[1][1]
    else:
        assert list(frames) == [0]
        page.keyboard.press("Space")
        assert list(frames_of(page)) == [1]
    warning = page.locator(".ns-warning")
    if layout == "clipped":
        expect(warning).to_contain_text("does not fit")
    else:
        expect(warning).to_be_hidden()
    opened.answer("0")
    opened.saved(rater.state["progress"]["done"] + 1)
    row = rows_of(survey, rater.token)[-1]
    assert (row["clipped"] > 0) == (layout == "clipped")
    assert (row["viewport_width"], row["viewport_height"]) == (width, height)


def test_zoom_pinch_and_another_monitor_are_noticed(visit, session_at, survey: Survey):
    rater = session_at("rating")
    opened = visit(rater.token)
    page = opened.page
    opened.begin()
    warning = page.locator(".ns-warning")
    expect(warning).to_be_hidden()
    devtools = page.context.new_cdp_session(page)

    def screen(dpr: float, width: int, height: int) -> None:
        sizes = {"width": width, "height": height, "screenWidth": width, "screenHeight": height}
        devtools.send(
            "Emulation.setDeviceMetricsOverride",
            {"deviceScaleFactor": dpr, "mobile": False} | sizes,
        )

    screen(1.25, 1024, 720)  # the same screen, zoomed to 125 % in Firefox
    expect(warning).to_contain_text("zoom of the page has changed")
    screen(1, 1280, 900)
    expect(warning).to_be_hidden()
    screen(1.25, 1280, 900)  # and in Chromium
    expect(warning).to_contain_text("zoom of the page has changed")
    screen(2, 1920, 1080)
    expect(warning).to_contain_text("another screen")
    screen(1, 1280, 900)
    expect(warning).to_be_hidden()
    devtools.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1.5})
    expect(warning).to_contain_text("pinch it back")
    page.keyboard.press("4")
    opened.saved(rater.state["progress"]["done"] + 1)
    row = rows_of(survey, rater.token)[-1]
    assert row["visual_scale"] == pytest.approx(1.5)
    assert "pinched" in row["flags"]


def test_nothing_but_pictures_answers_and_progress_is_within_reach(visit, session_at):
    rater = session_at("rating")
    page = visit(rater.token).page
    page.locator("[data-go=begin]").click()
    expect(page.locator(JUDGE)).to_be_visible()
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.closest('.ns-judge') !== null"))
    assert reached - {False} == {True}
    grey = page.evaluate("getComputedStyle(document.querySelector('.ns-judge')).backgroundColor")
    assert grey == "rgb(108, 108, 108)"

"""The curve under the viewer: asked for once, sentences and chart, the own display marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import gradio as gr
import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import Page, expect

from demo.web.curve import build_curve, curve_text, curve_value

PPDS = (15, 30, 60, 120)
PAIRS = (
    {"a": "Bicubic", "b": "SRGAN", "differences": [6, 5, 4, 3], "from_ppd": None},
    {"a": "SRResNet", "b": "SRGAN", "differences": [4, 3, 2, 1], "from_ppd": 50.4},
    {"a": "X", "b": "Y", "differences": [1, 1, 1, 0], "from_ppd": 15.0},
)


@pytest.fixture(scope="module")
def address(launch_app: Callable[..., str]) -> Iterator[str]:
    def answer() -> Iterator[dict]:
        yield curve_value("busy", language="en")
        yield curve_value(
            "ready", language="en", ppds=PPDS, pairs=PAIRS, noticeable=2.3, side_px=640
        )

    with gr.Blocks() as blocks:
        curve = build_curve()
        curve.select(answer, None, curve, show_progress="hidden")
        for state in ("idle", "failed"):
            gr.Button(state).click(
                lambda state=state: curve_value(state, language="pt-BR"), None, curve
            )
    return launch_app(blocks)


def know_screen(page: Page, ppi: float, cm: float) -> None:
    page.evaluate(
        """measured => {
            const dpr = window.devicePixelRatio;
            const sides = [screen.width * dpr, screen.height * dpr].map(Math.round);
            const key = `${Math.max(...sides)}x${Math.min(...sides)}@${dpr.toFixed(3)}`;
            localStorage.setItem('nitidez-screens', JSON.stringify({ [key]: measured }));
        }""",
        {"ppi": ppi, "distance_cm": cm},
    )


def test_it_says_from_where_on_and_where_the_own_display_is(
    open_page: Callable[..., Page], address: str
) -> None:
    page = open_page(address)
    know_screen(page, 163.18, 60)  # 67.3 pixels per degree
    expect(page.locator(".nk")).to_be_hidden()
    page.get_by_role("button", name="idle").click()
    expect(page.locator(".nk-button")).to_have_text(
        "Mostrar a partir de que densidade parecem iguais"
    )
    page.locator(".nk-button").click()
    expect(page.locator(".nk-said li")).to_have_count(3)
    said = page.locator(".nk-said li").all_inner_texts()
    assert said[0] == (
        "Bicubic and SRGAN can be told apart up to 120 pixels per degree and beyond. "
        "On your display you can."
    )
    assert said[1] == (
        "From 50 pixels per degree on, you will hardly tell SRResNet from SRGAN. "
        "On your display you hardly can."
    )
    assert "already at 15 pixels per degree" in said[2]
    chart = page.get_by_role("img", name=re.compile("look alike"))
    expect(chart.locator("polyline")).to_have_count(3)
    expect(chart.locator(".own-label")).to_have_text("your display: 67")
    own = float(chart.locator(".own").get_attribute("x1"))
    # ln(67.3 / 15) / ln(120 / 15) of the way from 44 to 704
    assert own == pytest.approx(44 + 660 * 0.7219, abs=0.5)
    hint = page.locator(".nk-found .nk-hint")
    expect(hint).to_contain_text("640 × 640 pixels in the middle")
    assert page.console_errors == []


def test_without_a_measured_display_it_says_so(
    open_page: Callable[..., Page], address: str
) -> None:
    page = open_page(address)
    page.get_by_role("button", name="failed").click()
    expect(page.locator(".nk-ask .nk-hint")).to_contain_text("Tente de novo")
    page.locator(".nk-button").click()
    expect(page.locator(".nk-found .nk-hint")).to_contain_text(
        "Measure your screen in the Display tab"
    )
    expect(page.locator(".own")).to_have_count(0)
    assert "On your display" not in page.locator(".nk-said").inner_text()


def test_both_languages_say_the_same_things() -> None:
    texts = curve_text()
    places = {
        language: {key: re.findall(r"\{\w+\}", words) for key, words in text.items()}
        for language, text in texts.items()
    }
    assert places["en"].keys() == places["pt-BR"].keys()
    for key, found in places["en"].items():
        assert sorted(found) == sorted(places["pt-BR"][key]), key


def test_an_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match="state 'x'"):
        curve_value("x")

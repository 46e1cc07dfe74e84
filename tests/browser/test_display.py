"""The display tab in a real browser: numbers, presets, impossible input, several pixel ratios."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import gradio as gr
import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import expect

from demo.display.page import build_display_panel

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def address(launch_app: Callable[..., str]) -> str:
    with gr.Blocks() as blocks:
        build_display_panel()
    return launch_app(blocks)


def tell(page: Page, ppi: str, cm: str) -> None:
    page.locator("[name=ppi]").fill(ppi)
    page.locator("[name=cm]").fill(cm)
    page.keyboard.press("Enter")


def figures(page: Page) -> dict[str, str]:
    texts = page.locator(".nd-figures div").all_inner_texts()
    return dict(text.split("\n", 1) for text in texts)


# survey.md, section c8: 24 inches full HD, 27 inches 4K, a phone of 460 ppi.
@pytest.mark.parametrize(
    ("ppi", "cm", "ppd", "dpr"),
    [("91.79", "60", "37.8", 1), ("163.18", "60", "67.3", 1.5), ("460", "30", "94.8", 3)],
)
def test_worked_examples(
    open_page: Callable[..., Page], address: str, ppi: str, cm: str, ppd: str, dpr: float
) -> None:
    page = open_page(address, dpr=dpr)
    expect(page.locator(".nd-verdict")).to_contain_text("Measure this screen")
    tell(page, ppi, cm)
    found = figures(page)
    assert found["Pixels per degree"] == ppd
    assert found["One pixel, in minutes of arc"] == f"{60 / float(ppd):.2f}′"
    can_see = "no longer separates" if float(ppd) >= 60 else "separates the pixels"
    expect(page.locator(".nd-verdict")).to_contain_text(can_see)
    page.reload()  # the browser keeps it
    expect(page.locator(".nd-own")).to_contain_text(ppd)


@pytest.mark.parametrize(
    ("ppi", "cm", "text"),
    [
        ("10000", "60", "Density: no display has 10000. Enter 20 to 1000"),
        ("3", "60", "Density: no display has 3."),
        ("abc", "60", "Density: no display has abc."),
        ("100", "0", "Distance: 0 is not possible. Enter 10 to 400 cm."),
        ("100", "", "Distance: – is not possible"),
    ],
)
def test_impossible_displays_are_refused(
    open_page: Callable[..., Page], address: str, ppi: str, cm: str, text: str
) -> None:
    page = open_page(address)
    tell(page, ppi, cm)
    expect(page.locator(".nd-problem")).to_contain_text(text)
    assert figures(page)["Density"] == "not measured"


def test_a_preset_and_the_bank_card(open_page: Callable[..., Page], address: str) -> None:
    page = open_page(address, dpr=2)
    page.get_by_role("button", name=re.compile("Use this density: Monitor, 24")).click()
    assert figures(page)["Pixels per degree"] == "37.8"
    page.get_by_role("button", name="Measure again with a bank card").click()
    page.get_by_role("button", name="It fits").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Even", exact=True).click()
    expect(page.locator(".nd-main")).to_be_visible()
    assert figures(page)["Density"] == "192 ppi"  # 96 CSS pixels an inch, twice as many pixels
    assert not page.console_errors  # type: ignore[attr-defined]


@pytest.mark.parametrize("density", ["91,79", "91.79"])
@pytest.mark.parametrize(
    ("language", "label", "value"),
    [("pt-BR", "Pixels por grau", "37,8"), ("en", "Pixels per degree", "37.8")],
)
def test_numbers_may_be_written_either_way(
    open_page: Callable[..., Page],
    address: str,
    density: str,
    language: str,
    label: str,
    value: str,
) -> None:
    page = open_page(address, locale=language)
    page.evaluate("(language) => { document.documentElement.lang = language }", language)
    tell(page, density, "60")
    assert figures(page)[label] == value

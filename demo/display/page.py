"""The display's page: how large a pixel is to the person, measured once and known to every tab.

One gr.HTML with its own HTML, CSS and JavaScript. Nothing is sent to the server: the browser keeps
what was measured, by screen.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from demo.web import calibration
from demo.web.i18n import display_words
from demo.web.scripts import start_script
from demo.web.tab import Tab

FOLDER = Path(__file__).parent


@cache
def display_text() -> dict[str, dict[str, str]]:
    """Every word of the page, by language."""
    own = json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))
    measuring = calibration.calibration_text()
    return {
        language: measuring[language] | words | own[language]
        for language, words in display_words().items()
    }


def build_display_panel(**kwargs: Any) -> gr.HTML:
    """The display's page as a component; keywords go to gr.HTML."""
    html = (FOLDER / "display.html").read_text("utf-8")
    css = (FOLDER / "display.css").read_text("utf-8")
    return gr.HTML(
        "",
        html_template=html.replace("<!-- calibration -->", calibration.calibration_html()),
        css_template=f"{calibration.calibration_css()}\n{css}",
        js_on_load=start_script("display/js/display.js"),
        apply_default_css=False,
        text=display_text(),
        **kwargs,
    )


def build_display_tab() -> Tab:
    """Build the tab inside the current Blocks context."""
    build_display_panel(elem_id="display")
    return Tab()

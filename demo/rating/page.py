"""The survey's page: one gr.HTML with its own HTML, CSS and JavaScript.

It asks `survey/status` when it is first seen, and from then on talks JSON with the routes of
`demo.rating.routes`; no Gradio event is part of it. Nothing here names a method: the page learns
what it has shown when the session is over.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from demo.web import calibration
from demo.web.scripts import start_script
from demo.web.tab import Tab

FOLDER = Path(__file__).parent


@cache
def survey_text() -> dict[str, dict[str, str]]:
    """Every word of the survey's page, by language."""
    own = json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))
    shared = calibration.calibration_text()
    return {language: shared[language] | words for language, words in own.items()}


def survey_html() -> str:
    """The page's HTML, without words."""
    own = (FOLDER / "survey.html").read_text("utf-8")
    return own.replace("<!-- calibration -->", calibration.calibration_html())


def survey_css() -> str:
    """The page's styles; colours come from style.css."""
    return f"{calibration.calibration_css()}\n{(FOLDER / 'survey.css').read_text('utf-8')}"


def build_survey_panel(**kwargs: Any) -> gr.HTML:
    """The survey as a component; keywords go to gr.HTML."""
    return gr.HTML(
        "",
        html_template=survey_html(),
        css_template=survey_css(),
        js_on_load=start_script("rating/js/survey.js"),
        apply_default_css=False,
        text=survey_text(),
        **kwargs,
    )


def build_survey_tab() -> Tab:
    """Build the tab inside the current Blocks context."""
    build_survey_panel(elem_id="survey")
    return Tab()

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

FOLDER = Path(__file__).parent
SCRIPTS = ("optics", "display", "start")


@cache
def display_text() -> dict[str, dict[str, str]]:
    """Every word of the page, by language."""
    own = json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))
    shared = calibration.calibration_text()
    return {language: shared[language] | words for language, words in own.items()}


def display_script() -> str:
    """The page's JavaScript: the calibration's files and those of js/ in order, one body."""
    own = "\n".join((FOLDER / "js" / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    return f"{calibration.calibration_script()}\n{own}"


def optics_script() -> str:
    """The arithmetic of displays and what the browser remembers of its own, for other pages."""
    files = (
        calibration.FOLDER / "js" / "geometry.js",
        calibration.FOLDER / "js" / "memory.js",
        FOLDER / "js" / "optics.js",
    )
    return "\n".join(path.read_text("utf-8") for path in files)


def build_display_panel(**kwargs: Any) -> gr.HTML:
    """The display's page as a component; keywords go to gr.HTML."""
    html = (FOLDER / "display.html").read_text("utf-8")
    css = (FOLDER / "display.css").read_text("utf-8")
    return gr.HTML(
        "",
        html_template=html.replace("<!-- calibration -->", calibration.calibration_html()),
        css_template=f"{calibration.calibration_css()}\n{css}",
        js_on_load=display_script(),
        apply_default_css=False,
        text=display_text(),
        **kwargs,
    )

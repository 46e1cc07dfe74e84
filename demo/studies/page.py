"""The owner's studies as a part of the results' tab; it is seen only after the owner's sign-in."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from demo.web.scripts import start_script

FOLDER = Path(__file__).parent


@cache
def studies_text() -> dict[str, dict[str, str]]:
    """Every word of the page, by language."""
    return json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))


def build_studies_panel(**kwargs: Any) -> gr.HTML:
    """The studies as a component; keywords go to gr.HTML."""
    return gr.HTML(
        "",
        html_template=(FOLDER / "studies.html").read_text(encoding="utf-8"),
        css_template=(FOLDER / "studies.css").read_text(encoding="utf-8"),
        js_on_load=start_script("studies/js/studies.js"),
        apply_default_css=False,
        text=studies_text(),
        **kwargs,
    )

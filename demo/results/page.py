"""The results' page: one gr.HTML with its own HTML, CSS and JavaScript.

It asks `results/status` when it is first seen, and then talks JSON with `demo.results.routes`. The
comparison viewer is part of it: a click on a photograph shows its versions with their scores.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from demo.web import viewer
from demo.web.tab import Tab

FOLDER = Path(__file__).parent


@cache
def results_text() -> dict[str, dict[str, str]]:
    """Every word of the page, by language; the results themselves bring theirs."""
    return json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))


def build_results_panel(**kwargs: Any) -> gr.HTML:
    """The results as a component; keywords go to gr.HTML."""
    return viewer.panel_with_viewer(FOLDER, "results", results_text(), **kwargs)


def build_results_tab() -> Tab:
    """Build the tab inside the current Blocks context."""
    build_results_panel(elem_id="results")
    return Tab()

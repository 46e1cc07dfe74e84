"""The page on which people compare pictures of their own: one gr.HTML with its own HTML, CSS and
JavaScript, and the comparison viewer in it. It talks JSON with `demo.compare.routes`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from demo.compare.kept import MOST_MEGAPIXELS
from demo.compare.pictures import BORDER_PX, MOST_PICTURES
from demo.web import viewer
from demo.web.i18n import texts
from demo.web.tab import Tab
from sr.microscopy.files.stretch import LUTS

FOLDER = Path(__file__).parent


@cache
def compare_text() -> dict[str, dict[str, str]]:
    """Every word of the page, by language; of frames it says what the upscaler says."""
    own = json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))
    return {
        language: words
        | {k: t for k, t in texts(language).items() if k.startswith(("frame_", "lut_"))}
        for language, words in own.items()
    }


def build_compare_panel(**kwargs: Any) -> gr.HTML:
    """The page as a component; keywords go to gr.HTML."""
    return viewer.panel_with_viewer(
        FOLDER,
        "compare",
        compare_text(),
        most=MOST_PICTURES,
        border_px=BORDER_PX,
        megapixels=MOST_MEGAPIXELS,
        luts=list(LUTS),
        **kwargs,
    )


def build_compare_tab() -> Tab:
    """Build the tab inside the current Blocks context."""
    build_compare_panel(elem_id="compare")
    return Tab()

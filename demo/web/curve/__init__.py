"""From what distance two versions can be told apart: the curve under the viewer.

A gr.HTML with its own HTML, CSS and JavaScript. Python gives it numbers (`curve_value`); the
browser knows its own display and marks it. The page's `select` event asks for the numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from demo.web.scripts import start_script

FOLDER = Path(__file__).parent
STATES = ("hidden", "idle", "busy", "ready", "failed")


@cache
def curve_text() -> dict[str, dict[str, str]]:
    """Every word of the curve, by language."""
    return json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))


def build_curve(**kwargs: Any) -> gr.HTML:
    """The curve as a component; keywords go to gr.HTML."""
    return gr.HTML(
        value=curve_value("hidden"),
        html_template=(FOLDER / "curve.html").read_text("utf-8"),
        css_template=(FOLDER / "curve.css").read_text("utf-8"),
        js_on_load=start_script("web/curve/js/curve.js"),
        apply_default_css=False,
        text=curve_text(),
        **kwargs,
    )


def curve_value(
    state: str,
    *,
    language: str | None = None,
    ppds: Sequence[float] = (),
    pairs: Sequence[Mapping[str, Any]] = (),
    noticeable: float = 0.0,
    side_px: int | None = None,
) -> dict[str, Any]:
    """What the curve shows, as the JSON value of the component.

    Args:
        state: "hidden", "idle" (the numbers can be asked for), "busy", "ready" or "failed".
        language: "en" or "pt-BR"; None lets the browser choose.
        ppds: pixels per degree, rising.
        pairs: each with `a` and `b` (labels), `differences` (as many as ppds) and `from_ppd`, the
            density from which on the two can hardly be told apart, or None.
        noticeable: the difference that is just noticeable.
        side_px: side of the part in the middle that was looked at; None: the whole picture.

    Raises:
        ValueError: an unknown state.
    """
    if state not in STATES:
        raise ValueError(f"state {state!r}; needed one of {', '.join(STATES)}")
    return {
        "state": state,
        "language": language,
        "ppds": list(ppds),
        "pairs": [dict(pair) for pair in pairs],
        "noticeable": noticeable,
        "side": side_px,
    }

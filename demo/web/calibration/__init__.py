"""Measuring a display in the browser: pixel density by a bank card, distance, pixel check.

HTML, CSS and words, for a gr.HTML to include; js/calibration.js has the class `Calibration`, which
knows nothing of who uses it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def calibration_text() -> dict[str, dict[str, str]]:
    """Every word, by language."""
    return json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))


def calibration_html() -> str:
    """The steps, as elements inside one `.nc`."""
    return (FOLDER / "calibration.html").read_text("utf-8")


def calibration_css() -> str:
    """Styles; colours come from the page's custom properties."""
    return (FOLDER / "calibration.css").read_text("utf-8")

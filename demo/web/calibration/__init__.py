"""Measuring a display in the browser: pixel density by a bank card, distance, pixel check.

HTML, CSS, JavaScript and words, for a gr.HTML to include. The script defines the class
`Calibration`; it knows nothing of who uses it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
SCRIPTS = ("geometry", "memory", "card", "distance", "pixels", "calibration")


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


def calibration_script() -> str:
    """The files of js/ in order."""
    return "\n".join((FOLDER / "js" / f"{name}.js").read_text("utf-8") for name in SCRIPTS)

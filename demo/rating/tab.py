"""The survey tab: a place for the survey's own page. Its answers go by routes of their own."""

from __future__ import annotations

from demo.rating.page import build_survey_panel
from demo.upscale.tab import Tab


def build_survey_tab() -> Tab:
    """Build the tab inside the current Blocks context."""
    build_survey_panel(elem_id="survey")
    # The panel follows the page's language by itself: <html lang> says it.
    return Tab([], lambda language, request: [])

"""The results tab: a place for the results' own page, which talks with routes of its own."""

from __future__ import annotations

from demo.results.page import build_results_panel
from demo.upscale.tab import Tab


def build_results_tab() -> Tab:
    """Build the tab inside the current Blocks context."""
    build_results_panel(elem_id="results")
    # The panel follows the page's language by itself: <html lang> says it.
    return Tab([], lambda language, request: [])

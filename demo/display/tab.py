"""The display tab: a place for the display's own page."""

from __future__ import annotations

from demo.display.page import build_display_panel
from demo.upscale.tab import Tab


def build_display_tab() -> Tab:
    """Build the tab inside the current Blocks context."""
    build_display_panel(elem_id="display")
    # The panel follows the page's language by itself: <html lang> says it.
    return Tab([], lambda language, request: [])

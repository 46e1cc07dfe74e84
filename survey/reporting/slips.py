"""Invitations on paper: pages of slips to cut, each with the code and address for one person."""

from __future__ import annotations

import io
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from sr.base.files import csv_text
from survey.reporting.page.words import Language, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_INCHES = (8.27, 11.69)  # A4
COLUMNS, ROWS = 2, 6
MARGIN_INCHES = 0.4
QR_INCHES = 1.25
LINE_LETTERS = 38


def list_csv(invitations: Sequence[str], addresses: Sequence[str]) -> bytes:
    """The same as a table, for letters and mails."""
    numbers = range(1, len(invitations) + 1)
    rows = zip(numbers, invitations, addresses, strict=True)
    return csv_text(("number", "invitation", "address"), rows).encode()


def slips_pdf(addresses: Sequence[str], language: Language) -> bytes:
    """A4 pages of twelve slips, each with an address as QR code and as text."""
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    file = io.BytesIO()
    with PdfPages(file) as pages:
        for first in range(0, len(addresses), COLUMNS * ROWS):
            figure = Figure(figsize=PAGE_INCHES)
            for place, address in enumerate(addresses[first : first + COLUMNS * ROWS]):
                _draw(figure, place, address, language)
            pages.savefig(figure)
    return file.getvalue()


def _draw(figure: Figure, place: int, address: str, language: Language) -> None:
    import segno
    from matplotlib.patches import Rectangle

    page_width, page_height = PAGE_INCHES
    width = (page_width - 2 * MARGIN_INCHES) / COLUMNS
    height = (page_height - 2 * MARGIN_INCHES) / ROWS
    row, column = divmod(place, COLUMNS)
    left = MARGIN_INCHES + column * width
    bottom = page_height - MARGIN_INCHES - (row + 1) * height
    axes = figure.add_axes(
        (left / page_width, bottom / page_height, width / page_width, height / page_height)
    )
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    dashes: dict[str, Any] = {
        "fill": False,
        "linestyle": (0, (4, 4)),
        "linewidth": 0.5,
        "edgecolor": "0.6",
    } | {"clip_on": False}
    axes.add_patch(Rectangle((0, 0), width, height, **dashes))
    modules = segno.make(address, error="m").matrix
    side = QR_INCHES / len(modules)
    top = (height + QR_INCHES) / 2
    for line, dark in enumerate(modules):
        runs = [(0.15 + x * side, side) for x, is_dark in enumerate(dark) if is_dark]
        axes.broken_barh(runs, (top - (line + 1) * side, side), color="black", linewidth=0)
    where, mark, rest = address.partition("?")
    lines = [
        line
        for part in (where, mark + rest)
        for line in wrap(part, LINE_LETTERS, break_on_hyphens=False)
    ]
    words = "\n".join(wrap(say(language, "slip_text"), LINE_LETTERS))
    beside = QR_INCHES + 0.3
    for above, text, style in (
        (top - 0.02, say(language, "slip_title"), {"fontsize": 9, "fontweight": "bold"}),
        (top - 0.22, words, {"fontsize": 7.5}),
        (top - 0.72, "\n".join(lines), {"fontsize": 6.5, "family": "monospace"}),
    ):
        axes.text(beside, above, text, va="top", linespacing=1.25, **style)

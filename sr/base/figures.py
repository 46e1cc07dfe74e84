"""Finished figures of matplotlib as files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sr.base.files import write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 150
SUFFIXES = (".png", ".svg", ".pdf")
# With these, and numbers where there are more, lines and points are told apart without colour.
LINES = ("-", "--", "-.", ":")
MARKERS = "osD^vPX*<>ph"
NO_DATE: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}


def encode(figure: Figure, suffix: str) -> bytes:
    """A finished figure as PNG, SVG or PDF. The same figure gives the same bytes.

    What is where is decided the first time: finding it takes longer than drawing.

    Args:
        suffix: of SUFFIXES.
    """
    import matplotlib as mpl

    content = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "nitidez", "svg.fonttype": "path", "pdf.fonttype": 42}):
        figure.savefig(content, format=suffix[1:], dpi=DOTS_PER_INCH, metadata=NO_DATE[suffix])
    figure.set_layout_engine(None)
    return content.getvalue()


def write_figures(figure: Figure, path: Path) -> list[Path]:
    """Write a figure under a name with each suffix; the files, the PNG first.

    Args:
        path: its own suffix does not count.

    Raises:
        OutputError: one cannot be written.
    """
    paths = [path.with_suffix(suffix) for suffix in SUFFIXES]
    for target in paths:
        write_file(target, encode(figure, target.suffix))
    return paths

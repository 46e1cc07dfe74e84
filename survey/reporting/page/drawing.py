"""How figures look, and how they become files. Equal figures give equal files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sr.base.figures import encode as encode
from survey.reporting.page.words import Labels, Language, method_name, say, scaled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class View(NamedTuple):
    """For whom a figure is drawn."""

    language: Language
    is_public: bool  # nothing that is one person's
    labels: Labels = {}  # noqa: RUF012 (read only)
    scale: str = "acr"  # of the scores; see `words.scaled`

    def say(self, key: str, **values: Any) -> str:
        """One text, as this scale has it."""
        return say(self.language, scaled(self.language, key, self.scale), **values)

    def name(self, method: str) -> str:
        """What a method is called."""
        return method_name(self.language, method, self.labels)


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure as its name's ending says.

    Raises:
        OSError: it cannot be written.
    """
    path.write_bytes(encode(figure, path.suffix.lower() if path.suffix else ".png"))


@contextmanager
def styled(view: View) -> Iterator[None]:
    import matplotlib as mpl
    import seaborn as sns

    with sns.axes_style("whitegrid"), mpl.rc_context({"axes.unicode_minus": True}):
        yield


def new_axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure, panels = new_panels(1, 1, width, height)
    return figure, panels[0, 0]


def new_panels(rows: int, columns: int, width: float, height: float, **sharing: Any) -> Any:
    """A figure that no window knows, and its axes in a grid, each of the size in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * columns, height * rows + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **sharing)


def draw_interval(
    axes: Axes, x: float, value: float, low: float, high: float, colour: Any, *, thin: bool = False
) -> None:
    """A point with its interval, where it has one."""
    axes.plot([x], [value], "o", color=colour)
    if not (np.isnan(low) or np.isnan(high)):
        ends = [[max(0.0, value - low)], [max(0.0, high - value)]]
        style = {"capsize": 2, "elinewidth": 0.9} if thin else {"capsize": 4, "elinewidth": 2.4}
        axes.errorbar([x], [value], ends, color=colour, **style)  # type: ignore[arg-type]


def draw_versions(
    axes: Axes,
    table: pd.DataFrame,
    measure: str,
    mapping: np.ndarray,
    view: View,
    order: Sequence[str],
) -> None:
    """Scores of versions over a measure, with intervals; those of a photograph are joined.

    Args:
        mapping: (4,) of a cubic from measure to score, the constant first; NaN where there is none.
    """
    for _, part in table[table[measure].notna()].sort_values(measure).groupby("image"):
        axes.plot(part[measure], part["mos"], color="0.8", linewidth=0.7, zorder=1)
    for method in (m for m in order if m in set(table["method"])):
        part, colour = table[table["method"] == method], colour_of(method, order)
        axes.vlines(part[measure], part["ci95_low"], part["ci95_high"], color=colour, alpha=0.35)
        label = view.name(method)
        axes.scatter(part[measure], part["mos"], s=20, linewidths=0, label=label, color=colour)
    x = np.linspace(table[measure].min(), table[measure].max(), 101)
    axes.plot(x, np.polyval(mapping[::-1], x), color="black", linewidth=1.5)


def legend_beside(axes: Axes) -> None:
    """The legend to the right of what it explains."""
    axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))


def colour_of(method: str, order: Sequence[str]) -> Any:
    """By the method's place in the study, so that it is the same in all figures."""
    import seaborn as sns

    palette: Sequence[Any] = sns.color_palette("colorblind", 8)
    if len(order) > len(palette):
        palette = sns.husl_palette(len(order), l=0.5)
    return palette[order.index(method)]


def plain_number(language: Language) -> Any:
    from matplotlib.ticker import FuncFormatter

    def text(value: float, _: int) -> str:
        return f"{value:g}".replace(".", "," if language == "pt-BR" else ".")

    return FuncFormatter(text)


def set_title(figure: Figure, view: View, key: str, **values: Any) -> None:
    figure.suptitle(view.say(f"figure_{key}", **values), fontsize="medium")

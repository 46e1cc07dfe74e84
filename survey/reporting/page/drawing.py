"""How figures look, and how they become files. Equal figures give equal files."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sr.base.figures import MARKERS
from sr.base.figures import encode as encode
from survey.reporting.page.words import Labels, Language, method_name, say, scaled
from survey.statistics.questions.paper import TABLE_2

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLACK_ON = 0.179  # luminance: from here on black is easier to read than white, 4.58:1 or more


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

    def narrow(self, method: str, letters: int) -> str:
        """The same in lines of at most so many letters."""
        return in_lines(self.name(method), letters)


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
        style: Any = {"s": 20, "linewidths": 0, "label": label, "color": colour}
        axes.scatter(part[measure], part["mos"], marker=marker_of(method, order), **style)
    x = np.linspace(table[measure].min(), table[measure].max(), 101)
    axes.plot(x, np.polyval(mapping[::-1], x), color="black", linewidth=1.5)


def draw_paper(axes: Axes, methods: Sequence[str], known: Collection[str], view: View) -> None:
    """The paper's scores beside those of the methods that it has, hollow."""
    for k, (data_set, marker) in enumerate({"Set5": "s", "Set14": "^", "BSD100": "D"}.items()):
        theirs = [(i, TABLE_2[data_set][m]) for i, m in enumerate(methods) if m in known]
        axes.scatter(
            [i + 0.16 + 0.1 * k for i, _ in theirs],
            [score for _, score in theirs],
            marker=marker,
            facecolors="none",
            edgecolors="0.35",
            label=view.say("paper_set", set=data_set),
        )


def draw_matrix(axes: Axes, share: np.ndarray, label: np.ndarray, names: Sequence[str]) -> None:
    """Shares between methods as a square of cells with their labels.

    Args:
        share: (M, M) in [0, 1], NaN where there is none.
        label: (M, M) of text.
    """
    import seaborn as sns

    sns.heatmap(
        100 * share, annot=label, fmt="", vmin=0, vmax=100, cmap="vlag", cbar=False,
        square=True, linewidths=2, xticklabels=names, yticklabels=names, ax=axes,
        annot_kws={"fontsize": "small"},
    )  # fmt: skip
    cells = np.asarray(axes.collections[0].get_facecolor())[~np.isnan(share).ravel()]
    for text, cell in zip(axes.texts, cells, strict=True):
        is_dark = sns.utils.relative_luminance(cell) < BLACK_ON
        text.set_color("white" if is_dark else "black")
    axes.grid(False)


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


def in_lines(text: str, letters: int) -> str:
    """A text in lines of at most so many letters."""
    return "\n".join(textwrap.wrap(text, letters))


def marker_of(method: str, order: Sequence[str]) -> str:
    """Likewise its shape, which tells it apart without colour."""
    return MARKERS[order.index(method) % len(MARKERS)]


def plain_number(language: Language) -> Any:
    from matplotlib.ticker import FuncFormatter

    def text(value: float, _: int) -> str:
        return f"{value:g}".replace(".", "," if language == "pt-BR" else ".")

    return FuncFormatter(text)


def set_title(figure: Figure, view: View, key: str, **values: Any) -> None:
    figure.suptitle(view.say(f"figure_{key}", **values), fontsize="medium")

"""What tells methods apart in figures, with and without colour: a number, a shape, a colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sr.base.figures import MARKERS
from sr.evaluation.results import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCHES_A_LETTER = 0.09  # of a legend
JOINED = "0.45"  # the grey of lines between points of one image
MEAN_SIZE = 70


@dataclass(frozen=True)
class Mark:
    """How a method is drawn, the same in every figure.

    Attributes:
        number: from 1; it stands at the method's mean.
        shape: of its points, a marker of matplotlib.
        colour: red, green and blue in [0, 1].
    """

    number: int
    shape: str
    colour: tuple[float, float, float]


def marks_of(result: Evaluation) -> dict[str, Mark]:
    """The marks of an evaluation's methods, in their order."""
    labels = list(dict.fromkeys(row.model for row in result.rows))
    return dict(zip(labels, marks(len(labels)), strict=True))


def marks(count: int) -> list[Mark]:
    """So many marks, no two alike in shape up to twelve, nor in colour."""
    import seaborn as sns

    few = sns.color_palette("colorblind")  # begins again where it ends
    colours = few if count <= len(few) else sns.husl_palette(count, s=0.95, l=0.6)
    return [Mark(i + 1, MARKERS[i % len(MARKERS)], tuple(colours[i])) for i in range(count)]


def draw_mean(axes: Axes, x: float, y: float, mark: Mark) -> None:
    """A mean: the method's shape, large, and its number beside it."""
    axes.scatter(
        [x], [y], s=MEAN_SIZE, marker=mark.shape, color=[mark.colour], edgecolors="black",
        linewidths=0.8, zorder=4,
    )  # fmt: skip
    from matplotlib.patheffects import withStroke

    axes.annotate(
        str(mark.number), (x, y), (5, 4), textcoords="offset points", zorder=5, fontsize=8,
        path_effects=[withStroke(linewidth=2, foreground="white")],
    )  # fmt: skip


def join(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    """Lines between the points of one image.

    Args:
        x, y: (images, methods); what is not finite breaks a line.
    """
    from matplotlib.collections import LineCollection

    lines = [points[np.isfinite(points).all(axis=1)] for points in np.stack([x, y], axis=-1)]
    weight = min(0.6, 4 / max(1, len(lines)) + 0.06)  # many lines are a cloud
    axes.add_collection(
        LineCollection(lines, colors=JOINED, linewidths=0.5, alpha=weight, zorder=1),
        autolim=False,
    )


def draw_legend(figure: Figure, marks: Mapping[str, Mark], *, numbers: bool = True) -> None:
    """Every method with its mark, below the figure, in as many columns as there is room for."""
    from matplotlib.lines import Line2D

    names = {name: f"{mark.number} {name}" if numbers else name for name, mark in marks.items()}
    handles = [
        Line2D(
            [], [], linestyle="", marker=mark.shape, color=mark.colour, markeredgecolor="black",
            markeredgewidth=0.5, label=names[name],
        )
        for name, mark in marks.items()
    ]  # fmt: skip
    widest = max(map(len, names.values())) * INCHES_A_LETTER + 0.6
    columns = int(min(4, len(handles), max(1, figure.get_figwidth() // widest)))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def draw_title(figure: Figure, text: str) -> None:
    """A title over the figure, on as many lines as its width asks for."""
    import textwrap

    letters = max(24, int(figure.get_figwidth() / INCHES_A_LETTER))
    figure.suptitle("\n".join(textwrap.wrap(text, letters)), fontsize="medium")


def panels_of(
    rows: int, columns: int, width: float, height: float, **sharing: Any
) -> tuple[Figure, np.ndarray]:
    """Axes in a grid, each of the size in inches, on a figure that no window knows."""
    import seaborn as sns
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with sns.axes_style("whitegrid"):
        figure = Figure(figsize=(width * columns, height * rows + 0.8), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(rows, columns, squeeze=False, **sharing)
    return figure, panels


def values_of(table: Any, metric: str, models: Sequence[str]) -> np.ndarray:
    """A metric of every image by every model, (images, models); NaN where it is not finite."""
    wide = table.pivot_table(index="image", columns="model", values=metric, observed=False)
    values = wide.reindex(columns=list(models)).to_numpy(float)
    return np.where(np.isfinite(values), values, np.nan)

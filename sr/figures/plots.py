"""Figures of an evaluation: seaborn plots, and contact sheets of the worst and best crops."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sr.base.errors import ConfigError
from sr.base.figures import write_figures
from sr.base.files import write_file
from sr.data.pairs import DataSet
from sr.evaluation.correlations import ALL_SETS, Correlation
from sr.evaluation.methods import Method
from sr.evaluation.results import Evaluation, ImageRow
from sr.figures.contact_sheet import Gallery, worst_and_best
from sr.figures.marks import (
    draw_legend,
    draw_mean,
    draw_title,
    join,
    marks,
    marks_of,
    panels_of,
    values_of,
)
from sr.images.photo import Photo
from sr.images.writing import encode_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)

METRIC_NAMES = {
    "psnr_y": "PSNR-Y (dB), higher is better",
    "ssim_y": "SSIM-Y, higher is better",
    "lpips_alex": "LPIPS, lower is better",
}
SHARE_NAME = "high-frequency share of the original"
MODELS_ACROSS = 4  # of a figure with a panel a model
LETTERS = 44  # of a panel's title


def need_seaborn() -> None:
    """Make sure that plots can be drawn.

    Raises:
        ConfigError: seaborn or matplotlib is not installed.
    """
    try:
        import seaborn  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"figures need seaborn ({error}): python -m pip install -r requirements.txt"
        ) from error


def draw_figures(
    folder: Path,
    result: Evaluation,
    correlations: Sequence[Correlation],
    data_sets: Sequence[DataSet],
    methods: Sequence[Method],
    *,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Draw everything that an evaluation's results allow.

    `distribution` for each image's metrics, `perception_distortion` where LPIPS was measured, and
    `texture`, each as PNG, SVG and PDF; and `crops_MODEL.png` for every network (for every method
    when there is no network). Nothing is measured again; the crops' pictures are made again.

    Args:
        folder: made when it is not there; files of these names are replaced.
        result: of the same data sets and methods.
        correlations: of `sr.evaluation.correlations.correlations`.
        progress: called with the name of each file before it is made.

    Returns:
        The files.

    Raises:
        ConfigError: seaborn is not installed.
        OutputError: a file cannot be written.
    """
    need_seaborn()
    plots: dict[str, Callable[[], Figure]] = {"distribution": lambda: distribution(result)}
    if any(row.lpips_alex is not None for row in result.rows):
        plots["perception_distortion"] = lambda: perception_distortion(result)
    plots["texture"] = lambda: texture(result, correlations)
    gallery = Gallery(data_sets, methods)
    networks = [m for m in methods if m.training_set or m.folder] or list(methods)
    sheets = {f"crops_{method.file_name}.png": method for method in networks}
    paths: list[Path] = []
    for name in (*plots, *sheets):
        if progress is not None:
            progress(name)
        if name in plots:
            paths += write_figures(plots[name](), folder / name)
            continue
        sheet = worst_and_best(result.images, sheets[name], gallery)
        write_file(folder / name, encode_png(Photo(sheet.rgb)))
        paths.append(folder / name)
    return paths


def distribution(result: Evaluation) -> Figure:
    """A point an image for each metric that was measured, by data set and model: points of one
    image are joined, the large ones are means, boxes are quartiles.
    """
    table = _table(result.images)
    metrics = [metric for metric in METRIC_NAMES if table[metric].notna().any()]
    marks = marks_of(result)
    sets = list(dict.fromkeys(table["dataset"]))
    width = max(6.0, 1.2 + 0.42 * len(sets) * len(marks))
    figure, panels = panels_of(len(metrics), 1, width, 3.2)
    for axes, metric in zip(panels.flat, metrics, strict=True):
        for place, name in enumerate(sets):
            values = values_of(table[table["dataset"] == name], metric, list(marks))
            x = place + 0.84 * ((np.arange(len(marks)) + 0.5) / len(marks) - 0.5)
            join(axes, np.broadcast_to(x, values.shape), values)
            for at, column, mark in zip(x, values.T, marks.values(), strict=True):
                column = column[np.isfinite(column)]
                if not len(column):
                    continue
                axes.boxplot(
                    column, positions=[at], widths=0.5 / len(marks), showfliers=False,
                    showcaps=False, medianprops={"color": mark.colour},
                    **{f"{part}props": {"color": mark.colour} for part in ("box", "whisker")},
                )  # fmt: skip
                axes.scatter(
                    np.full(len(column), at), column, s=7, marker=mark.shape,
                    color=[mark.colour], alpha=0.6, linewidths=0, zorder=2,
                )  # fmt: skip
                draw_mean(axes, at, column.mean(), mark)
        axes.set(xlabel="", ylabel=METRIC_NAMES[metric], xlim=(-0.5, len(sets) - 0.5))
        axes.set_xticks(range(len(sets)), sets)
        axes.grid(visible=False, axis="x")
    draw_legend(figure, marks)
    draw_title(figure, "Small: one image, joined between methods; large: mean; box: quartiles")
    return figure


def perception_distortion(result: Evaluation) -> Figure:
    """A panel a data set: PSNR to the right, LPIPS downwards is better; means and every image.

    A paper's PSNR is a dashed line in its model's colour: none prints LPIPS.
    """
    table = _table(result.images)
    marks = marks_of(result)
    sets = list(dict.fromkeys(row.dataset for row in result.rows if row.lpips_alex is not None))
    figure, panels = panels_of(1, len(sets), 4.6, 4.4, sharey=True)
    for axes, name in zip(panels.flat, sets, strict=True):
        means = [row for row in result.rows if row.dataset == name and row.lpips_alex is not None]
        own = table[table["dataset"] == name]
        psnr, lpips = (values_of(own, metric, list(marks)) for metric in ("psnr_y", "lpips_alex"))
        join(axes, psnr, lpips)
        for column, mark in enumerate(marks.values()):
            axes.scatter(
                psnr[:, column], lpips[:, column], s=11, marker=mark.shape, color=[mark.colour],
                alpha=0.45, linewidths=0, zorder=2,
            )  # fmt: skip
        for row in means:
            draw_mean(axes, row.psnr_y or 0.0, row.lpips_alex or 0.0, marks[row.model])
            if row.paper_psnr_y is not None:
                colour = marks[row.model].colour
                axes.axvline(row.paper_psnr_y, color=colour, linestyle="--", linewidth=1)
        axes.set(
            xlabel=METRIC_NAMES["psnr_y"],
            ylabel=METRIC_NAMES["lpips_alex"],
            title=f"{name}, {means[0].images} images",
        )
        axes.label_outer()
    draw_legend(figure, marks)
    said = "Large: mean; small: one image, joined between methods"
    if any(row.paper_psnr_y is not None for row in result.rows):
        said += "; dashed: the PSNR that a method's paper prints"
    draw_title(figure, said)
    return figure


def texture(result: Evaluation, correlations: Sequence[Correlation]) -> Figure:
    """A column a model: each image's LPIPS and PSNR over its high-frequency share.

    Of more models than fit beside each other the rows go on below.
    """
    from matplotlib.ticker import LogLocator, NullLocator, PercentFormatter

    table = _table(result.images)
    models = list(marks_of(result))
    sets = list(dict.fromkeys(table["dataset"]))
    shown = dict(zip(sets, marks(len(sets)), strict=True))
    metrics = [name for name in ("lpips_alex", "psnr_y") if table[name].notna().any()]
    wanted = ALL_SETS if len(sets) > 1 else sets[0]
    across = min(MODELS_ACROSS, len(models))
    bands = math.ceil(len(models) / across)
    figure, panels = panels_of(bands * len(metrics), across, 3.9, 3.4, sharex=True)
    is_logarithmic = bool((table["high_frequency_share"] > 0).all())
    for (row, column), axes in np.ndenumerate(panels):
        place = row // len(metrics) * across + column
        if place >= len(models):
            axes.remove()
            continue
        metric, model = metrics[row % len(metrics)], models[place]
        axes.sharey(panels[row % len(metrics), 0])
        for name, mark in shown.items():
            own = table[(table["model"] == model) & (table["dataset"] == name)]
            axes.scatter(
                own["high_frequency_share"], own[metric], s=16, marker=mark.shape,
                color=[mark.colour], alpha=0.7, linewidths=0,
            )  # fmt: skip
        if is_logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        axes.set(
            xlabel=SHARE_NAME,
            ylabel=METRIC_NAMES[metric],
            title=f"{place + 1} {_short(model)}\n{_said(correlations, wanted, model, metric)}",
        )
        axes.title.set_fontsize("small")
        if column:
            axes.set_ylabel("")
        if row + len(metrics) < len(panels) and place + across < len(models):
            axes.set_xlabel("")
    draw_legend(figure, shown, numbers=False)
    return figure


def _short(model: str) -> str:
    return model if len(model) <= LETTERS else f"{model[: LETTERS - 1]}…"


def _said(correlations: Sequence[Correlation], dataset: str, model: str, metric: str) -> str:
    """Spearman's rho with its n and p, as a title says it."""
    for found in correlations:
        names = (found.dataset, found.model, found.metric, found.measure)
        if names != (dataset, model, metric, "high_frequency_share"):
            continue
        if found.rho is not None and found.p is not None:
            p = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"
            return f"Spearman's rho {found.rho:+.2f}, n = {found.n}, {p}"
    return "too few images for a correlation"


def _table(images: Sequence[ImageRow]) -> Any:
    import pandas as pd

    table = pd.DataFrame([asdict(row) for row in images])
    table["lpips_alex"] = table["lpips_alex"].astype(float)
    return table

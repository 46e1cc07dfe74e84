"""Figures of an evaluation: seaborn plots, and contact sheets of the worst and best crops."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sr.base.errors import ConfigError
from sr.base.files import write_file
from sr.data.pairs import DataSet
from sr.evaluation.correlations import ALL_SETS, Correlation
from sr.evaluation.methods import Method
from sr.evaluation.paper import SOURCE
from sr.evaluation.results import Evaluation, ImageRow
from sr.figures.contact_sheet import Gallery, worst_and_best
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
DOTS_PER_INCH = 150
MODELS_ACROSS = 4  # of a figure with a panel a model
INCHES_A_LETTER = 0.09  # of a legend


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

    `distribution.png` for each image's metrics, `perception_distortion.png` and `texture.png`
    where LPIPS was measured, and `crops_MODEL.png` for every network (for every method when there
    is no network). Nothing is measured again; the crops' pictures are made again.

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
    plots: dict[str, Callable[[], Figure]] = {"distribution.png": lambda: distribution(result)}
    if any(row.lpips_alex is not None for row in result.rows):
        plots["perception_distortion.png"] = lambda: perception_distortion(result)
    plots["texture.png"] = lambda: texture(result, correlations)
    gallery = Gallery(data_sets, methods)
    networks = [m for m in methods if m.training_set or m.folder] or list(methods)
    sheets = {f"crops_{method.file_name}.png": method for method in networks}
    paths = []
    for name in (*plots, *sheets):
        if progress is not None:
            progress(name)
        if name in plots:
            content = _png(plots[name]())
        else:
            sheet = worst_and_best(result.images, sheets[name], gallery)
            content = encode_png(Photo(sheet.rgb))
        path = folder / name
        write_file(path, content)
        paths.append(path)
    return paths


def distribution(result: Evaluation) -> Figure:
    """A box and a point an image, for each metric that was measured, by data set and model."""
    import seaborn as sns

    table = _table(result.images)
    metrics = [metric for metric in METRIC_NAMES if table[metric].notna().any()]
    colours = _colours(result)
    sets = len(set(table["dataset"]))
    width = max(6.0, 1.2 + 0.55 * sets * len(colours))
    figure, panels = _panels(len(metrics), 1, width, 3.2)
    for axes, metric in zip(panels.flat, metrics, strict=True):
        finite = table[np.isfinite(table[metric].astype(float))]
        shared = {
            "data": finite, "x": "dataset", "y": metric, "hue": "model", "hue_order": list(colours),
            "palette": colours, "order": list(dict.fromkeys(table["dataset"])), "ax": axes,
        }  # fmt: skip
        sns.boxplot(**shared, showfliers=False, fill=False, linewidth=1, gap=0.15)
        sns.stripplot(**shared, dodge=True, size=2.5, alpha=0.5, legend=False)
        axes.set(xlabel="", ylabel=METRIC_NAMES[metric])
        axes.get_legend().remove()
        for place in range(sets):
            for number in range(len(colours)):
                x = place - 0.4 + 0.8 * (number + 0.5) / len(colours)
                axes.text(
                    x, 0.01, str(number + 1), transform=axes.get_xaxis_transform(),
                    ha="center", va="bottom", fontsize="x-small", color="0.3",
                )  # fmt: skip
    _legend(figure, _numbered(colours))
    figure.suptitle("Every image, and quartiles by data set")
    return figure


def perception_distortion(result: Evaluation) -> Figure:
    """A panel a data set: PSNR to the right, LPIPS downwards is better; means and every image.

    The paper's PSNR is a dashed line in its model's colour: it has no LPIPS.
    """
    table = _table(result.images)
    colours = _colours(result)
    sets = [row.dataset for row in result.rows if row.lpips_alex is not None]
    sets = list(dict.fromkeys(sets))
    figure, panels = _panels(1, len(sets), 4.2, 4.0, sharey=True)
    for axes, name in zip(panels.flat, sets, strict=True):
        means = [row for row in result.rows if row.dataset == name and row.lpips_alex is not None]
        for row in means:
            colour = colours[row.model]
            images = table[(table["dataset"] == name) & (table["model"] == row.model)]
            axes.scatter(
                images["psnr_y"], images["lpips_alex"], s=12, color=colour, alpha=0.4, linewidths=0
            )
            axes.scatter(
                [row.psnr_y], [row.lpips_alex], s=130, color=colour, edgecolors="black", zorder=3
            )
            number = list(colours).index(row.model) + 1
            axes.annotate(
                str(number), (row.psnr_y, row.lpips_alex), ha="center", va="center", zorder=4,
                fontsize="x-small", color="white" if _is_dark(colour) else "black",
            )  # fmt: skip
            if row.paper_psnr_y is not None:
                axes.axvline(row.paper_psnr_y, color=colour, linestyle="--", linewidth=1)
        axes.set(
            xlabel=METRIC_NAMES["psnr_y"],
            ylabel=METRIC_NAMES["lpips_alex"],
            title=f"{name}, {means[0].images} images",
        )
    _legend(figure, _numbered(colours))
    said = "Large: mean; small: one image"
    if any(row.paper_psnr_y is not None for row in result.rows):
        said += f"; dashed: PSNR in {SOURCE}"
    figure.suptitle(said, fontsize="medium")
    return figure


def texture(result: Evaluation, correlations: Sequence[Correlation]) -> Figure:
    """A column a model: each image's LPIPS and PSNR over its high-frequency share.

    Of more models than fit beside each other the rows go on below.
    """
    import seaborn as sns
    from matplotlib.ticker import LogLocator, NullLocator, PercentFormatter

    table = _table(result.images)
    models = list(_colours(result))
    sets = list(dict.fromkeys(table["dataset"]))
    colours = dict(zip(sets, sns.color_palette("colorblind", len(sets)), strict=True))
    metrics = [name for name in ("lpips_alex", "psnr_y") if table[name].notna().any()]
    wanted = ALL_SETS if len(sets) > 1 else sets[0]
    across = min(MODELS_ACROSS, len(models))
    bands = math.ceil(len(models) / across)
    figure, panels = _panels(bands * len(metrics), across, 3.9, 3.4, sharex=True)
    is_logarithmic = bool((table["high_frequency_share"] > 0).all())
    for (row, column), axes in np.ndenumerate(panels):
        place = row // len(metrics) * across + column
        if place >= len(models):
            axes.remove()
            continue
        metric, model = metrics[row % len(metrics)], models[place]
        axes.sharey(panels[row % len(metrics), 0])
        sns.scatterplot(
            data=table[table["model"] == model],
            x="high_frequency_share", y=metric, hue="dataset", hue_order=sets, palette=colours,
            s=16, alpha=0.7, linewidth=0, legend=False, ax=axes,
        )  # fmt: skip
        if is_logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        axes.set(
            xlabel=SHARE_NAME,
            ylabel=METRIC_NAMES[metric],
            title=f"{model}\n{_said(correlations, wanted, model, metric)}",
        )
        axes.title.set_fontsize("small")
    _legend(figure, colours)
    return figure


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


def _colours(result: Evaluation) -> dict[str, Any]:
    """A colour a method, the same in every figure; its number, from 1, tells it without."""
    import seaborn as sns

    labels = list(dict.fromkeys(row.model for row in result.rows))
    few = sns.color_palette("colorblind")  # begins again where it ends
    palette = few if len(labels) <= len(few) else sns.husl_palette(len(labels), s=0.95, l=0.6)
    return dict(zip(labels, palette, strict=False))


def _numbered(colours: Mapping[str, Any]) -> dict[str, Any]:
    """The colours by "1 bicubic", "2 srresnet_x4", ..."""
    return {f"{number} {name}": colours[name] for number, name in enumerate(colours, 1)}


def _is_dark(colour: Sequence[float]) -> bool:
    red, green, blue = colour[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.55


def _panels(
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


def _legend(figure: Figure, colours: Mapping[str, Any]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", marker="o", color=colour, label=label)
        for label, colour in colours.items()
    ]
    widest = max(map(len, colours)) * INCHES_A_LETTER + 0.6
    columns = int(min(4, len(handles), max(1, figure.get_figwidth() // widest)))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def _png(figure: Figure) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DOTS_PER_INCH)
    return content.getvalue()

"""Trainings over a grid of settings, compared: what a trial is called, its table, its plot."""

from __future__ import annotations

import itertools
import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from sr.base.errors import ConfigError
from sr.base.figures import LINES, MARKERS, write_figures
from sr.base.files import csv_text, write_atomically
from sr.training.recipes import Training
from sr.training.settings import comparable, override

logger = logging.getLogger(__name__)

MOST_TRIALS = 200
HIGHER_IS_BETTER = ("psnr_y", "ssim_y")


def parse_vary(options: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Settings with their values, as text.

    Raises:
        ConfigError: not KEY=VALUE,VALUE, or a setting named twice.
    """
    varied: list[tuple[str, list[str]]] = []
    for option in options:
        key, equals, text = option.partition("=")
        values = [value.strip() for value in text.split(",") if value.strip()]
        if not equals or not values:
            raise ConfigError(f"--vary {option}: needed KEY=VALUE,VALUE")
        if key in (known for known, _ in varied):
            raise ConfigError(f"--vary {key} is there twice; give all its values at once")
        if key in ("iterations", "epochs", "scale"):
            raise ConfigError(f"--vary {key}: all trials of a sweep have one {key}")
        varied.append((key, values))
    return varied


def grid(base: Training, options: Sequence[str]) -> list[tuple[dict[str, str], Training]]:
    """Every combination: what is varied, and the configuration.

    Raises:
        ConfigError: an impossible value, or more than MOST_TRIALS combinations.
    """
    varied = parse_vary(options)
    points = [
        dict(zip((key for key, _ in varied), values, strict=True))
        for values in itertools.product(*(values for _, values in varied))
    ]
    if len(points) > MOST_TRIALS:
        raise ConfigError(f"{len(points)} trials; give fewer values, {MOST_TRIALS} at most")
    return [
        (point, override(base, [f"{key}={value}" for key, value in point.items()]))
        for point in points
    ]


def trial_name(point: Mapping[str, str]) -> str:
    """The folder of a trial."""
    return ",".join(f"{key}={value}" for key, value in point.items()).replace("/", "_")


def remember(folder: Path, settings: Mapping[str, Any], row: Mapping[str, Any] | None) -> None:
    """Write down the settings of a trial, and its last results when it is done."""
    result = {"settings": settings, "row": row}
    write_atomically(folder / "result.json", (json.dumps(result, indent=2) + "\n").encode())


def finished(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """The results of a trial that is done; None where training or validation is wanted.

    Raises:
        ConfigError: the trial was begun with other settings.
    """
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        known, row = result["settings"], result["row"]
    except (OSError, ValueError, KeyError):
        return None
    known, settings = comparable(known), comparable(settings)
    changed = [key for key in settings if known.get(key) != settings[key]]
    if changed == ["validation"]:
        return row if settings["validation"] is None else None
    if changed:
        raise ConfigError(
            f"{folder}: a trial with other settings ({', '.join(changed)}); give the same, or "
            "another --output folder"
        )
    return row


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """One line a trial: the settings, then the last results."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = csv_text(columns, ([row.get(column) for column in columns] for row in rows), digits=6)
    write_atomically(path, text.encode())


def metrics_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What trials can be compared by: the validation, else the pixel loss."""
    wanted = ("psnr_y", "lpips_alex")
    found = [key for key in wanted if any(key in row for row in rows)]
    return found or [key for key in ("g/pixel",) if any(key in row for row in rows)]


def summary(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    """The best point by each metric, in a sentence; of several seeds the mean counts.

    Args:
        keys: what was varied, but for the seed.
    """
    said = []
    for metric in metrics_of(rows):
        pick = max if metric in HIGHER_IS_BETTER else min
        points = _by_point(rows, keys, metric)
        best = pick(points, key=lambda point: fmean(points[point]))
        named = ", ".join(f"{key}={value}" for key, value in zip(keys, best, strict=True))
        values = points[best]
        spread = f" (of {len(values)} seeds, sd {stdev(values):.2g})" if len(values) > 1 else ""
        said.append(f"best {metric} {fmean(values):.4g}{spread} with {named}")
    return f"{len(rows)} trials; " + ("; ".join(said) or "none has a result")


def _by_point(
    rows: Sequence[Mapping[str, Any]], keys: Sequence[str], metric: str
) -> dict[tuple[str, ...], list[float]]:
    """The results of every point of the grid, one of each seed."""
    points: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
    for row in rows:
        if metric in row:
            points[tuple(str(row[key]) for key in keys)].append(float(row[metric]))
    return dict(points)


def plot(path: Path, rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> None:
    """One panel a metric: the first setting along the axis, a line for each of the others' values.

    Where points were trained with several seeds, lines are means and bars reach one standard
    deviation. Written as PNG, SVG and PDF. Without matplotlib there is no plot, only a line that
    says so.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        logger.warning("no plot: pip install matplotlib")
        return
    metrics = metrics_of(rows)
    if not metrics:
        logger.warning("no plot: no trial has a result")
        return
    places = list(dict.fromkeys(str(row[keys[0]]) for row in rows))
    figure = Figure(figsize=(5.0 * len(metrics), 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(metrics), squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        points = _by_point(rows, keys, metric)
        for style, line in enumerate(dict.fromkeys(point[1:] for point in points)):
            chosen = [place for place in places if (place, *line) in points]
            values = [points[(place, *line)] for place in chosen]
            label = ", ".join(f"{key} {value}" for key, value in zip(keys[1:], line, strict=True))
            axes.errorbar(
                [places.index(place) for place in chosen],
                [fmean(one) for one in values],
                [stdev(one) if len(one) > 1 else 0.0 for one in values],
                marker=MARKERS[style % len(MARKERS)],
                linestyle=LINES[style % len(LINES)],
                capsize=3,
                label=label or None,
            )
        better = "higher" if metric in HIGHER_IS_BETTER else "lower"
        axes.set(xlabel=keys[0], ylabel=f"{metric} ({better} is better)")
        axes.set_xticks(range(len(places)), places)
        axes.grid(alpha=0.3)
    if len(keys) > 1:
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize="small")
    write_figures(figure, path)

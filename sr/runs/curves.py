"""Runs compared: where each one came to, and its curves in one figure."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sr.base.errors import ConfigError, DataError
from sr.base.figures import LINES, MARKERS, SUFFIXES, encode
from sr.base.files import write_file
from sr.runs.record import read_record

LOWER_IS_BETTER = ("lpips_alex",)
SHOWN = ("psnr_y", "lpips_alex", "g/pixel", "g/content", "g/adversarial")  # panels, where measured


@dataclass(frozen=True)
class Curves:
    """One run: its name, what its recipe says, and the rows of its log, in order."""

    name: str
    recipe: Mapping[str, Any]
    rows: tuple[Mapping[str, float], ...]

    def of(self, column: str) -> list[tuple[float, float]]:
        """Iterations with the value they had, where there is one."""
        return [(row["iteration"], row[column]) for row in self.rows if column in row]

    def best(self, column: str) -> float | None:
        """The best value of a column; None where it was not measured."""
        values = [value for _, value in self.of(column)]
        pick = min if column in LOWER_IS_BETTER else max
        return pick(values) if values else None


def read_curves(folders: Sequence[Path]) -> list[Curves]:
    """The runs in folders, and in the folders of a sweep.

    Raises:
        DataError: a folder without a log.
    """
    found = []
    for folder in folders:
        logs = [folder / "log.csv"] if (folder / "log.csv").is_file() else []
        logs = logs or sorted(folder.glob("*/log.csv"))
        if not logs:
            raise DataError(f"{folder}: no log.csv in it; give the --output folder of a training")
        found += [_read(log) for log in logs]
    return found


def _read(log: Path) -> Curves:
    with log.open(newline="", encoding="utf-8") as file:
        rows = [
            {key: float(value) for key, value in row.items() if value}
            for row in csv.DictReader(file)
        ]
    recipe = (read_record(log.parent) or {}).get("recipe", {})
    return Curves(log.parent.name, recipe, tuple(rows))


def table(runs: Sequence[Curves]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells: how far each run came, its last and its best results."""
    measured = [name for name in SHOWN[:2] if any(run.of(name) for run in runs)]
    headings = ["run", "network", "iterations", "minutes"]
    headings += [word for name in measured for word in (name, f"best {name}")]
    cells = []
    for run in runs:
        last = run.rows[-1] if run.rows else {}
        line = [run.name, str(run.recipe.get("network", ""))]
        line += [f"{last.get('iteration', 0):.0f}", f"{last.get('seconds', 0) / 60:.1f}"]
        for name in measured:
            for value in (last.get(name), run.best(name)):
                line.append("" if value is None else f"{value:.4g}")
        cells.append(line)
    return headings, cells


def draw(path: Path, runs: Sequence[Curves]) -> None:
    """A panel for each result that runs have, a line for each run; PNG, SVG or PDF.

    Lines differ in their dashes and markers too, not in colour alone.

    Raises:
        ConfigError: another suffix, or matplotlib is not installed.
        DataError: no run has a result.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{path}: needed a name that ends in {', '.join(SUFFIXES)}")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("--plot needs matplotlib; pip install matplotlib") from None
    columns = [name for name in SHOWN if any(run.of(name) for run in runs)]
    if not columns:
        raise DataError("no run has a result to draw yet")
    figure = Figure(figsize=(4.6 * len(columns), 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(columns), squeeze=False)[0]
    for axes, column in zip(panels, columns, strict=True):
        for index, run in enumerate(runs):
            points = run.of(column)
            axes.plot(
                [x for x, _ in points],
                [y for _, y in points],
                linestyle=LINES[index % len(LINES)],
                marker=MARKERS[index % len(MARKERS)],
                markersize=4,
                label=run.name,
            )
        better = "lower" if column != "psnr_y" else "higher"
        axes.set(xlabel="iterations", ylabel=f"{column} ({better} is better)")
        axes.grid(alpha=0.3)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(runs)))
    write_file(path, encode(figure, path.suffix.lower()))

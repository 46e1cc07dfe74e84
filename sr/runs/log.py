"""The log of a run: means of its losses, rows of a CSV, sample pictures."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import numpy as np

from sr.base.files import csv_text, write_atomically
from sr.images.photo import Photo
from sr.images.writing import encode_png


class Means:
    """Means of named values, each over the updates that had it.

    The generator has no losses while the discriminator warms up, and a GPU's first update has none.
    """

    def __init__(self) -> None:
        self.values: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, values: Mapping[str, float]) -> None:
        """Those of one more update."""
        for name, value in values.items():
            self.values[name].append(value)

    def take(self) -> dict[str, float]:
        """The means; then begin anew."""
        means = {name: fmean(values) for name, values in self.values.items()}
        self.values.clear()
        return means


class Tracker(Protocol):
    """What a training run tells."""

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        """A row of results."""

    def picture(self, iteration: int, name: str, rgb: np.ndarray) -> None:
        """An (H, W, 3) uint8 picture."""

    def close(self, *, failed: bool = False) -> None:
        """The run has ended, or failed."""


class CsvTracker:
    """`log.csv` and `samples/NAME/ITERATION.png` in the folder of the run.

    Rows at or after the iteration of a new one are replaced: a resumed run repeats none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        """Add a row; columns that are new are added to the right."""
        rows: list[dict[str, Any]] = [r for r in self._rows() if int(r["iteration"]) < iteration]
        rows.append({"iteration": iteration} | dict(values))
        columns = list(dict.fromkeys(key for r in rows for key in r))
        text = csv_text(columns, ([r.get(c) for c in columns] for r in rows), digits=6)
        write_atomically(self.folder / "log.csv", text.encode())

    def last_row(self) -> dict[str, float]:
        """The newest row; empty before there is one."""
        if not (rows := self._rows()):
            return {}
        values = {key: float(value) for key, value in rows[-1].items() if value}
        return values | {"iteration": int(rows[-1]["iteration"])}

    def _rows(self) -> list[dict[str, str]]:
        path = self.folder / "log.csv"
        if not path.is_file():
            return []
        with path.open(newline="") as file:
            return list(csv.DictReader(file))

    def picture(self, iteration: int, name: str, rgb: np.ndarray) -> None:
        """Write a PNG."""
        path = self.folder / "samples" / name / f"{iteration:07d}.png"
        write_atomically(path, encode_png(Photo(np.ascontiguousarray(rgb))))

    def close(self, *, failed: bool = False) -> None:
        """Nothing is left open."""

"""Where the results of a training run go: a CSV always, TensorBoard or MLflow when asked."""

from __future__ import annotations

import csv
import logging
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import numpy as np

from sr.base.errors import ConfigError
from sr.base.files import csv_text, write_atomically
from sr.images.photo import Photo
from sr.images.writing import encode_png

logger = logging.getLogger(__name__)

EXPERIMENT = "nitidez"


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

    def close(self) -> None:
        """The run has ended."""


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

    def close(self) -> None:
        """Nothing is left open."""


class TensorBoardTracker:
    """Event files in `tensorboard/` of the run's folder.

    Raises:
        ConfigError: the package is not installed.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], iteration: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise _not_installed("tensorboard") from None
        self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=iteration + 1)
        table = "\n".join(f"| {key} | {value} |" for key, value in settings.items())
        self.writer.add_text("settings", f"| setting | value |\n|---|---|\n{table}", iteration)
        logger.info("TensorBoard: tensorboard --logdir %s", folder.parent)

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        """One scalar each."""
        for key, value in values.items():
            self.writer.add_scalar(key, value, iteration)
        self.writer.flush()

    def picture(self, iteration: int, name: str, rgb: np.ndarray) -> None:
        """One image."""
        self.writer.add_image(f"samples/{name}", rgb, iteration, dataformats="HWC")

    def close(self) -> None:
        """Write what is left."""
        self.writer.close()


class MlflowTracker:
    """A run of the MLflow experiment "nitidez".

    It goes to the server MLFLOW_TRACKING_URI names, or else to `mlflow.db` and `mlflow-files`
    beside the run's folder. A resumed run goes on with its MLflow run (`mlflow-run.txt`).

    Raises:
        ConfigError: the package is not installed.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], iteration: int) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise _not_installed("mlflow") from None
        beside = folder.resolve().parent
        address = os.environ.get("MLFLOW_TRACKING_URI", "")
        files = None
        if not address:
            beside.mkdir(parents=True, exist_ok=True)
            address = f"sqlite:///{beside / 'mlflow.db'}"
            files = (beside / "mlflow-files").as_uri()
            logger.info("MLflow: mlflow ui --backend-store-uri %s", address)
        self.folder = folder
        self.client = MlflowClient(address)
        experiment = self.client.get_experiment_by_name(EXPERIMENT)
        experiment_id = (
            experiment.experiment_id
            if experiment is not None
            else self.client.create_experiment(EXPERIMENT, artifact_location=files)
        )
        remembered = folder / "mlflow-run.txt"
        if iteration and remembered.is_file():
            self.run_id = remembered.read_text().strip()
            self.client.update_run(self.run_id, "RUNNING")
            return
        run = self.client.create_run(experiment_id, run_name=folder.name)
        self.run_id = run.info.run_id
        write_atomically(remembered, f"{self.run_id}\n".encode())
        for key, value in settings.items():
            self.client.log_param(self.run_id, key, value)

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        """One metric each."""
        for key, value in values.items():
            self.client.log_metric(self.run_id, key, float(value), step=iteration)

    def picture(self, iteration: int, name: str, rgb: np.ndarray) -> None:
        """The PNG that the CSV tracker wrote."""
        path = self.folder / "samples" / name / f"{iteration:07d}.png"
        if path.is_file():
            self.client.log_artifact(self.run_id, str(path), f"samples/{name}")

    def close(self) -> None:
        """Mark the run as finished."""
        self.client.set_terminated(self.run_id)


TRACKERS = ("csv", "tensorboard", "mlflow")


def build_trackers(
    names: Sequence[str], folder: Path, settings: Mapping[str, Any], *, iteration: int
) -> list[Tracker]:
    """The CSV, and what else was asked for.

    Args:
        names: of TRACKERS.
        settings: of the run, for those who show them.
        iteration: where the run goes on; 0 at its start.

    Raises:
        ConfigError: an unknown name, or a package that is not installed.
    """
    trackers: list[Tracker] = [CsvTracker(folder)]
    for name in dict.fromkeys(names):
        if name == "tensorboard":
            trackers.append(TensorBoardTracker(folder, settings, iteration))
        elif name == "mlflow":
            trackers.append(MlflowTracker(folder, settings, iteration))
        elif name != "csv":
            raise ConfigError(f"no tracker {name!r}; known: {', '.join(TRACKERS)}")
    return trackers


def _not_installed(package: str) -> ConfigError:
    return ConfigError(
        f"--tracker {package}: {package} is not installed; pip install -r requirements-train.txt"
    )

"""Where the results of a training run go: a CSV always, TensorBoard or MLflow when asked."""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from sr.base.errors import ConfigError
from sr.base.files import write_atomically
from sr.runs.log import CsvTracker, Tracker

logger = logging.getLogger(__name__)

EXPERIMENT = "nitidez"


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

    def close(self, *, failed: bool = False) -> None:
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
        else:
            run = self.client.create_run(experiment_id, run_name=folder.name)
            self.run_id = run.info.run_id
            write_atomically(remembered, f"{self.run_id}\n".encode())
            for key, value in settings.items():
                self.client.log_param(self.run_id, key, value)
        self._watcher = _watched(address, self.run_id)

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        """One metric each."""
        for key, value in values.items():
            self.client.log_metric(self.run_id, key, float(value), step=iteration)

    def picture(self, iteration: int, name: str, rgb: np.ndarray) -> None:
        """The PNG that the CSV tracker wrote."""
        path = self.folder / "samples" / name / f"{iteration:07d}.png"
        if path.is_file():
            self.client.log_artifact(self.run_id, str(path), f"samples/{name}")

    def close(self, *, failed: bool = False) -> None:
        """Mark the run as finished, or as failed."""
        self.client.set_terminated(self.run_id, "FAILED" if failed else "FINISHED")
        with suppress(OSError, subprocess.TimeoutExpired):
            self._watcher.communicate(b"closed", timeout=WATCHER_SECONDS)


# It waits for the end of what it reads, which comes with the end of the program that trains.
WATCHER = """
import sys
if not sys.stdin.buffer.read():
    from mlflow import MlflowClient
    MlflowClient(sys.argv[1]).set_terminated(sys.argv[2], "KILLED")
"""
WATCHER_SECONDS = 10.0


def _watched(address: str, run_id: str) -> subprocess.Popen[bytes]:
    """A small process that marks a run as killed where the program ends without closing it.

    A program that is killed cannot say so itself: MLflow would show the run as running for ever.
    """
    return subprocess.Popen(
        [sys.executable, "-c", WATCHER, address, run_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


TRACKERS = ("csv", "tensorboard", "mlflow")


def check_trackers(names: Sequence[str]) -> None:
    """Refuse those whose package is not there, before anything is written.

    Raises:
        ConfigError: says what to install.
    """
    for name in names:
        if name in TRACKERS[1:] and importlib.util.find_spec(name) is None:
            raise _not_installed(name)


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

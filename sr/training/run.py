"""A training run: the folder that holds it, the loop that fills it, and going on after a stop."""

from __future__ import annotations

import dataclasses
import gc
import json
import logging
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import torch

from sr import __version__
from sr.base.errors import ConfigError, DataError
from sr.base.files import atomic_file, remove_leftovers, write_atomically
from sr.base.machine import matrix_rate
from sr.models.weights_file import read_header, save_model
from sr.training.accelerate import Accelerated
from sr.training.speed import ProgressBar, Speedometer
from sr.training.stage import TrainingDiverged
from sr.training.tracking import CsvTracker, Means, Tracker
from sr.training.validation import Validation

logger = logging.getLogger(__name__)


class Run:
    """A folder with a training run: state, averaged weights, log; and the loop that fills it.

    Everything is written by the leading process, atomically: a run killed at any moment goes on
    from its last checkpoint.

    Args:
        updates: of the trainer, as fast as they are here.
        folder: `state.pt`, `<name>.safetensors` (averaged weights), `log.csv`, `config.json`,
            `samples/`.
        data_name: what the weights say they were trained on.
        data_sha256: `Pixels.sha256`, to tell other data by when the run goes on; "" to not.
        low_resolution: where the low-resolution images are from, in a sentence.
        minutes: wall-clock budget, counted over all parts of the run.
        validation: what is measured at every checkpoint, or None.
    """

    def __init__(
        self,
        updates: Accelerated,
        folder: Path,
        *,
        data_name: str,
        data_sha256: str = "",
        low_resolution: str = "",
        minutes: float | None,
        checkpoint_minutes: float = 3.0,
        validation: Validation | None = None,
    ) -> None:
        self.updates = updates
        self.trainer = updates.trainer
        self.folder = folder
        self.data_name = data_name
        self.data_sha256 = data_sha256
        self.low_resolution = low_resolution
        self.minutes = minutes
        self.checkpoint_seconds = 60 * checkpoint_minutes
        self.validation = validation
        self.trackers: Sequence[Tracker] = (CsvTracker(folder),)
        self.stop = False

    @property
    def weights_path(self) -> Path:
        """The averaged weights of the newest checkpoint."""
        return self.folder / f"{self.trainer.config.name}.safetensors"

    @property
    def state_path(self) -> Path:
        """What the newest checkpoint goes on from."""
        return self.folder / "state.pt"

    def resume(self) -> None:
        """Load the newest state of the folder; its iterations and seconds count on.

        Raises:
            DataError: there is none, or it cannot be read.
            ConfigError: it learned from other data.
        """
        path = self.state_path
        try:
            state = torch.load(path, weights_only=True, map_location=self.trainer.device)
        except FileNotFoundError:
            raise DataError(f"{path}: nothing to resume; start without --resume") from None
        except Exception as error:
            raise DataError(f"{path}: not a training state ({error})") from error
        self._check_data()
        self.trainer.load_state_dict(state)
        logger.info("resumed at iteration %d", self.trainer.iteration)

    def _check_data(self) -> None:
        """A run goes on with the data it began with; what an older one says less of is a warning.

        Raises:
            ConfigError: other data.
        """
        if not self.weights_path.is_file():
            return
        about = read_header(self.weights_path)["about"]
        known, now = about.get("data_sha256"), self.data_sha256
        text = (
            f"{self.folder}: began with {about.get('data')} ({about.get('images')} images); "
            f"{self.data_name} ({self.trainer.data.num_images} images) is other data"
        )
        if known and now and known != now:
            raise ConfigError(
                f"{text}: give the same, or begin another --output folder with "
                f"--set initial={self.weights_path}"
            )
        if not known and about.get("data") != self.data_name:
            logger.warning("%s", text)

    def progress(self) -> float:
        """How much of the budget (iterations or minutes, whichever is nearer) is used."""
        done = self.trainer.iteration / self.trainer.config.iterations
        if self.minutes is not None:
            done = max(done, self.trainer.seconds / (60 * self.minutes))
        return done

    def _agreed(self) -> tuple[float, bool]:
        """Progress and the wish to stop: the leader's, so that no process goes on alone."""
        values = [self.progress(), float(self.stop)]
        progress, stop = self.trainer.group.from_leader(values, self.trainer.device)
        return progress, bool(stop)

    def train(self) -> dict[str, float]:
        """Train to the end of the budget, saving every few minutes and at the end.

        A run whose budget was used up before is only validated; its files stay as they are.

        Returns:
            The last row of the log; empty on processes that do not lead.

        Raises:
            TrainingDiverged: with the state of the last checkpoint on disk.
        """
        if self.trainer.group.is_leader and self.progress() < 1:
            self._begin()
        try:
            gc.collect()
            gc.freeze()  # what is there now stays: the collector need not look at it every time
            shown = ProgressBar(enabled=None if self.trainer.group.is_leader else False)
            with _stop_on_signal(self), closing(shown) as bar:
                return self._loop(bar)
        finally:
            gc.unfreeze()
            for tracker in self.trackers:
                tracker.close()

    def _begin(self) -> None:
        """Clear away what a killed process left, and write the settings down."""
        config = self.folder / "config.json"
        for path in (self.state_path, self.weights_path, config, self.folder / "log.csv"):
            remove_leftovers(path)
        text = json.dumps(dataclasses.asdict(self.trainer.config), indent=2) + "\n"
        write_atomically(config, text.encode())

    def _loop(self, bar: ProgressBar) -> dict[str, float]:
        trainer, is_leader = self.trainer, self.trainer.group.is_leader
        speed = self._speedometer()
        losses = Means()
        count = 0
        row: dict[str, float] = {}
        start = last_save = time.perf_counter()
        begin = self.progress()
        while True:
            progress, stop = self._agreed()
            if progress >= 1 or stop:
                break
            step_start = time.perf_counter()
            is_ready = self.updates.is_ready
            losses.add(self._step(progress))
            seconds = time.perf_counter() - step_start
            trainer.seconds += seconds
            if is_ready:
                speed.add(seconds, self.updates.flops or 0.0)
            count += 1
            if is_leader:
                bar.show(
                    trainer.iteration,
                    progress=self.progress(),
                    begin=begin,
                    seconds=time.perf_counter() - start,
                    speed=speed,
                )
                if time.perf_counter() - last_save > self.checkpoint_seconds:
                    row = self.save(losses.take(), speed)
                    count, last_save = 0, time.perf_counter()
        if is_leader and not (count or row):
            row = self._saved_row()
        if is_leader and (count or not row):
            row = self.save(losses.take(), speed)
        return row

    def _saved_row(self) -> dict[str, float]:
        """The row of the newest checkpoint, validated now; none where it was not wholly written."""
        row = CsvTracker(self.folder).last_row()  # the log is written last
        if not self.state_path.is_file() or row.get("iteration") != self.trainer.iteration:
            return {}
        if self.validation is not None:
            row |= self.validation.measure(self.trainer.average)[0]
        logger.info("nothing was left to train; %s", _said(row))
        return row

    def _step(self, progress: float) -> dict[str, float]:
        try:
            return self.trainer.step(progress)
        except TrainingDiverged as error:
            there = self.state_path.is_file()
            kept = f"{self.state_path} is good" if there else "nothing was saved before"
            raise TrainingDiverged(f"{error} ({kept})") from None

    def _speedometer(self) -> Speedometer:
        trainer = self.trainer
        dtype = trainer.dtype or torch.float32
        rate = matrix_rate(trainer.device, dtype)
        kind = str(dtype).removeprefix("torch.")
        logger.info("matrix rate here: %.0f GFLOP/s in %s", rate / 1e9, kind)
        return Speedometer(trainer.config.batch_size, trainer.group.size, rate)

    def save(
        self, losses: Mapping[str, float], speed: Speedometer | None = None
    ) -> dict[str, float]:
        """Write weights, state and a row of the log with the losses, each atomically.

        Raises:
            TrainingDiverged: the weights are not finite; what was saved before is kept.
        """
        trainer = self.trainer
        for name, tensor in trainer.average.state_dict().items():
            if not bool(torch.isfinite(tensor).all()):
                raise TrainingDiverged(f"{name} is not finite; {self.state_path} was kept")
        row: dict[str, float] = {
            "iteration": trainer.iteration,
            "seconds": round(trainer.seconds, 1),
            **dict(sorted(losses.items())),
            **(speed.row() if speed is not None else {}),
        }
        pictures: dict[str, np.ndarray] = {}
        if self.validation is not None:
            results, pictures = self.validation.measure(trainer.average)
            row |= results
        about = {
            "version": __version__,
            "iterations": trainer.iteration,
            "seconds": row["seconds"],
            "seed": trainer.config.seed,
            "data": self.data_name,
            "data_sha256": self.data_sha256,
            "low_resolution": self.low_resolution,
            "images": trainer.data.num_images,
            "training": dataclasses.asdict(trainer.config),
            "stages": trainer.earlier_stages,
            "log": row,
        }
        with atomic_file(self.state_path) as file:
            torch.save(trainer.state_dict(), file)
        save_model(self.weights_path, trainer.average, name=trainer.config.name, about=about)
        values = {key: value for key, value in row.items() if key != "iteration"}
        for tracker in self.trackers:
            tracker.log(trainer.iteration, values)
            for name, rgb in pictures.items():
                tracker.picture(trainer.iteration, name, rgb)
        logger.info("%s", _said(row))
        return row


def _said(row: Mapping[str, float]) -> str:
    return "  ".join(f"{key} {value:.5g}" for key, value in row.items())


@contextmanager
def _stop_on_signal(run: Run) -> Iterator[None]:
    """SIGTERM and SIGINT end the run after the current update, with everything saved."""

    def handler(signum: int, frame: object) -> None:
        run.stop = True

    previous = {s: signal.signal(s, handler) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for signum, old in previous.items():
            signal.signal(signum, old)

"""A training run: the folder that holds it, the loop that fills it, and going on after a stop."""

from __future__ import annotations

import dataclasses
import gc
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sr import __version__
from sr.base.files import remove_leftovers
from sr.base.machine import matrix_rate, on_stop_signal
from sr.runs.log import CsvTracker, Means, Tracker
from sr.runs.record import FILE, check_record, surroundings, write_record
from sr.runs.speed import ProgressBar, Speedometer
from sr.training.accelerate import Accelerated
from sr.training.checkpoint import Checkpoints, read_state, what_it_learns_from
from sr.training.stage import TrainingDiverged
from sr.training.validation import Validation

logger = logging.getLogger(__name__)


class Run:
    """A folder with a training run: state, weights, log; and the loop that fills it.

    Everything is written by the leading process, atomically: a run killed at any moment goes on
    from its last checkpoint.

    Args:
        updates: of the trainer, as fast as they are here.
        folder: what `Checkpoints` keeps, `run.json`, `log.csv`, `samples/`.
        data_name: what the weights say they were trained on.
        data_sha256: `Pixels.sha256`, to tell other data by when the run goes on; "" to not.
        low_resolution: where the low-resolution images are from, in a sentence.
        minutes: budget of the clock on the wall, over all parts of the run: of photographs read,
            updates, validations, and files written.
        validation: what is measured at every checkpoint, or None.
        started: when this part began, by `time.perf_counter`; None is now.
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
        started: float | None = None,
    ) -> None:
        self.updates = updates
        self.trainer = updates.trainer
        self.folder = folder
        self.checkpoints = Checkpoints(self.trainer, folder)
        self.data_name = data_name
        self.data_sha256 = data_sha256
        self.low_resolution = low_resolution
        self.minutes = minutes
        self.checkpoint_seconds = 60 * checkpoint_minutes
        self.validation = validation
        self.started = time.perf_counter() if started is None else started
        self.wall_seconds_before = 0.0
        self.closing_seconds = 0.0  # that the next checkpoint will take
        self.trackers: Sequence[Tracker] = (CsvTracker(folder),)
        self.stop = False

    @property
    def weights_path(self) -> Path:
        """The averaged weights of the newest checkpoint."""
        return self.checkpoints.weights_path

    @property
    def state_path(self) -> Path:
        """What the newest checkpoint goes on from."""
        return self.checkpoints.state_path

    @cached_property
    def about(self) -> dict[str, Any]:
        """What must be the same when the run goes on."""
        return what_it_learns_from(
            self.trainer, data=self.data_sha256, low_resolution=self.low_resolution
        ) | {"data_name": self.data_name}

    def resume(self) -> None:
        """Load the newest state of the folder; its iterations and seconds count on.

        Raises:
            DataError: there is none, or it cannot be read.
            ConfigError: it was begun with other settings, data, backbones or precision.
        """
        state = read_state(self.folder, self.trainer.device)
        self.checkpoints.check_data(self.data_name, self.data_sha256)
        check_record(
            self.folder, self.about | surroundings(self.trainer.device, self.trainer.group.size)
        )
        self.trainer.load_state_dict(state)
        self.wall_seconds_before = state.get("wall_seconds", self.trainer.seconds)
        logger.info("resumed at iteration %d", self.trainer.iteration)

    @property
    def wall_seconds(self) -> float:
        """What the run has taken until now, by the clock on the wall, over all its parts."""
        return self.wall_seconds_before + time.perf_counter() - self.started

    def progress(self) -> float:
        """How much of the budget (iterations or minutes, whichever is nearer) is used."""
        done = self.trainer.iteration / self.trainer.config.iterations
        if self.minutes is not None:
            done = max(done, (self.wall_seconds + self.closing_seconds) / (60 * self.minutes))
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
        failed = True
        try:
            if self.trainer.group.is_leader and (self.progress() < 1 or not self.trainer.iteration):
                self._begin()
            gc.collect()
            gc.freeze()  # what is there now stays: the collector need not look at it every time
            shown = ProgressBar(enabled=None if self.trainer.group.is_leader else False)
            with on_stop_signal(self._stop), closing(shown) as bar:
                row = self._loop(bar)
            failed = False
            return row
        finally:
            gc.unfreeze()
            for tracker in self.trackers:
                tracker.close(failed=failed)

    def _stop(self) -> None:
        self.stop = True

    def _begin(self) -> None:
        """Clear away what a killed process left, and write down what is begun with.

        With a budget of minutes, a new run is validated as it begins: so it is known how much of
        them the last validation will need.
        """
        self.checkpoints.remove_leftovers()
        for name in (FILE, "log.csv"):
            remove_leftovers(self.folder / name)
        iteration = self.trainer.iteration
        part = surroundings(self.trainer.device, self.trainer.group.size)
        part |= {"iteration": iteration, "minutes": self.minutes}
        write_record(self.folder, self.about, part, resumed=iteration > 0)
        if self.minutes is not None and self.validation is not None and not iteration:
            start = time.perf_counter()
            results, _ = self.validation.measure(self.trainer.average)
            self.closing_seconds = time.perf_counter() - start
            self._tell({"seconds": 0.0, **results}, {})
        if self.progress() >= 1:
            logger.warning(
                "--minutes %g are over before the first update (%.0f s, and %.0f s for the "
                "validation at the end); there will be one",
                *(self.minutes or 0, self.wall_seconds, self.closing_seconds),
            )

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
            if stop or (progress >= 1 and trainer.iteration):
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
        trainer, start = self.trainer, time.perf_counter()
        for name, tensor in trainer.average.state_dict().items():
            if not bool(torch.isfinite(tensor).all()):
                raise TrainingDiverged(f"{name} is not finite; {self.state_path} was kept")
        row: dict[str, float] = {
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
            "validation": None if self.validation is None else self.validation.title,
            "log": {"iteration": trainer.iteration} | row,
        }
        self.checkpoints.write(about, wall_seconds=self.wall_seconds)
        self._tell(row, pictures)
        self.closing_seconds = time.perf_counter() - start
        return {"iteration": trainer.iteration} | row

    def _tell(self, row: Mapping[str, float], pictures: Mapping[str, np.ndarray]) -> None:
        """A row and pictures to every tracker, and the row to the person."""
        iteration = self.trainer.iteration
        for tracker in self.trackers:
            tracker.log(iteration, row)
            for name, rgb in pictures.items():
                tracker.picture(iteration, name, rgb)
        logger.info("iteration %d  %s", iteration, _said(row))


def _said(row: Mapping[str, float]) -> str:
    return "  ".join(f"{key} {value:.5g}" for key, value in row.items())

"""How fast training runs, and what share of the machine's own matrix rate that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

from tqdm import tqdm

BAR = "{desc}{percentage:3.0f}% |{bar}| {elapsed}{postfix}"
BAR_SECONDS = 0.5  # between two looks of the bar


@dataclass
class Speedometer:
    """Rates since the last row of the log.

    Attributes:
        batch_size: of all processes together.
        processes: that share the work.
        matrix_rate: operations a second of one process's machine.
        flops: of one update on one process; 0 while unknown.
    """

    batch_size: int
    processes: int
    matrix_rate: float
    flops: float = 0.0
    steps: int = 0
    seconds: float = 0.0

    def add(self, seconds: float, flops: float) -> None:
        """One more full update; the first ones, counted or of a warm-up, say nothing of speed."""
        self.flops = flops
        self.steps += 1
        self.seconds += seconds

    def row(self) -> dict[str, float]:
        """`samples_per_second`, `gflop_per_second`, `matrix_rate_percent`; then begin anew."""
        if not self.steps:
            return {}
        rate = self.steps / max(self.seconds, 1e-9)
        self.steps, self.seconds = 0, 0.0
        return {
            "samples_per_second": rate * self.batch_size,
            "gflop_per_second": rate * self.flops * self.processes / 1e9,
            "matrix_rate_percent": 100 * rate * self.flops / self.matrix_rate,
        }


class ProgressBar:
    """Percent, iteration, rate and time left of a run, on a terminal.

    Args:
        enabled: False shows nothing, and so does None where `file` is no terminal.
        file: standard error when None.
    """

    def __init__(self, *, enabled: bool | None = None, file: TextIO | None = None) -> None:
        disable = None if enabled is None else not enabled
        self.bar = tqdm(total=100.0, bar_format=BAR, file=file, disable=disable)
        self.shown_at = -BAR_SECONDS

    def show(
        self, iteration: int, *, progress: float, begin: float, seconds: float, speed: Speedometer
    ) -> None:
        """Say where the run is; a call soon after another says nothing.

        Args:
            progress: of the run, 0 to 1.
            begin: what it was when this part of the run began.
            seconds: since then.
        """
        if self.bar.disable or seconds - self.shown_at < BAR_SECONDS:
            return
        self.shown_at = seconds
        done = progress - begin
        left = seconds * (1 - progress) / done if done > 0 else float("inf")
        said = [f"iteration {iteration}"]
        if speed.steps:
            rate = speed.steps / speed.seconds
            share = 100 * rate * speed.flops / speed.matrix_rate
            said += [f"{rate * speed.batch_size:.1f} samples/s", f"{share:.0f}% of the matrix rate"]
        said.append(f"{tqdm.format_interval(min(max(0.0, left), 1e7))} left")
        self.bar.n = round(100 * min(1.0, progress), 2)
        self.bar.set_postfix_str(", ".join(said), refresh=False)
        self.bar.refresh()

    def close(self) -> None:
        """Leave the last state on the terminal."""
        self.bar.close()

"""How fast training runs, and what share of the machine's own matrix rate that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from torch.utils.flop_counter import FlopCounterMode

T = TypeVar("T")


def count_flops(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` returns, and the multiplications and additions of its matrix products."""
    with FlopCounterMode(display=False) as counter:
        result = work()
    return result, float(counter.get_total_flops())


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

"""Measurements that were made, so that the same version is not measured again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from demo.work.engine import LPIPS_LOADING, LPIPS_MISSING

if TYPE_CHECKING:
    from sr.metrics.result import Measurement

MEASUREMENTS_KEPT = 1000


class Measurements:
    """The latest measurements, by version and reference. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, str], Measurement] = OrderedDict()

    def remember(self, result_key: str, reference_key: str, measurement: Measurement) -> None:
        """Keep the measurement of a version against a reference."""
        if measurement.note in (LPIPS_LOADING, LPIPS_MISSING):
            return  # the next one may be whole
        with self._lock:
            self._found[result_key, reference_key] = measurement
            while len(self._found) > MEASUREMENTS_KEPT:
                self._found.popitem(last=False)

    def recall(self, result_key: str, reference_key: str) -> Measurement | None:
        """What was kept, or None."""
        with self._lock:
            return self._found.get((result_key, reference_key))

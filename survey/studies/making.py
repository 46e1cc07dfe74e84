"""Making a study while the app runs: one at a time, told how far it is, ended when asked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sr.base.errors import Cancelled, SRError
from survey.preparation.order import Order, check
from survey.study.errors import SurveyError
from survey.study.moments import stamp

logger = logging.getLogger(__name__)


class MakingError(SurveyError):
    """A study is being made already."""

    key = "studies_busy"
    status = 409


class Making:
    """The study that is being made, or was the last one.

    Args:
        clock: the present moment.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: dict[str, Any] | None = None
        self.problem: Exception | None = None

    def told(self) -> dict[str, Any] | None:
        """`name`, `share` that is done, 0 to 1, and `state`: "making", "made", "cancelled" or
        "failed", see `problem`; None before the first.
        """
        return None if self._told is None else dict(self._told)

    def begin(self, order: Order, folder: Path, *, ended: Callable[[], None]) -> None:
        """Make a study in a thread.

        Args:
            folder: of the study.
            ended: called at the end, however it ends.

        Raises:
            MakingError: one is being made.
        """
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                raise MakingError("a study is being made already; wait for it, or cancel it")
            self._cancel.clear()
            self.problem = None
            self._told = {"name": folder.name, "state": "making", "share": 0.0}
            self._thread = threading.Thread(
                target=self._run, args=[order, folder, ended], name="study-making", daemon=True
            )
            self._thread.start()

    def cancel(self) -> None:
        """Ask the one that is being made to end; what there is of it goes."""
        self._cancel.set()

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _look(self) -> None:
        if self._cancel.is_set():
            raise Cancelled("the study was cancelled")

    def _run(self, order: Order, folder: Path, ended: Callable[[], None]) -> None:
        assert self._told is not None
        told = self._told

        def tell(share: float) -> None:
            told["share"] = share
            self._look()

        try:
            checked = check(order)
            self._look()
            checked.make(folder, progress=tell, look=self._look, now=stamp(self._clock()))
            state = "made"
        except Cancelled:
            state = "cancelled"
        except (SurveyError, SRError) as error:
            state, self.problem = "failed", error
        except Exception as error:
            logger.exception("the study could not be made")
            state, self.problem = "failed", error
        try:
            ended()
        finally:
            told["state"] = state

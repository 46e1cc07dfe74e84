"""Work that is done every so often, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Repeated:
    """Does a piece of work again and again, until it is closed.

    Args:
        work: raises nothing.
        name: of the thread.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        self._work = work
        self._wake = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._go_on, name=name, daemon=True)
        self._seconds = 0.0

    def start(self, seconds: float) -> None:
        """Begin, with so many seconds between."""
        self._seconds = seconds
        self._thread.start()

    def soon(self) -> None:
        """Do it now; nobody waits for it."""
        self._wake.set()

    def close(self) -> None:
        """Stop, and do it a last time."""
        self._is_closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
            self._work()

    def _go_on(self) -> None:
        while True:
            self._wake.wait(self._seconds)
            self._wake.clear()
            if self._is_closing:
                return
            self._work()

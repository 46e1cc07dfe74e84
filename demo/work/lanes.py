"""Whose turn it is: a thread that does a piece of everybody's work, one after the other."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

from demo.hosting.process import give_way
from demo.work.job import Job


class Lane:
    """A thread that gives each visitor, and of a visitor each job, one turn after another until
    none is left.
    """

    def __init__(self, name: str, turn: Callable[[Job], bool]) -> None:
        self._name = name
        self._turn = turn  # does one piece of a job's work; True when more of it is left
        self._jobs: OrderedDict[str, deque[Job]] = OrderedDict()  # by visitor, the next one first
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, job: Job) -> None:
        """Queue a job; the thread starts with the first."""
        with self._ready:
            self._jobs.setdefault(job.visitor, deque()).append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._ready.notify()

    def close(self) -> None:
        """End the thread after the turn it is at."""
        with self._ready:
            self._closed = True
            self._ready.notify()

    def _run(self) -> None:
        give_way()
        while True:
            with self._ready:
                while not self._jobs and not self._closed:
                    self._ready.wait()
                if self._closed:
                    return
                visitor, jobs = self._jobs.popitem(last=False)
                job = jobs.popleft()
                if jobs:
                    self._jobs[visitor] = jobs  # behind the others
            if self._turn(job):
                self.add(job)
            del job  # while it waits, the thread keeps nobody's pixels

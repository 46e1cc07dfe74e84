"""One change at a time: the lock excludes processes and threads, and goes with whoever held it."""

from __future__ import annotations

import subprocess
import sys
import threading

from filelock import FileLock, Timeout

from survey.session.survey import Survey
from tests.unit.survey.conftest import Rater

HOLD = """
import sys
from pathlib import Path
from survey.session.survey import Survey
with Survey(Path(sys.argv[1])).record.alone():
    print("held", flush=True)
    sys.stdin.read()
"""


def is_free(survey: Survey) -> bool:
    try:
        with FileLock(survey.data_folder / "lock", blocking=False):
            return True
    except Timeout:
        return False


def test_a_process_waits_for_another(survey: Survey) -> None:
    command = [sys.executable, "-c", HOLD, str(survey.data_folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert not is_free(survey)
        threading.Timer(0.2, other.kill).start()  # a process that dies lets go
        Rater(survey)
        assert other.wait() != 0
    assert is_free(survey)


def test_a_thread_waits_for_another(survey: Survey) -> None:
    order = []

    def late() -> None:
        with survey.record.alone():
            order.append("late")

    thread = threading.Thread(target=late)
    with survey.record.alone():
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "late"]

"""The lock between processes excludes processes and threads, and goes with whoever held it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from sr.base.file_lock import locked, take_lock

HOLD = """
import sys
from pathlib import Path
from sr.base.file_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def is_free(path: Path) -> bool:
    with path.open("ab") as file:
        return take_lock(file, wait=False)


def test_a_process_waits_for_another(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert not is_free(path)
        threading.Timer(0.2, other.kill).start()  # a process that dies lets go
        with locked(path):
            assert other.wait() != 0
    assert is_free(path)


def test_a_thread_waits_for_another(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    order = []

    def late() -> None:
        with locked(path):
            order.append("late")

    thread = threading.Thread(target=late)
    with locked(path):
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "late"]

"""A lock between processes: an open file that one of them holds until it closes it, or ends."""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def take_lock(file: IO[bytes], *, wait: bool) -> bool:
    """Lock an open file until it is closed; whether it could be had.

    Args:
        file: opened for writing.
        wait: until whoever has it lets go; else False at once.

    Raises:
        OSError: with `wait`, where the file system knows no locks.
    """
    while True:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            return True
        except OSError as error:
            if not wait:
                return False
            if error.errno != errno.EDEADLK:  # what Windows says after ten seconds
                raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process and one thread at a time; the others wait.

    Raises:
        OSError: the file cannot be made, or the file system knows no locks.
    """
    with path.open("ab") as file:
        take_lock(file, wait=True)
        yield

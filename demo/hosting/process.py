"""What a process that runs for weeks owes its machine: memory given back, others let go first."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from functools import cache
from typing import Any

PRIMITIVES = "64"
NICENESS = 5


def bound_kernels() -> None:
    """Let oneDNN keep the compiled kernels of the latest shapes only: every photo of a new size
    brings some. Has to come before torch is first used; a setting of the owner's stands.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", PRIMITIVES)


@cache
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim  # glibc's; other systems give back by themselves
    except (AttributeError, OSError, TypeError):
        return None


def give_back() -> bool:
    """Hand memory that is free but scattered back to the system; whether it was asked to."""
    trim = _trim()
    if trim is not None:
        trim(0)
    return trim is not None


def give_way() -> None:
    """Let this thread, and those it starts, compute when others have nothing to do: answers of
    the survey are in a hurry, networks are not. Linux only, where threads have a niceness.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)

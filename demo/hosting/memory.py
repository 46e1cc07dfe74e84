"""Memory that stays flat while photos of every size come and go for weeks."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

PRIMITIVES = "64"


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

"""C beside the Python that uses it, compiled for this processor when it is first wanted."""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import torch

logger = logging.getLogger(__name__)

COMPILE_SECONDS = 120


def compile_library(
    source: Path, options: Sequence[str] = (), compiler: str | None = None
) -> ctypes.CDLL:
    """Compile one C file and load it.

    Args:
        source: the C file.
        options: more of gcc's options.
        compiler: a command that takes gcc's options; CC, cc, gcc or clang when None.

    Raises:
        RuntimeError: no compiler, or it failed, or the library cannot be loaded.
    """
    names = [compiler] if compiler else [os.environ.get("CC", ""), "cc", "gcc", "clang"]
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        raise RuntimeError(f"no C compiler ({', '.join(filter(None, names))})")
    native = ["-march=native"] if platform.machine().lower() in ("x86_64", "amd64") else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        target = Path(folder) / f"{source.stem}.so"
        command = [
            found,
            "-O3",
            "-fno-math-errno",
            *native,
            *options,
            "-std=c11",
            "-shared",
            "-fPIC",
        ]
        try:
            subprocess.run(
                [*command, str(source), "-o", str(target)],
                check=True,
                capture_output=True,
                text=True,
                timeout=COMPILE_SECONDS,
            )
            return ctypes.CDLL(str(target))
        except subprocess.CalledProcessError as error:
            lines = error.stderr.strip().splitlines() or [""]
            reason = next((line for line in lines if "error" in line), lines[-1])
            raise RuntimeError(f"{found} failed: {reason}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RuntimeError(f"{found}: {error}") from None


def functions_by_dtype(
    source: Path, prefix: str, arguments: Sequence[type]
) -> dict[torch.dtype, Callable[..., float]]:
    """The functions PREFIX_float32 and PREFIX_bfloat16 of a C file, which return a double.

    Returns:
        None of them where the file cannot be compiled; the reason is logged.
    """
    try:
        library = compile_library(source)
    except RuntimeError as error:
        logger.info("%s is not used: %s", source.name, error)
        return {}
    found: dict[torch.dtype, Callable[..., float]] = {}
    for dtype in (torch.float32, torch.bfloat16):
        function = library[f"{prefix}_{str(dtype).removeprefix('torch.')}"]
        function.argtypes, function.restype = arguments, ctypes.c_double
        found[dtype] = function
    return found


T = TypeVar("T")


def in_threads(count: int, at_least: int, work: Callable[[int, int], T]) -> list[T]:
    """`work(first, last)` on shares of `count`, in as many threads as torch uses.

    Args:
        count: what is shared out.
        at_least: below this for each, more threads cost more than they give.
        work: called with a share; C called by ctypes runs beside other threads.
    """
    threads = max(1, min(torch.get_num_threads(), count // at_least))
    if threads == 1:
        return [work(0, count)]
    edges = [count * index // threads for index in range(threads + 1)]
    return list(_pool(threads).map(work, edges[:-1], edges[1:]))


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "native")

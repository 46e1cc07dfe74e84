"""C beside the Python that uses it, compiled for this processor when it is first wanted."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

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
        command = [found, "-O3", *native, *options, "-std=c11", "-shared", "-fPIC", str(source)]
        try:
            subprocess.run(
                [*command, "-o", str(target)],
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

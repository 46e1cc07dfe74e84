"""Peak memory, memory kept for long work, and numbers sent to a GPU without waiting for it."""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def peak_memory_mib() -> float | None:
    """Peak resident memory of this process in MiB; None where the system does not tell."""
    if sys.platform == "win32":
        return _windows_peak_mib()
    status = Path("/proc/self/status")
    if status.is_file():
        # getrusage would count what the parent held when it started this process
        found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), flags=re.MULTILINE)
        if found is not None:
            return int(found[1]) / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB elsewhere
    return peak * unit / 2**20


def sent(numbers: torch.Tensor, device: torch.device) -> torch.Tensor:
    """CPU numbers on `device`; a GPU goes on computing meanwhile."""
    if device.type != "cuda":
        return numbers.to(device)
    return numbers.pin_memory().to(device, non_blocking=True)


_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # of malloc.h
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let freed blocks of every size wait in this process for the next allocation.

    glibc gives large blocks back at once and the kernel fills each new page with zeros: in
    training 18,000 pages for every update. Memory then stays at its peak, which suits a process
    that does the same again and again, not a server.

    Returns:
        Whether the system's allocator was told (glibc only).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # macOS, Windows, musl
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST) and mallopt(_TRIM_THRESHOLD, _LARGEST))


class _Counters(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of psapi.h."""

    _fields_ = (
        ("cb", ctypes.c_uint32),
        ("PageFaultCount", ctypes.c_uint32),
        ("PeakWorkingSetSize", ctypes.c_size_t),
        ("WorkingSetSize", ctypes.c_size_t),
        ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
        ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
        ("PagefileUsage", ctypes.c_size_t),
        ("PeakPagefileUsage", ctypes.c_size_t),
    )


def _windows_peak_mib() -> float | None:
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo.argtypes = (
        ctypes.c_void_p,
        ctypes.POINTER(_Counters),
        ctypes.c_uint32,
    )
    counters = _Counters(cb=ctypes.sizeof(_Counters))
    filled = kernel.K32GetProcessMemoryInfo(
        kernel.GetCurrentProcess(), ctypes.byref(counters), ctypes.sizeof(counters)
    )
    return counters.PeakWorkingSetSize / 2**20 if filled else None

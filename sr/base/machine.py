"""The machine: its memory, processor, devices and rate."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sr.base.errors import ConfigError

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


def free_memory_bytes() -> int | None:
    """Memory that programs can have; None where the system does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch, OpenVINO or Python itself says so; none of them need be imported."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error)
    return any(words in text for words in ("DefaultCPUAllocator", "bad_alloc", "out of memory"))


def cpu_name() -> str:
    """The processor's own name, as well as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def choose_device(name: str) -> torch.device:
    """ "auto" is a GPU when there is one, else the CPU; on Hugging Face's ZeroGPU, where torch
    only pretends in this process to have one, it is the CPU.

    Raises:
        ConfigError: a device that torch does not know or that is not there.
    """
    import torch

    if name == "auto":
        has_gpu = torch.cuda.is_available() and os.environ.get("SPACES_ZERO_GPU") != "true"
        return torch.device("cuda" if has_gpu else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first_line = str(error).splitlines()[0]
        raise ConfigError(f"device {name!r} cannot be used ({first_line}); try cpu") from None
    return device


def own_device(name: str) -> str:
    """ "auto" is a GPU of its own for each process that torchrun started on a machine with GPUs."""
    if name == "auto" and "LOCAL_RANK" in os.environ and choose_device(name).type == "cuda":
        return f"cuda:{os.environ['LOCAL_RANK']}"
    return name


@lru_cache(maxsize=4)
def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is multiplied faster than float32: AVX512-BF16 or AMX, or a GPU's units."""
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a large square matrix product, the best of a few.

    Args:
        dtype: what training multiplies in; float32 is measured as torch is set to compute it.
    """
    import torch

    side = 8192 if device.type == "cuda" else 1024
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))

    def once() -> float:
        start = time.perf_counter()
        c = a @ b
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        else:
            float(c[0, 0])
        return time.perf_counter() - start

    once()
    return 2 * side**3 / min(once() for _ in range(8))


def sent(numbers: torch.Tensor, device: torch.device) -> torch.Tensor:
    """CPU numbers on `device`; a GPU goes on computing meanwhile."""
    if device.type != "cuda":
        return numbers.to(device)
    return numbers.pin_memory().to(device, non_blocking=True)


@contextmanager
def on_stop_signal(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT call `stop` meanwhile, in the place of what they do else."""

    def handler(signum: int, frame: object) -> None:
        stop()

    previous = {s: signal.signal(s, handler) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for signum, old in previous.items():
            signal.signal(signum, old)


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

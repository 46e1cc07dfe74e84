"""The machine: what is asked of its allocator."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc")
def test_freed_memory_is_kept_and_used_again() -> None:
    code = (
        "import resource, torch\n"
        "from sr.base.machine import keep_freed_memory\n"
        "print(keep_freed_memory())\n"
        "def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for _ in range(40): torch.ones(10_000_000)\n"
        "before = faults()\n"
        "for _ in range(5): torch.ones(10_000_000)\n"
        "print(faults() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    if done[0] != "True":
        pytest.skip("not glibc")
    assert int(done[1]) < 1000  # of 10,000 pages each

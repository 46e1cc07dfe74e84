"""Memory stays flat while photos of every size go through the networks."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import pytest

from demo.hosting import process

PHOTOS = """
import json, sys
from demo.hosting.process import bound_kernels, give_back
if sys.argv[1] == "kept":
    bound_kernels()
import numpy as np
from sr.images.photo import Photo
from sr.inference.upscaler import get_upscaler

def resident_mib():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

random = np.random.default_rng(1)
seen = []
for number in range(40):
    height, width = random.integers(20, 56, 2)
    photo = Photo(random.integers(90, 150, (height, width, 3), dtype=np.uint8))
    get_upscaler("srresnet_x4").upscale(photo)
    if sys.argv[1] == "kept":
        give_back()
    seen.append(resident_mib())
print(json.dumps(seen))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_many_sizes_leave_nothing_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PHOTOS, "kept"], capture_output=True, text=True, check=True
    )
    seen = json.loads(done.stdout)
    assert seen[-1] - seen[15] < 20, seen


def test_a_setting_of_the_owners_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
    monkeypatch.setenv(name, "7")
    process.bound_kernels()
    assert process.os.environ[name] == "7"


def test_a_system_without_glibc_gives_back_by_itself() -> None:
    """On macOS and Windows nothing is called, and nothing fails."""
    program = (
        "import ctypes\n"
        "ctypes.CDLL = lambda name: object()\n"
        "from demo.hosting.process import give_back\n"
        "print(give_back())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr


@pytest.mark.skipif(not platform.libc_ver()[0].startswith("glibc"), reason="needs glibc")
def test_glibc_is_asked_to_give_back() -> None:
    assert process.give_back()

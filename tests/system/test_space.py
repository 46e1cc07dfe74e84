"""The Space: the rehearsal passes, and ZeroGPU's decorator is used there and only there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.system.space_check import check

ROOT = Path(__file__).parents[2]

FAKE_SPACES = """
import functools, sys
assert "torch" not in sys.modules
def GPU(duration):
    def decorate(work):
        @functools.wraps(work)
        def on_gpu(*arguments):
            print("gpu", duration, work.__name__, arguments[0])
            return arguments[1]
        return on_gpu
    return decorate
"""
USE = (
    "import threading, numpy as np\n"
    "from demo.work.engine import SuperResolution; from sr.images.photo import Photo\n"
    "photo = Photo(np.zeros((8, 8, 3), np.uint8))\n"
    "engine = SuperResolution()\n"
    "for model in ('bicubic', 'srgan_x4'):\n"
    "    made = engine.upscale(model, photo, progress=print, cancel=threading.Event())\n"
    "print('height', made.height)\n"
    "from sr.inference.upscaler import choose_device; import torch\n"
    "torch.cuda.is_available = lambda: True\n"
    "print('auto', choose_device('auto'), engine.png_text('srgan_x4')['Nitidez-Precision'])\n"
)


def run(tmp_path: Path, **environment: str) -> str:
    (tmp_path / "spaces.py").write_text(FAKE_SPACES, encoding="utf-8")
    (tmp_path / "use.py").write_text(USE, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(tmp_path / "use.py")],
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}", "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_rehearsal_of_the_space_passes() -> None:
    problems, _ = check()
    assert problems == []


def test_on_zero_gpu_networks_run_on_the_borrowed_gpu_and_the_rest_does_not(tmp_path: Path):
    told = run(tmp_path, SPACES_ZERO_GPU="true")
    assert "gpu 60 upscale_on_gpu srgan_x4" in told
    assert "bicubic" not in told
    assert "height 8" in told  # what the fake gave back
    assert "auto cpu float32" in told


def test_elsewhere_the_spaces_package_is_not_even_imported(tmp_path: Path):
    told = run(tmp_path)
    assert "gpu" not in told
    assert "height 32" in told
    assert "auto cuda" in told


def test_nothing_of_the_app_is_compiled() -> None:
    for path in [*(ROOT / "demo").rglob("*.py"), ROOT / "sr" / "inference" / "upscaler.py"]:
        assert "compile(" not in path.read_text("utf-8").replace("re.compile(", ""), path

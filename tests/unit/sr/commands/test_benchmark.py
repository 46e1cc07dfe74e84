"""The benchmark counts what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from sr.base.errors import ConfigError, SRError
from sr.base.machine import peak_memory_mib
from sr.commands import benchmark
from sr.commands.benchmark import flops_of, plain_forward, sample_photo
from sr.networks.srresnet import SRResNet


def test_operations_per_output_pixel_are_those_of_the_papers_layers() -> None:
    body = 3 * 64 * 81 + 33 * 64 * 64 * 9  # head, 16 blocks of two, one after: at 1 / 16
    expected = 2 * (body / 16 + 64 * 256 * 9 / 16 + 64 * 256 * 9 / 4 + 64 * 3 * 81)
    counted = flops_of(lambda: plain_forward(SRResNet().eval(), torch.zeros(1, 3, 6, 5)))
    assert counted / (24 * 20) == pytest.approx(expected)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_plain_network_is_the_network(scale: int) -> None:
    model = SRResNet(scale=scale, num_blocks=2, num_features=8, batch_norm=False, image_skip=True)
    model.eval()
    lr = torch.rand(1, 3, 12, 9)
    assert torch.allclose(plain_forward(model, lr), model(lr), atol=1e-5)


def test_the_sample_is_always_the_same() -> None:
    assert sample_photo(8).rgb.tobytes() == sample_photo(8).rgb.tobytes()


def test_peak_memory_is_this_process_alone() -> None:
    ballast = np.ones(300 * 2**20, np.uint8)  # of the parent: the child must not count it
    assert ballast[-1] == 1
    code = (
        "import numpy as np\n"
        "from sr.base.machine import peak_memory_mib\n"
        "before = peak_memory_mib()\n"
        "np.ones(100 * 2**20, np.uint8)\n"
        "print(before, peak_memory_mib())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[4],
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = map(float, result.stdout.split())
    assert before < 200
    assert 90 < after - before < 130


@pytest.mark.parametrize(("platform", "unit"), [("darwin", 1), ("freebsd14", 1024)])
def test_peak_memory_knows_the_units_of_other_systems(
    platform: str, unit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = SimpleNamespace(
        RUSAGE_SELF=0, getrusage=lambda _: SimpleNamespace(ru_maxrss=256 * 2**20 // unit)
    )
    monkeypatch.setitem(sys.modules, "resource", fake)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "is_file", lambda _: False)
    assert peak_memory_mib() == 256


def test_peak_memory_on_windows_asks_its_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    class Function:
        def __init__(self, call: Any) -> None:
            self.call = call

        def __call__(self, *arguments: Any) -> Any:
            return self.call(*arguments)

    def fill(_process: Any, counters: Any, size: int) -> int:
        assert size == counters._obj.cb
        counters._obj.PeakWorkingSetSize = 512 * 2**20
        return 1

    kernel = SimpleNamespace(
        GetCurrentProcess=Function(lambda: 1), K32GetProcessMemoryInfo=Function(fill)
    )
    monkeypatch.setattr("ctypes.windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert peak_memory_mib() == 512


def test_figures_hold_png_time_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "matrix_rate", lambda *_: 100e9)
    figures = benchmark.benchmark("srresnet_x4", side=16, repeats=1, memory_side=16)
    numbers = {key: value for key, value in figures.items() if isinstance(value, (int, float))}
    assert numbers["png_seconds_per_output_megapixel"] > 0
    assert numbers["share_of_matrix_rate_percent"] == numbers["gflop_per_second"]  # of 100 GFLOP/s
    plain, ours = numbers["plain_seconds_per_output_megapixel"], figures["engine"]
    assert (
        numbers[f"{str(ours).split()[0]}_seconds_per_output_megapixel"]
        == (numbers["seconds_per_output_megapixel"])
    )
    faster = plain / numbers["seconds_per_output_megapixel"]
    assert numbers["times_faster"] == pytest.approx(faster, rel=0.02, abs=0.01)
    one_process = benchmark.memory_of_fresh_process("srresnet_x4", 16)[0]
    assert numbers["peak_memory_mib"] == pytest.approx(one_process, rel=0.3)
    assert figures["pixels_within_1_grey_level_percent"] == 100


def test_every_network_has_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "memory_of_fresh_process", lambda *_: (1.0, 1.0))
    for model in ("srcnn_x4", "srgan_x2"):
        figures = benchmark.benchmark(model, side=16, repeats=1, memory_side=16)
        assert figures["pixels_within_1_grey_level_percent"] >= 99
    with pytest.raises(ConfigError, match="bicubic: needed a network"):
        benchmark.benchmark("bicubic", side=16, repeats=1, memory_side=16)


def test_a_failed_process_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "Traceback\nMemoryError: too much")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(SRError, match=r"MemoryError: too much\); try a smaller --memory-size"):
        benchmark.memory_of_fresh_process("srresnet_x4", 16)

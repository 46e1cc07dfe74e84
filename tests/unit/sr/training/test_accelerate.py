"""Faster updates teach what plain ones do: kernels, a compiler, a graph; what fails is left out."""

from __future__ import annotations

import dataclasses
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sr.batches.crops import CropSampler
from sr.batches.pixels import load_pixels
from sr.data.pairs import training_pairs
from sr.data.recognise import recognise
from sr.images.photo import Photo
from sr.images.writing import save_png
from sr.training.accelerate import Accelerated, Compute, accelerate
from sr.training.recipes import SRGAN_SMOKE, SRRESNET_SMOKE, Training
from sr.training.stage import Found, Trainer, TrainingDiverged

pytestmark = pytest.mark.usefixtures("one_thread")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
MUON = dataclasses.replace(SRRESNET_SMOKE, optimizer="muon", pixel_loss="psnr", pixel_weight=0.01)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for index in range(3):
        save_png(tmp_path / f"{index}.png", Photo(random.integers(0, 256, (48, 48, 3), np.uint8)))
    return tmp_path


def build(folder: Path, config: Training, device: str = "cpu", precision: str = "auto") -> Trainer:
    pairs, _ = training_pairs(recognise(folder), scale=4)
    pixels, at = load_pixels(pairs, scale=4), torch.device(device)
    data = CropSampler(pixels, lr_patch_px=config.hr_patch_px // 4, device=at, seed=0)
    return Trainer(config, data, device=at, precision=precision)


class Repeated:
    """What a graph does, without one: the same work again, on batches of one shape."""

    def __init__(self, compute: Compute, lr: Tensor, hr: Tensor) -> None:
        self.compute, self.shape = compute, lr.shape
        self.batches = 0

    def __call__(self, lr: Tensor, hr: Tensor) -> Found:
        assert lr.shape == self.shape
        self.batches += 1
        return self.compute(lr, hr)


@pytest.mark.parametrize("config", [SRRESNET_SMOKE, SRGAN_SMOKE, MUON], ids=["l1", "gan", "muon"])
def test_replayed_updates_are_those_of_plain_launches(photos: Path, config: Training) -> None:
    captured: list[Repeated] = []

    def capture(compute: Compute, lr: Tensor, hr: Tensor) -> Compute:
        captured.append(Repeated(compute, lr, hr))
        return captured[-1]

    plain, graphed = (build(photos, config) for _ in range(2))
    updates = Accelerated(graphed, capture=capture)
    for _ in range(5):
        assert plain.step(0.1) == graphed.step(0.1)
    (graph,) = captured
    assert graph.batches == 4 - config.discriminator_warmup  # the first full update is counted
    assert updates.is_ready
    for name, tensor in plain.average.state_dict().items():
        assert torch.equal(tensor, graphed.average.state_dict()[name]), name


def test_a_graph_that_fails_changes_nothing_but_speed(
    photos: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(compute: Compute, lr: Tensor, hr: Tensor) -> Compute:
        compute(lr, hr)
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    plain, graphed = (build(photos, SRGAN_SMOKE) for _ in range(2))
    Accelerated(graphed, capture=broken)
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            assert plain.step(0.1) == graphed.step(0.1)
    assert caplog.messages == [
        "no CUDA graph: RuntimeError: operation not permitted when stream is capturing"
    ]


def test_a_compiler_that_fails_changes_nothing_but_speed(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(module: object, **options: object) -> object:
        def fail(x: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("no compiler here")

        return fail

    monkeypatch.setattr(torch, "compile", broken)
    config = dataclasses.replace(SRGAN_SMOKE, discriminator_warmup=0)
    plain, compiled = (build(photos, config) for _ in range(2))
    accelerate(compiled, compile=True)
    for _ in range(3):
        assert plain.step(0.1) == compiled.step(0.1)


def test_a_compiler_takes_the_place_of_the_parts_and_leaves_the_numbers(photos: Path) -> None:
    calls: list[str] = []

    def compiler(part: Callable[..., Any]) -> Callable[..., Any]:
        def compiled(*args: Any) -> Any:
            calls.append(getattr(part, "__name__", type(part).__name__))
            return part(*args)

        return compiled

    config = dataclasses.replace(SRGAN_SMOKE, discriminator_warmup=0)
    plain, compiled = (build(photos, config) for _ in range(2))
    updates = Accelerated(compiled, compiler=compiler)
    for _ in range(3):
        assert plain.step(0.1) == compiled.step(0.1)
    assert updates.is_ready
    assert {"SRResNet", "_seen", "SRGANDiscriminator"} <= set(calls)


def test_a_cpu_has_no_graph(photos: Path) -> None:
    run = build(photos, SRRESNET_SMOKE)
    updates = accelerate(run)
    assert not updates.is_ready  # operations are not counted yet
    run.step(0.0)
    assert updates.is_ready


def test_kernels_are_behind_one_door_that_can_stay_shut(photos: Path, tmp_path: Path) -> None:
    """Training needs neither them nor what only the demonstration and the trackers need."""
    code = (
        "import sys\n"
        "for name in ('gradio', 'lpips', 'pandas', 'matplotlib'): sys.modules[name] = None\n"
        "from sr.commands.cli import main\n"
        "def train(output, *more):\n"
        f"    assert main(['train', 'srresnet_smoke', '--data', {str(photos)!r}, '--validate',\n"
        f"        {str(photos)!r}, '--output', {str(tmp_path)!r} + '/' + output, *more]) == 0\n"
        "    return sorted(name for name in sys.modules if name.startswith('sr.kernels'))\n"
        "assert train('without', '--kernels', 'off') == [], sys.modules\n"
        "assert 'sr.kernels.winograd' in train('with')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@needs_gpu
@pytest.mark.parametrize("config", [SRRESNET_SMOKE, SRGAN_SMOKE, MUON], ids=["l1", "gan", "muon"])
def test_a_graph_on_a_gpu_teaches_the_same(
    photos: Path, config: Training, caplog: pytest.LogCaptureFixture
) -> None:
    plain, graphed = (build(photos, config, "cuda", precision="float32") for _ in range(2))
    accelerate(plain, cuda_graph=False)
    updates = accelerate(graphed)
    with caplog.at_level(logging.WARNING):
        for index in range(6):
            expected, found = plain.step(0.1), graphed.step(0.1)
            assert found == (pytest.approx(expected, rel=1e-2) if index else {})
    assert updates.is_ready
    assert not caplog.messages  # such as that there is no graph


@needs_gpu
def test_a_gpu_finds_divergence_one_update_late(photos: Path) -> None:
    run = build(photos, SRRESNET_SMOKE, "cuda")
    accelerate(run)
    run.pixel = lambda a, b: (a * float("nan")).mean()
    assert run.step(0.0) == {}
    with pytest.raises(TrainingDiverged, match="learning_rate"):
        run.step(0.0)

"""Training on a GPU: one graph for an update, plain launches where that fails, the same numbers."""

from __future__ import annotations

import dataclasses
import logging
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
from sr.training import stage as trainer_module
from sr.training.recipes import SRGAN_SMOKE, SRRESNET_SMOKE, Training
from sr.training.stage import Trainer, TrainingDiverged

pytestmark = pytest.mark.usefixtures("one_thread")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
MUON = dataclasses.replace(SRRESNET_SMOKE, optimizer="muon", pixel_loss="psnr", pixel_weight=0.01)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for index in range(3):
        save_png(tmp_path / f"{index}.png", Photo(random.integers(0, 256, (48, 48, 3), np.uint8)))
    return tmp_path


def build(folder: Path, config: Training, device: str = "cpu", **options: Any) -> Trainer:
    pairs, _ = training_pairs(recognise(folder), scale=4)
    pixels, at = load_pixels(pairs, scale=4), torch.device(device)
    data = CropSampler(pixels, lr_patch_px=config.hr_patch_px // 4, device=at, seed=0)
    return Trainer(config, data, device=at, **options)


class Repeated:
    """What a graph does, without one: the same work again, gradients overwritten."""

    def __init__(
        self, work: Callable[..., Any], lr: Tensor, hr: Tensor, *, clear: Callable[[], None]
    ) -> None:
        self.work, self.clear, self.shape = work, clear, lr.shape

    def __call__(self, lr: Tensor, hr: Tensor) -> Any:
        assert lr.shape == self.shape
        self.clear()
        return self.work(lr, hr)


@pytest.mark.parametrize("config", [SRRESNET_SMOKE, SRGAN_SMOKE, MUON], ids=["l1", "gan", "muon"])
def test_replayed_updates_are_those_of_plain_launches(
    photos: Path, config: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "GraphedUpdate", Repeated)
    plain, graphed = (build(photos, config, winograd=False) for _ in range(2))
    graphed._wants_graph = True
    for _ in range(5):
        assert plain.step(0.1) == graphed.step(0.1)
    assert isinstance(graphed._graph, Repeated)
    assert graphed.is_ready
    for name, tensor in plain.average.state_dict().items():
        assert torch.equal(tensor, graphed.average.state_dict()[name]), name


def test_a_graph_that_fails_changes_nothing_but_speed(
    photos: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **options: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(trainer_module, "GraphedUpdate", broken)
    plain, graphed = (build(photos, SRGAN_SMOKE) for _ in range(2))
    graphed._wants_graph = True
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            assert plain.step(0.1) == graphed.step(0.1)
    assert caplog.messages == [
        "no CUDA graph: RuntimeError: operation not permitted when stream is capturing"
    ]


def test_a_cpu_has_no_graph(photos: Path) -> None:
    run = build(photos, SRRESNET_SMOKE)
    assert not run.is_ready  # operations are not counted yet
    run.step(0.0)
    assert run.is_ready


@needs_gpu
@pytest.mark.parametrize("config", [SRRESNET_SMOKE, SRGAN_SMOKE, MUON], ids=["l1", "gan", "muon"])
def test_a_graph_on_a_gpu_teaches_the_same(photos: Path, config: Training) -> None:
    plain, graphed = (
        build(photos, config, "cuda", precision="float32", cuda_graph=wanted)
        for wanted in (False, True)
    )
    for index in range(6):
        expected, found = plain.step(0.1), graphed.step(0.1)
        assert found == (pytest.approx(expected, rel=1e-2) if index else {})
    assert graphed._graph is not None


@needs_gpu
def test_a_gpu_finds_divergence_one_update_late(photos: Path) -> None:
    run = build(photos, SRRESNET_SMOKE, "cuda")
    run.pixel = lambda a, b: (a * float("nan")).mean()
    assert run.step(0.0) == {}
    with pytest.raises(TrainingDiverged, match="learning_rate"):
        run.step(0.0)

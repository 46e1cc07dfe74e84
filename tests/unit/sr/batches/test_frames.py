"""Crops of frames: aligned, the same after a stop, shared among processes; training on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sr.base.errors import ConfigError, DataError
from sr.batches.frames import CROPS_A_SCENE, FrameSampler
from sr.batches.training_data import TrainingData, sampler_of
from sr.commands.cli import main
from sr.microscopy.data.frames import Frames
from sr.models.files.weights_file import read_header
from sr.training.recipes import PRESETS
from sr.training.settings import override
from sr.training.stage import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def small_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sr.batches.frames.SCENES_HELD", 3)
    monkeypatch.setattr("sr.microscopy.data.frames.SCENE_LR_PX", 24)


def ramp_pair(side: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """LR is the mean of HR's 2x2, so that aligned crops keep that rule."""
    hr = np.random.default_rng(1).random((2 * side, 2 * side)) + np.arange(2 * side)
    return hr.reshape(side, 2, side, 2).mean(axis=(1, 3))[None], hr


def sampler(frames: Frames, **changes: object) -> FrameSampler:
    settings = {"lr_patch_px": 8, "device": CPU, "seed": 3} | changes
    return FrameSampler(frames, **settings)  # type: ignore[arg-type]


def test_crops_of_pairs_are_aligned_however_they_are_turned() -> None:
    lr, hr = sampler(Frames(2, "a pair", pairs=[ramp_pair()])).batch(40)
    assert lr.shape == (40, 1, 8, 8)
    assert hr.shape == (40, 1, 16, 16)
    means = hr.reshape(40, 8, 2, 8, 2).mean(dim=(2, 4))
    for small, large in zip(lr[:, 0], means, strict=True):
        assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.999
    assert len({crop.numpy().tobytes() for crop in lr}) > 30


def test_the_next_crops_depend_on_the_state_alone_and_new_scenes_come() -> None:
    frames = Frames(2, "drawn")
    through = sampler(frames)
    first = set(through.scenes)
    for _ in range(3):
        through.batch(2 * CROPS_A_SCENE)
    assert first - set(through.scenes)
    again = sampler(frames)
    again.load_state_dict(through.state_dict())
    assert all(torch.equal(*both) for both in zip(through.batch(4), again.batch(4), strict=True))


def test_processes_share_the_batch_of_one() -> None:
    frames = Frames(2, "pairs", pairs=[ramp_pair()])
    whole = sampler(frames).batch(6)
    parts = [sampler(frames, share=(part, 2)).batch(6) for part in range(2)]
    for kind in range(2):
        assert torch.equal(torch.cat([part[kind] for part in parts]), whole[kind])


def test_a_frame_smaller_than_a_crop_is_refused() -> None:
    with pytest.raises(DataError, match="side of 6 px, less than a crop of 8"):
        sampler(Frames(2, "small", pairs=[ramp_pair(6)]))


@pytest.mark.parametrize("channels", [1, 9])
@pytest.mark.parametrize("preset", ["dfcan_smoke", "dfgan_smoke", "unet_cascade_smoke"])
def test_every_loss_of_microscopy_reaches_the_generator(preset: str, channels: int) -> None:
    changes = [f"channels={channels}", "pixel_loss=mse_ssim"]
    config = override(PRESETS[preset], changes)
    data = TrainingData(Path("simulator"), source="microscopy")
    pixels = data.load(scale=2, raw_frames=channels)
    trainer = Trainer(config, sampler_of(pixels, lr_patch_px=16, device=CPU, seed=0), device=CPU)
    trainer.gradients(*trainer.batch())
    assert all(p.grad is not None for p in trainer.generator.parameters())
    losses = trainer.step(0.5)
    assert ("g/adversarial" in losses) == (preset == "dfgan_smoke")


def test_the_command_trains_goes_on_and_says_what_it_learned_from(tmp_path: Path) -> None:
    arguments = ["train", "dfcan_smoke", "--data", "simulator", "--output", str(tmp_path / "run")]
    assert main([*arguments, "--set", "iterations=2"]) == 0
    assert main([*arguments, "--resume", "--set", "iterations=3"]) == 0
    header = read_header(tmp_path / "run" / "dfcan_x2.safetensors")
    assert header["architecture"] == "dfcan"
    assert header["about"]["iterations"] == 3
    assert header["about"]["data"] == "simulator"
    assert header["about"]["low_resolution"] == "drawn by the simulator"


def test_settings_for_photographs_are_refused_in_microscopy_and_the_other_way() -> None:
    for preset, changes, text in (
        ("dfcan_fast", ["pattern_share=0.1"], "pattern_share: for photographs"),
        ("dfcan_fast", ["source=photographs"], "dfcan learns from microscopy"),
        ("srresnet_fast", ["source=microscopy"], "srresnet learns from photographs"),
        ("dfgan_fast", ["discriminator=unet"], "discriminator: for photographs"),
    ):
        with pytest.raises(ConfigError, match=text):
            override(PRESETS[preset], changes)

"""Frames on the command line: enlarged with their pixel size, measured; nothing half written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from sr.commands.cli import main
from sr.microscopy.files.reading import read_stack
from sr.models.files.weights_file import save_model
from sr.networks.registry import build
from tests.unit.sr.microscopy.conftest import write_mrc

pytestmark = pytest.mark.usefixtures("one_thread")
FRAMES = np.random.default_rng(0).integers(20000, 40000, (9, 12, 14)).astype(np.uint16)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = {"num_stages": 1, "num_features": 8, "spectrum_px": 8, "scale": 2, "channels": 1}
    save_model(tmp_path / "toy_x2.safetensors", build("unet_cascade", config), name="toy", about={})
    return tmp_path / "toy_x2.safetensors"


def test_a_frame_becomes_a_tiff_of_its_kind_with_smaller_pixels(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_mrc(tmp_path / "raw.mrc", FRAMES, pixel_um=0.0626)
    for model, frame, count in ((str(network), "mean", 1), ("bicubic", "all", 9)):
        output = tmp_path / f"{frame}.ome.tif"
        arguments = ["upscale", str(source), str(output), "--model", model, "--frame", frame]
        assert main([*arguments, "--scale", "2"]) == 0
        made = read_stack(output)
        assert made.planes.shape == (count, 24, 28)
        assert made.planes.dtype == np.uint16
        assert made.pixel_um == pytest.approx(0.0313)
        assert "12 to" not in capsys.readouterr().err
        wide = FRAMES.mean(axis=0) if count == 1 else FRAMES[0]
        small = made.planes[0].reshape(12, 2, 14, 2).mean(axis=(1, 3))
        assert np.corrcoef(small.ravel(), wide.ravel())[0, 1] > 0.8


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ([], "a stack of 9 frames, needed one"),
        (["--frame", "12"], "frame 12; needed 1 to 9"),
        (["--frame", "1", "--pixel-nm", "0"], "--pixel-nm 0: needed a positive number"),
        (["--frame", "1", "--quality", "9"], "--quality: no effect on frames"),
        (["--frame", "1", "--width", "900"], "--width: no effect on frames"),
        (["--frame", "1", "--scale", "3"], "enlarges 2 times, not 3"),
        (["--frame", "1", "--model", "srresnet_x4"], "srresnet_x4: a model for photographs"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    tmp_path: Path,
    network: Path,
    capsys: pytest.CaptureFixture[str],
    extra: list[str],
    text: str,
) -> None:
    source = write_mrc(tmp_path / "raw.mrc", FRAMES)
    output = tmp_path / "out.tif"
    model = [] if "--model" in extra else ["--model", str(network)]
    assert main(["upscale", str(source), str(output), *model, *extra]) == 2
    assert text in capsys.readouterr().err
    assert not output.exists()
    assert main(["upscale", str(source), str(tmp_path / "a.png"), *model, "--frame", "1"]) == 2
    assert "frames are written as TIFF" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["dfcan", "dfgan"])
def test_raw_frames_go_together_through_a_network_of_nine_channels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    small = {"num_groups": 1, "num_blocks": 1, "num_features": 8, "spectrum_px": 8}
    weights = tmp_path / "raw_x2.safetensors"
    save_model(weights, build(name, {**small, "scale": 2, "channels": 9}), name="raw", about={})
    tifffile.imwrite(tmp_path / "raw.tif", FRAMES, imagej=True, metadata={"axes": "TYX"})
    tifffile.imwrite(tmp_path / "one.tif", FRAMES[0])  # a name that says nothing of a microscope

    def upscale(source: str, *words: str) -> int:
        paths = [str(tmp_path / source), str(tmp_path / "out.tif")]
        return main(["upscale", *paths, "--model", str(weights), *words])

    assert upscale("raw.tif", "--frame", "1") == 2
    assert "leave --frame out" in capsys.readouterr().err
    assert upscale("one.tif") == 2
    assert "give a stack of 9" in capsys.readouterr().err
    assert not (tmp_path / "out.tif").exists()
    assert upscale("raw.tif") == 0
    assert read_stack(tmp_path / "out.tif").planes.shape == (1, 24, 28)


def test_a_network_of_nine_channels_learns_from_raw_frames_and_is_measured_on_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn, run = str(tmp_path / "drawn"), tmp_path / "run"
    assert main(["microscope", "simulate", drawn, "--count", "1", "--raw"]) == 0
    train = ["train", "dfcan_smoke", "--data", drawn, "--split", "all", "--output", str(run)]
    assert main([*train, "--set", "channels=9"]) == 0
    weights = str(run / "dfcan_x2.safetensors")
    measure = ["microscope", "evaluate", drawn, "--split", "all", "--model", "bicubic", weights]
    assert main(measure) == 0
    assert "dfcan_x2: mean of 1 pairs" in capsys.readouterr().out
    assert main(["microscope", "simulate", str(tmp_path / "wide"), "--count", "1"]) == 0
    measure[2] = str(tmp_path / "wide")
    assert main(measure) == 2
    assert "1 frame in it; the network looks at 9 raw ones" in capsys.readouterr().err


def test_drawn_pairs_are_measured(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "drawn"
    assert main(["microscope", "simulate", str(drawn), "--count", "2", "--level", "9"]) == 0
    models = ["--model", "bicubic", str(network)]
    table, maps = tmp_path / "t.csv", tmp_path / "maps"
    arguments = ["microscope", "evaluate", str(drawn), "--split", "all", *models]
    assert main([*arguments, "--csv", str(table), "--maps", str(maps)]) == 0
    said = capsys.readouterr().out
    assert "bicubic: mean of 2 pairs" in said
    assert said.count("decorrelation analysis: wide field ") == 2
    lines = table.read_text().splitlines()
    assert lines[0].startswith("model,cell,level,fitted_psnr,fitted_nrmse")
    assert len(lines) == 5
    assert len(list(maps.glob("*_bicubic_error.tif"))) == 2
    assert main([*arguments[:5], "--model", "bicubic", "bicubic"]) == 2
    assert "bicubic: the name of two models" in capsys.readouterr().err
    (drawn / "HR").rename(drawn / "other")
    assert main(arguments) == 2
    assert "no pairs of frames" in capsys.readouterr().err


def test_the_resolution_of_single_frames_is_said_in_nanometres_or_pixels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    points = (random.random((256, 256)) > 0.99).astype(float)
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None, :])
    frame = np.fft.irfft2(np.fft.rfft2(points) * (frequency < 0.2), points.shape)
    frame = 9000 + 500 * (frame / frame.std() + 0.1 * random.normal(size=frame.shape))
    planes = np.stack([frame, random.normal(1000, 10, frame.shape)]).clip(0).astype(np.uint16)
    stack = str(write_mrc(tmp_path / "cell.mrc", planes, pixel_um=0.05))
    measure = ["microscope", "resolution", stack]
    assert main([*measure, "--frame", "all"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first in {f"cell.mrc, frame 1: {nm} nm" for nm in range(240, 256)}
    assert second.startswith("cell.mrc, frame 2: no detail stands out of the noise")
    assert main([*measure, "--frame", "1", "--pixel-nm", "unknown"]) == 0
    assert capsys.readouterr().out in {f"cell.mrc: {px} px\n" for px in (4.8, 4.9, 5.0, 5.1)}
    cut = write_mrc(tmp_path / "cut.mrc", planes, cut=3000)
    small = write_mrc(tmp_path / "small.mrc", planes[:1, :20])
    whole = write_mrc(tmp_path / "whole.mrc", planes[:1])
    assert main([*measure, str(cut), str(small), str(whole)]) == 2
    told = capsys.readouterr()
    assert told.out.startswith("whole.mrc: ")  # what can be measured is
    for text in ("a stack of 2 frames", "cut.mrc", "small.mrc: decorrelation_px: (20, 256)"):
        assert text in told.err

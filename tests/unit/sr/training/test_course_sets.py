"""The data sets of the course train as they were downloaded, at every scale they are for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.writing import save_png
from sr.models.files.weights_file import read_header

pytestmark = pytest.mark.usefixtures("one_thread")
TINY = ["num_blocks=1", "num_features=8", "initial=", "content=none", "content_weight=0"]
TINY += ["epochs=1", "batch_size=2", "discriminator=patch"]


def train(preset: str, data: Path, output: Path, *settings: str) -> dict[str, object]:
    """What the weights say of themselves."""
    command = ["train", preset, "--data", str(data), "--output", str(output)]
    for setting in (*TINY, *settings):
        command += ["--set", setting]
    assert main(command) == 0
    (weights,) = output.glob("*.safetensors")
    about: dict[str, object] = read_header(weights)["about"] | {"name": weights.stem}
    return about


def random_photo(path: Path, side: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    save_png(path, Photo(pixels))


@pytest.mark.parametrize("scale", [2, 4, 6])
def test_kaggles_unsplash_set_trains_on_its_own_small_files(scale: int, tmp_path: Path) -> None:
    root = tmp_path / "set" / "High Res"
    for number in (1, 2):
        random_photo(root / f"{number}.png", 48)
        for small in (2, 4, 6):
            random_photo(root.with_name("Low Res") / f"{number}_{small}.png", 48 // small)
    output = tmp_path / "run"
    about = train("unsplash", tmp_path / "set", output, f"scale={scale}", "hr_patch_px=48")
    assert about["low_resolution"] == "low-resolution images of the data set"
    assert (about["name"], about["iterations"], about["images"]) == (f"srgan_x{scale}", 1, 2)


@pytest.mark.parametrize("scale", [3, 8])
def test_voc_trains_at_any_scale(scale: int, tmp_path: Path) -> None:
    for number in (1, 2):
        random_photo(tmp_path / "VOC2012" / "JPEGImages" / f"{number}.png", 50)
    about = train(
        "voc2012", tmp_path / "VOC2012", tmp_path / "run", f"scale={scale}", "hr_patch_px=48"
    )
    assert about["low_resolution"] == "low-resolution images made by bicubic"
    assert (about["name"], about["iterations"]) == (f"srgan_x{scale}", 1)

"""A run goes on with the data that it began with."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np
import pytest

from sr.base.errors import ConfigError
from sr.commands import train
from sr.images.photo import Photo
from sr.images.writing import save_png
from sr.models.files.weights_file import load_model, read_header, save_model

pytestmark = pytest.mark.usefixtures("one_thread")


def add_photo(folder: Path, name: str, *, width: int = 48, seed: int = 0) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (40, width, 3), np.uint8)
    save_png(folder / name, Photo(rgb), overwrite=True)


def command(photos: Path, output: Path, *more: str) -> int:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    given = ["srresnet_smoke", "--data", str(photos), "--output", str(output), *more]
    return train.run(parser.parse_args(given))


@pytest.mark.parametrize(
    ("name", "other"), [("a.png", {"width": 52}), ("a.png", {"seed": 1}), ("c.png", {})]
)
def test_a_resume_with_other_photographs_is_refused(
    tmp_path: Path, name: str, other: dict[str, int]
) -> None:
    photos, output = tmp_path / "photos", tmp_path / "run"
    for first in ("a.png", "b.png"):
        add_photo(photos, first)
    assert command(photos, output) == 0
    photos = photos.rename(tmp_path / "moved")  # which changes nothing
    assert command(photos, output, "--resume", "--set", "iterations=5") == 0
    state = (output / "state.pt").read_bytes()
    add_photo(photos, name, **other)
    with pytest.raises(ConfigError, match=r"began with moved \(2 images\); .*give the same"):
        command(photos, output, "--resume", "--set", "iterations=6")
    assert (output / "state.pt").read_bytes() == state


def test_of_a_run_that_did_not_write_its_data_down_a_difference_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_photo(tmp_path / "photos", "a.png")
    assert command(tmp_path / "photos", tmp_path / "run") == 0
    weights = tmp_path / "run" / "srresnet_x4.safetensors"
    about = read_header(weights)["about"]
    del about["data_sha256"]
    save_model(weights, load_model(weights), name="srresnet_x4", about=about)
    (tmp_path / "run" / "run.json").unlink()
    add_photo(tmp_path / "others", "b.png")
    with caplog.at_level(logging.WARNING):
        again = ("--resume", "--set", "iterations=5")
        assert command(tmp_path / "others", tmp_path / "run", *again) == 0
    assert "began with photos (1 images); others (1 images) is other data" in caplog.text

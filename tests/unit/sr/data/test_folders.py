"""Folders as people have them: pairs and parts are seen, and what is ambiguous is asked."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.base.errors import ConfigError, DataError
from sr.commands.cli import main
from sr.data.pairs import find_data_sets
from sr.data.recognise import recognise


def pictures(folder: Path, count: int = 3, *, side: int = 32, end: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = np.full((side, side, 3), 9 * number, np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}{end}.png")


@pytest.mark.parametrize(
    ("high", "low", "end"),
    [
        ("HR", "LR", ""),
        ("hr", "lr", "x4"),
        ("GT", "LQ", ""),
        ("GTmod12", "LRbicx4", ""),
        ("HR", "LR_bicubic/X4", "x4"),
        ("high res", "low res", ""),
        ("HR", "x4", ""),
        ("Mine_HR", "Mine_LR_x4", ""),
        ("Mine_HR", "Mine_LR", ""),
    ],
)
def test_originals_and_their_small_versions_are_pairs(
    tmp_path: Path, high: str, low: str, end: str
) -> None:
    pictures(tmp_path / "set" / high)
    pictures(tmp_path / "set" / low, side=8, end=end)
    found = recognise(tmp_path / "set")
    assert {image.parent for image in found.images()} == {tmp_path / "set" / high}
    assert len(found.low_resolution[4]) == 3
    assert found.problems == ()
    (measured,) = find_data_sets(tmp_path / "set", scale=4)
    assert all(pair.lr is not None for pair in measured.pairs)


@pytest.mark.parametrize(
    "layout", ["{part}/HR {part}/LR", "HR/{part} LR/{part}", "{part}_HR {part}_LR_x4", "{part}"]
)
def test_training_and_validation_are_parts(tmp_path: Path, layout: str) -> None:
    for part, count in (("train", 4), ("valid", 2)):
        high, _, low = layout.format(part=part).partition(" ")
        pictures(tmp_path / high, count)
        if low:
            pictures(tmp_path / low, count, side=8)
    found = recognise(tmp_path)
    assert {name: len(files) for name, files in found.splits.items()} == {"train": 4, "val": 2}
    assert found.default_split == "train"
    assert len(found.low_resolution.get(4, {})) == (0 if layout == "{part}" else 6)
    assert found.problems == ()
    assert len(find_data_sets(tmp_path, scale=4)[0].pairs) == 2


def test_a_stray_picture_on_top_hides_nothing(tmp_path: Path) -> None:
    pictures(tmp_path / "both", 1)
    pictures(tmp_path / "both" / "album", 5)
    assert len(recognise(tmp_path / "both").images()) == 6
    with pytest.raises(DataError, match="did you mean one of its folders album"):
        find_data_sets(tmp_path / "both", scale=4)
    pictures(tmp_path / "pairs", 1)
    pictures(tmp_path / "pairs" / "HR")
    pictures(tmp_path / "pairs" / "LR", side=8)
    found = recognise(tmp_path / "pairs")
    assert (len(found.images()), len(found.low_resolution[4])) == (3, 3)
    assert found.problems == ("left out: 0.png",)


def test_what_is_left_below_is_said_and_can_be_had(tmp_path: Path) -> None:
    pictures(tmp_path, 3)
    pictures(tmp_path / "more", 2)
    found = recognise(tmp_path)
    assert len(found.images()) == 3
    assert found.problems == ("left out, --layout all takes it too: more (2 images)",)
    assert len(recognise(tmp_path, layout="all").images()) == 5
    assert recognise(tmp_path, layout="top").problems == ()
    with pytest.raises(ConfigError, match="known: auto, top, all"):
        recognise(tmp_path, layout="sideways")  # type: ignore[arg-type]


def test_what_could_be_meant_in_two_ways_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures(tmp_path / "unnamed" / "big")
    pictures(tmp_path / "unnamed" / "small", side=8)
    with pytest.raises(DataError, match="small have the names of those in big and are smaller"):
        recognise(tmp_path / "unnamed")
    assert len(recognise(tmp_path / "unnamed", layout="all").images()) == 6
    pictures(tmp_path / "two" / "HR")
    pictures(tmp_path / "two" / "GT")
    with pytest.raises(DataError, match="several folders of high-resolution images: GT, HR"):
        recognise(tmp_path / "two")
    assert len(recognise(tmp_path / "two" / "GT").images()) == 3
    for name in ("Set5", "Set14"):
        pictures(tmp_path / "tests" / name)
    with pytest.raises(DataError, match="several data sets: Set5, Set14"):
        recognise(tmp_path / "tests")
    pictures(tmp_path / "some" / "Set5")
    pictures(tmp_path / "some" / "holiday")
    with pytest.raises(DataError, match="the test set Set5 and other images: holiday"):
        recognise(tmp_path / "some")
    assert main(["data", "check", str(tmp_path / "some")]) == 2
    assert "--layout all" in capsys.readouterr().err
    assert main(["data", "check", str(tmp_path / "some"), "--layout", "all"]) == 0


def test_small_versions_of_no_scale_are_not_used(tmp_path: Path) -> None:
    pictures(tmp_path / "GT")
    pictures(tmp_path / "LQ")
    found = recognise(tmp_path)
    assert len(found.images()) == 3
    assert found.low_resolution == {}
    assert found.problems == ("LQ is not used: 1 times smaller, needed one of 2, 3, 4, 6, 8",)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_are_followed_and_loops_are_not(tmp_path: Path) -> None:
    pictures(tmp_path / "elsewhere")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "holiday").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "links" / "up").symlink_to("..")
    (tmp_path / "links" / "self").symlink_to(".")
    assert len(recognise(tmp_path / "links").images()) == 3


def test_a_folder_around_is_looked_through(tmp_path: Path) -> None:
    pictures(tmp_path / "pairs" / "archive" / "set" / "HR")
    pictures(tmp_path / "pairs" / "archive" / "set" / "LR", side=8)
    found = recognise(tmp_path / "pairs")
    assert (found.name, len(found.images()), len(found.low_resolution[4])) == ("set", 3, 3)
    for part in ("train", "val", "test"):  # as detectors' sets lie; only the name says BSDS
        pictures(tmp_path / "boxes" / "images" / part)
    (tmp_path / "boxes" / "labels" / "train").mkdir(parents=True)
    found = recognise(tmp_path / "boxes")
    assert (found.kind, sorted(found.splits)) == ("folder", ["test", "train", "val"])

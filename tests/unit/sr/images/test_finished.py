"""Finished pictures find their photographs by name, and what does not fit is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from sr.base.errors import DataError
from sr.images.finished import match_pictures, parse_named_folder


def test_files_belong_to_photographs_by_their_stem(tmp_path: Path) -> None:
    for name in ("Baby.png", "baby_x4.png", "birdx4.png", "bird2-mine.tif", "head SRGAN.jpg",
                 "notes.txt", "babysitter.png"):  # fmt: skip
        (tmp_path / name).touch()
    found, problems = match_pictures(["baby", "bird", "bird2", "head", "woman"], tmp_path)
    assert {stem: path.name for stem, path in found.items()} == {
        "baby": "Baby.png",
        "bird": "birdx4.png",
        "bird2": "bird2-mine.tif",
        "head": "head SRGAN.jpg",
    }
    assert problems == [f"{tmp_path}: no picture of woman"]


def test_two_files_for_one_photograph_are_asked_about(tmp_path: Path) -> None:
    for name in ("baby_a.png", "baby_b.png"):
        (tmp_path / name).touch()
    found, problems = match_pictures(["baby"], tmp_path)
    assert not found
    assert problems == [f"{tmp_path}: baby_a.png, baby_b.png could all be baby's; keep one"]


def test_a_name_and_a_folder_are_parsed(tmp_path: Path) -> None:
    assert parse_named_folder(f"My net 2.0={tmp_path}") == ("My net 2.0", tmp_path)
    for text, said in {
        "mine": "needed NAME=FOLDER",
        f"={tmp_path}": "cannot be a name",
        f"a/b={tmp_path}": "cannot be a name",
        f"a.={tmp_path}": "cannot be a name",
        "mine=/nowhere": "no such folder /nowhere",
    }.items():
        with pytest.raises(DataError, match=said):
            parse_named_folder(text)

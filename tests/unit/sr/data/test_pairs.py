"""The layouts that test sets come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sr.base.errors import DataError
from sr.data.pairs import find_data_sets, training_pairs
from sr.data.recognise import recognise
from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic, modcrop
from sr.images.writing import save_png


def make_image(path: Path, *, height: int = 48, width: int = 56, seed: int = 0) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    save_png(path, Photo(pixels))
    return pixels


def make_reduced(path: Path, pixels: np.ndarray) -> None:
    save_png(path, Photo(matlab_bicubic(modcrop(pixels, 4), 1 / 4)))


@pytest.mark.parametrize(
    ("folder", "hr", "lr", "name"),
    [
        ("Set5", "Set5/baby.png", "Set5_LRbicx4/baby.png", "Set5"),
        ("Set5_HR", "Set5_HR/baby.png", "Set5_LR_x4/baby.png", "Set5"),
        ("Set5", "Set5/HR/baby.png", "Set5/LRbicx4/baby.png", "Set5"),
        ("Set5", "Set5/GTmod12/baby.png", "Set5/LRbicx4/baby.png", "Set5"),
        ("Set5/GTmod12", "Set5/GTmod12/baby.png", "Set5/LRbicx4/baby.png", "Set5"),
        ("Set5", "Set5/HR/baby.png", "Set5/LR_bicubic/X4/babyx4.png", "Set5"),
        ("D_HR", "D_HR/0801.png", "D_LR_bicubic/X4/0801x4.png", "D"),
    ],
)
def test_pairs_are_found_where_data_sets_keep_them(
    folder: str, hr: str, lr: str, name: str, tmp_path: Path
) -> None:
    pixels = make_image(tmp_path / hr)
    make_reduced(tmp_path / lr, pixels)
    data_set = find_data_sets(tmp_path / folder, scale=4)[0]
    assert data_set.name == name
    assert [(pair.hr, pair.lr) for pair in data_set.pairs] == [(tmp_path / hr, tmp_path / lr)]


def test_sets_are_found_in_a_folder_of_what_was_fetched(tmp_path: Path) -> None:
    for name in ("set5", "set14"):
        pixels = make_image(tmp_path / name / f"{name.title()}_HR" / "a.png")
        make_reduced(tmp_path / name / f"{name.title()}_LR_x4" / "a.png", pixels)
    assert [data_set.name for data_set in find_data_sets(tmp_path, scale=4)] == ["Set5", "Set14"]
    assert [data_set.name for data_set in find_data_sets(tmp_path / "set14", scale=4)] == ["Set14"]


def test_a_relative_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_image(tmp_path / "mine" / "a.png")
    monkeypatch.chdir(tmp_path / "mine")
    data_set = find_data_sets(".", scale=4)[0]
    assert (data_set.name, data_set.lr_folder) == ("mine", None)


def test_missing_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        find_data_sets(tmp_path / "nothing", scale=4)
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(DataError, match="is a file"):
        find_data_sets(tmp_path / "notes.txt", scale=4)
    with pytest.raises(DataError, match="no images"):
        find_data_sets(tmp_path, scale=4)
    make_image(tmp_path / "holiday" / "a.png")
    with pytest.raises(DataError, match="did you mean one of its folders holiday"):
        find_data_sets(tmp_path, scale=4)


def test_the_benchmarks_inside_a_folder_are_found_in_their_order(tmp_path: Path) -> None:
    for name in ("Urban100", "Set5", "Set14_HR"):
        pixels = make_image(tmp_path / name / "a.png")
    make_reduced(tmp_path / "Set14_LR_x4" / "a.png", pixels)
    make_reduced(tmp_path / "Set5_LRbicx4" / "a.png", pixels)
    make_image(tmp_path / "photos" / "a.png")
    found = find_data_sets(tmp_path, scale=4)
    assert [data_set.name for data_set in found] == ["Set5", "Set14", "Urban100"]
    assert [data_set.lr_folder is not None for data_set in found] == [True, True, False]
    assert [data_set.name for data_set in find_data_sets(tmp_path / "photos", scale=4)] == [
        "photos"
    ]


@pytest.mark.parametrize("given", ["Urban100", "Urban100/image_SRF_4"])
def test_high_and_low_resolution_in_one_folder_are_told_apart(given: str, tmp_path: Path) -> None:
    folder = tmp_path / "Urban100" / "image_SRF_4"
    pixels = make_image(folder / "img_001_SRF_4_HR.png")
    make_reduced(folder / "img_001_SRF_4_LR.png", pixels)
    data_set = find_data_sets(tmp_path / given, scale=4)[0]
    assert data_set.name == "Urban100"
    assert [(pair.hr.name, pair.lr and pair.lr.name) for pair in data_set.pairs] == [
        ("img_001_SRF_4_HR.png", "img_001_SRF_4_LR.png")
    ]


def test_of_a_training_set_the_test_part_is_measured(tmp_path: Path) -> None:
    for part, name in (("train", "a"), ("test", "b")):
        make_image(tmp_path / "BSDS300" / "images" / part / f"{name}.png")
    data_set = find_data_sets(tmp_path / "BSDS300", scale=4)[0]
    assert data_set.name == "BSDS300"
    assert [pair.hr.name for pair in data_set.pairs] == ["b.png"]
    assert data_set.origin.startswith("test: ")


def test_a_few_bad_files_are_left_out_and_many_make_all_bicubic(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        make_reduced(
            tmp_path / "LR_x4" / f"{name}.png", make_image(tmp_path / "HR" / f"{name}.png")
        )
    (tmp_path / "LR_x4" / "b.png").unlink()
    make_image(tmp_path / "LR_x4" / "b.png", height=3, width=3)
    pairs, origin = training_pairs(recognise(tmp_path), scale=4)
    assert [(pair.hr.name, pair.lr is not None) for pair in pairs] == [
        ("a.png", True), ("c.png", True), ("d.png", True)
    ]  # fmt: skip
    assert "1 of 4 left out" in origin
    assert "b.png" in origin
    (tmp_path / "LR_x4" / "c.png").unlink()
    pairs, origin = training_pairs(recognise(tmp_path), scale=4)
    assert [pair.lr for pair in pairs] == [None] * 4
    assert "made by bicubic, because 2 of the data set's own" in origin

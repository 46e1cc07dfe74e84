"""Folders as they are downloaded: recognised, described, checked; nothing left out silently."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.base.errors import DataError
from sr.commands.cli import main
from sr.data.check import check, header_size
from sr.data.recognise import recognise


def picture(path: Path, *, width: int = 24, height: int = 16) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((height, width, 3), 99, np.uint8)).save(path)
    return path


def text(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def names(paths: tuple[Path, ...]) -> list[str]:
    return [path.name for path in paths]


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """The Kaggle copy of VOC2012: doubled folders, a test part."""
    root = tmp_path / "archive"
    train = root / "VOC2012_train_val" / "VOC2012_train_val"
    for stem in ("2007_000027", "2007_000032", "2008_000001"):
        picture(train / "JPEGImages" / f"{stem}.jpg")
    (train / "JPEGImages" / "Thumbs.db").write_bytes(b"not an image")
    picture(train / "SegmentationClass" / "2007_000032.png")
    text(train / "ImageSets" / "Main" / "train.txt", "2007_000027")
    text(train / "ImageSets" / "Main" / "val.txt", "2007_000032", "2009_999999")
    text(train / "ImageSets" / "Main" / "cat_train.txt", "2007_000027 -1")
    picture(root / "VOC2012_test" / "VOC2012_test" / "JPEGImages" / "2008_000006.jpg")
    return root


def test_voc2012_of_kaggle_with_doubled_folders(voc: Path) -> None:
    found = recognise(voc)
    assert (found.kind, found.default_split) == ("voc2012", "all")
    assert names(found.images()) == ["2007_000027.jpg", "2007_000032.jpg", "2008_000001.jpg"]
    assert names(found.images("train")) == ["2007_000027.jpg"]
    assert names(found.images("val")) == ["2007_000032.jpg"]
    assert names(found.images("test")) == ["2008_000006.jpg"]
    assert found.problems == ("ImageSets/Main/val.txt names no file: 2009_999999",)
    with pytest.raises(DataError, match="known: all, test, train, val"):
        found.images("trainval")


def test_voc_of_the_official_tar_and_the_image_folder_itself(tmp_path: Path) -> None:
    images = tmp_path / "VOCdevkit" / "VOC2012" / "JPEGImages"
    picture(images / "2007_000027.jpg")
    for given in (tmp_path, tmp_path / "VOCdevkit" / "VOC2012", images):
        found = recognise(given)
        assert (found.kind, len(found.images())) == ("voc2012", 1)


@pytest.mark.parametrize(
    ("high", "low"), [("high res", "low res"), ("High Res", "Low Res"), ("high_res", "LOW_RES")]
)
def test_unsplash_of_kaggle_pairs_by_its_table(tmp_path: Path, high: str, low: str) -> None:
    root = tmp_path / "Image Super Resolution - Unsplash"
    for number in (1, 2):
        picture(root / high / f"{number}.jpg", width=48, height=24)
        for scale in (2, 4, 6):
            size = {"width": 48 // scale, "height": 24 // scale}
            picture(root / low / f"{number}_{scale}.jpg", **size)
    (root / low / "2_6.jpg").unlink()
    picture(root / low / "7_4.jpg")
    rows = [f"{n}_{s}.jpg,{n}.jpg" for n in (1, 2) for s in (2, 4, 6)]
    text(root / "image_data.csv", "low_res,high_res", *rows, "caf\xe9_4.jpg,café.jpg")
    (root / "image_data.csv").write_bytes((root / "image_data.csv").read_text().encode("latin-1"))
    found = recognise(tmp_path)
    assert found.kind == "unsplash"
    assert names(found.images()) == ["1.jpg", "2.jpg"]
    assert {scale: len(pairs) for scale, pairs in found.low_resolution.items()} == {
        2: 2,
        4: 2,
        6: 1,
    }
    told = " ".join(found.problems)
    assert "2_6.jpg / 2.jpg" in told
    assert "7_4.jpg" in told
    assert "no 6x low-resolution file for: 2.jpg" in told
    (root / "image_data.csv").unlink()
    without = recognise(tmp_path)
    assert len(without.low_resolution[4]) == 2
    assert "image_data.csv is missing" in without.problems[0]


def test_div2k_pairs_its_bicubic_files(tmp_path: Path) -> None:
    for split, number in (("train", "0001"), ("train", "0002"), ("valid", "0801")):
        picture(tmp_path / f"DIV2K_{split}_HR" / f"{number}.png")
        low = tmp_path / f"DIV2K_{split}_LR_bicubic" / "X4" / f"{number}x4.png"
        picture(low, width=6, height=4)
    (tmp_path / "DIV2K_train_LR_bicubic" / "X4" / "0002x4.png").unlink()
    found = recognise(tmp_path)
    assert (found.kind, found.default_split) == ("div2k", "train")
    assert names(found.images()) == ["0001.png", "0002.png"]
    assert len(found.low_resolution[4]) == 2
    assert found.problems == ("no file in X4 for: 0002.png",)
    alone = recognise(tmp_path / "DIV2K_valid_HR")
    assert names(alone.images()) == ["0801.png"]
    assert len(alone.low_resolution[4]) == 1


@pytest.mark.parametrize("kind", ["bsds300", "bsds500"])
def test_bsds_trains_on_its_training_part_only(tmp_path: Path, kind: str) -> None:
    inside = "BSR/BSDS500/data/images" if kind == "bsds500" else "BSDS300/images"
    images = tmp_path / inside
    for split in ("train", "test") + (("val",) if kind == "bsds500" else ()):
        picture(images / split / f"{split}1.jpg")
        (images / split / "Thumbs.db").write_bytes(b"x")
    text(images.parent / "iids_train.txt", "train1", "404")
    found = recognise(tmp_path)
    assert (found.kind, found.default_split) == (kind, "train")
    assert names(found.images()) == ["train1.jpg"]
    assert found.problems == ("iids_train.txt names no file: 404",)


@pytest.mark.parametrize(
    ("hr", "lr"),
    [
        ("Set5/a.png", "Set5_LRbicx4/a.png"),
        ("Set5/HR/a.png", "Set5/LRbicx4/a.png"),
        ("Set5/GTmod12/a.png", "Set5/LR_bicubic/X4/ax4.png"),
        ("Set5_HR/a.png", "Set5_LR_x4/a.png"),
        ("Set5/image_SRF_4/img_001_SRF_4_HR.png", "Set5/image_SRF_4/img_001_SRF_4_LR.png"),
    ],
)
def test_benchmarks_are_recognised_in_their_layouts(tmp_path: Path, hr: str, lr: str) -> None:
    picture(tmp_path / hr)
    picture(tmp_path / lr, width=6, height=4)
    found = recognise(tmp_path / hr.split("/")[0])
    assert found.is_benchmark
    assert found.low_resolution[4] == {tmp_path / hr: tmp_path / lr}
    assert check(found).is_clean


def test_any_folder_and_folders_of_folders(tmp_path: Path) -> None:
    picture(tmp_path / "photos" / "a.png")
    picture(tmp_path / "photos" / "more" / "b.png")
    assert names(recognise(tmp_path / "photos").images()) == ["a.png"]
    assert names(recognise(tmp_path).images()) == ["a.png", "b.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no images"):
        recognise(tmp_path / "empty")
    with pytest.raises(DataError, match="no such folder"):
        recognise(tmp_path / "none")


def test_the_check_lists_damage_and_wrong_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "Set5"
    whole = picture(root / "whole.png", width=32, height=20)
    picture(root / "odd.png", width=33, height=21)
    for name, size in (("whole", (8, 5)), ("odd", (8, 6))):
        picture(tmp_path / "Set5_LRbicx4" / f"{name}.png", width=size[0], height=size[1])
    (root / "broken.png").write_bytes(whole.read_bytes()[:60])
    assert main(["data", "check", str(root), "--json", str(tmp_path / "report.json")]) == 1
    shown = capsys.readouterr().out
    assert "broken.png" in shown
    assert "8x6, needed 8x5" in shown
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["readable"], len(report["unreadable"])) == (2, 1)
    assert report["largest"] == [33, 21]
    (root / "broken.png").unlink()
    picture(tmp_path / "Set5_LRbicx4" / "odd.png", width=8, height=5)
    assert main(["data", "check", str(root), "--quick"]) == 0


def test_sizes_from_headers_are_the_right_way_up(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (20, 10)).save(tmp_path / "turned.jpg", exif=exif)
    assert header_size(tmp_path / "turned.jpg") == (10, 20)


def test_unknown_and_handmade_sources_say_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fetch", "imagenet"]) == 2
    assert "known: biosr, bsd100" in capsys.readouterr().err
    assert main(["data", "fetch", "unsplash"]) == 2
    assert "kaggle.com" in capsys.readouterr().err
    assert main(["data", "list"]) == 0
    assert "voc2012" in capsys.readouterr().out

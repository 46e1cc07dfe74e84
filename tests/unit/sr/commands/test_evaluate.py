"""python -m sr evaluate: what it prints, writes and refuses, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from sr.base.figures import SUFFIXES
from sr.base.spreadsheets import for_excel
from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.writing import save_png
from sr.models.files.weights_file import save_model
from sr.networks.srresnet import SRResNet


def run(*arguments: object) -> int:
    """Exit status of the command, also where argparse ends the program."""
    try:
        return main(["evaluate", *(str(argument) for argument in arguments)])
    except SystemExit as exit_info:
        return int(exit_info.code or 0)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    for index in range(4):
        pixels = np.random.default_rng(index).integers(0, 256, (48, 64, 3), np.uint8)
        save_png(folder / f"{index}.png", Photo(pixels))
    return folder


def test_all_tables_of_one_output_folder(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "w" / "a.safetensors"
    model = SRResNet(num_blocks=1, num_features=4, batch_norm=False, image_skip=True)
    save_model(weights, model, name="srgan_x4", about={"data": "voc"})
    output = tmp_path / "results"
    arguments = [photos, "--model", "bicubic", "--model", f"VOC2012={weights}", "--no-lpips"]
    assert run(*arguments, "--output", output, "--device", "cpu") == 0
    printed = capsys.readouterr().out
    assert "trained on" in printed
    assert "srgan_x4 (VOC2012)" in printed
    assert "4 px from every border" in printed
    assert "Which images are hard:" in printed
    assert {path.name for path in output.iterdir()} >= {
        "images.csv", "table.csv", "table.md", "table.json",
    }  # fmt: skip
    rows = json.loads((output / "table.json").read_text())["rows"]
    assert [(row["model"], row["training_set"], row["images"]) for row in rows] == [
        ("bicubic", "", 4),
        ("srgan_x4 (VOC2012)", "VOC2012", 4),
    ]
    before = (output / "table.csv").read_text()
    assert run(*arguments, "--output", output, "--device", "cpu") == 0
    assert "8 of 8 results are of an earlier run" in capsys.readouterr().out
    assert (output / "table.csv").read_text() == before
    assert run(*arguments, "--output", output, "--device", "cpu", "--again") == 0
    assert "earlier run" not in capsys.readouterr().out


def test_images_left_out_are_an_exit_status_of_their_own(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "broken.png").write_bytes(b"")
    table = tmp_path / "table.csv"
    assert run(photos, "--models", "nearest", "bicubic", "--no-lpips", "--csv", table) == 1
    captured = capsys.readouterr()
    assert [line.split(",")[:3] for line in table.read_text().splitlines()[1:]] == [
        ["tiny", "nearest", "4"],
        ["tiny", "bicubic", "4"],
    ]
    first, last = captured.err.splitlines()
    assert first.startswith("left out: tiny/broken.png: ")
    assert first.count("broken.png") == 1
    assert last == "error: 1 image was left out; the means are over the others"
    assert "1 image was left out; the means are over the others." in captured.out


@pytest.mark.parametrize("option", ["--csv", "--markdown", "--json", "--per-image", "--output"])
def test_outputs_are_looked_at_before_the_work(
    option: str,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measure(*_: object, **__: object) -> None:
        raise AssertionError("measured before the outputs were looked at")

    monkeypatch.setattr("sr.commands.evaluate.evaluate", measure)
    (tmp_path / "file").write_text("taken")
    assert run(photos, "--models", "bicubic", option, tmp_path / "file" / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "is a file" in error
    assert run(photos, "--models", "bicubic", "--save", tmp_path / "file") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing"], "does not exist"),
        (["empty"], "no images"),
        (["tiny", "--models", "bicubik"], "known: bicubic"),
        (["tiny", "--model", "VOC=none.safetensors"], "no such weights file"),
        (["tiny", "--limit", "-1"], "--limit"),
        (["tiny", "tiny"], "two data sets have one name"),
        (["tiny", "--per-image", "other.csv"], "has no column"),
        ([], "FOLDER"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    arguments: list[str],
    said: str,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(photos.parent)
    Path("empty").mkdir()
    Path("other.csv").write_text("a,b\n1,2\n")
    assert run(*arguments, "--csv", "out.csv") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert not Path("out.csv").exists()


def test_figures_are_redrawn_from_what_is_known(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("seaborn", reason="plots need seaborn: requirements.txt")
    arguments = [photos, "--models", "bicubic", "--no-lpips", "--per-image", tmp_path / "i.csv"]
    assert run(*arguments) == 0
    assert run(*arguments, "--figures", tmp_path / "figures") == 0
    printed = capsys.readouterr().out
    assert "4 of 4 results are of an earlier run" in printed
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        f"{name}{suffix}" for name in ("distribution", "texture") for suffix in SUFFIXES
    } | {"crops_bicubic.png"}


def test_test_sets_are_degraded_the_same_in_every_run(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results"
    arguments = [photos, "--model", "bicubic", "--no-lpips", "--degradation", "light", "strong"]
    assert run(*arguments, "--per-image", output / "images.csv") == 0
    assert "made here by blur, noise, JPEG and resizing, strong" in capsys.readouterr().out
    assert run(*arguments, "--per-image", output / "images.csv", "--json", output / "t.json") == 0
    assert "8 of 8 results are of an earlier run" in capsys.readouterr().out
    rows = json.loads((output / "t.json").read_text())["rows"]
    assert [row["dataset"] for row in rows] == ["tiny light", "tiny strong"]
    assert rows[0]["psnr_y"] > rows[1]["psnr_y"]


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photographs, as small as NIQE takes them once enlarged twice."""
    folder = tmp_path_factory.mktemp("phone") / "phone"
    for name, pixels in (("sea", data.coffee()), ("hill", data.astronaut())):
        small = np.ascontiguousarray(pixels[100:204, 100:208])
        save_png(folder / f"{name}.png", Photo(small))
    return folder


def test_photographs_without_an_original_are_measured_by_niqe_alone(
    larger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine"
    for path in sorted(larger.iterdir()):
        small = np.asarray(Image.open(path))
        save_png(mine / f"{path.stem}_mine.png", Photo(small.repeat(2, 0).repeat(2, 1)))
    output = tmp_path / "out"
    arguments = [larger, "--no-original", "--model", "bicubic", "--scale", 2, "--output", output]
    assert run(*arguments, "--pictures", f"MINE={mine}", "--excel") == 0
    printed = capsys.readouterr().out
    assert "NIQE (no reference)" in printed
    assert "lower is better" in printed
    assert "not those of MATLAB's niqe" in printed
    assert "nobody has an original" in printed
    assert "PSNR" not in printed
    assert not (output / "figures").exists()
    rows = json.loads((output / "table.json").read_text())["rows"]
    assert [(row["model"], row["images"], row["psnr_y"]) for row in rows] == [
        ("bicubic", 2, None),
        ("MINE", 2, None),
    ]
    assert all(row["niqe"] > 2 for row in rows)
    assert run(*arguments) == 0
    assert "2 of 2 results are of an earlier run" in capsys.readouterr().out


def test_niqe_stands_beside_measures_of_the_original(
    larger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    big = tmp_path / "big"
    for path in sorted(larger.iterdir()):
        small = np.asarray(Image.open(path))
        save_png(big / path.name, Photo(small.repeat(2, 0).repeat(2, 1)))
    arguments = [big, "--model", "bicubic", "--scale", 2, "--no-lpips"]
    assert run(*arguments) == 0
    assert "NIQE" not in capsys.readouterr().out
    assert run(*arguments, "--niqe") == 0
    printed = capsys.readouterr().out
    assert "PSNR-Y" in printed
    assert "NIQE (no reference)" in printed


def test_pictures_of_another_size_than_the_enlargement_are_named(
    larger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(larger, "--no-original", "--pictures", f"SAME={larger}", "--scale", 2) == 2
    assert "sea.png is 108x104, needed 216x208" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--ppd", 30], "--ppd compares with originals"),
        (["--dists"], "--dists compares with originals"),
        (["--degradation", "light"], "--degradation compares with originals"),
    ],
)
def test_what_needs_an_original_is_refused_without_one(
    larger: Path, capsys: pytest.CaptureFixture[str], options: list[object], told: str
) -> None:
    assert run(larger, "--no-original", *options) == 2
    assert told in capsys.readouterr().err


def test_tables_for_spreadsheets_are_those_of_the_output(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results"
    arguments = [photos, "--model", "bicubic", "--no-lpips", "--excel"]
    assert run(*arguments) == 2
    assert "give it one" in capsys.readouterr().err
    assert run(*arguments, "--output", output) == 0
    tables = {name: (output / f"{name}.csv").read_text("utf-8") for name in ("table", "images")}
    wanted = for_excel(tables, "tables")
    assert set(wanted) == {"table_excel.csv", "images_excel.csv", "tables.xlsx"}
    for name, content in wanted.items():
        assert (output / name).read_bytes() == content
    text = (output / "table_excel.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbfdataset;model;images;psnr_y")
    means = text.decode("utf-8-sig").splitlines()[1].split(";")
    assert means[2] == "4"
    assert "," in means[3]

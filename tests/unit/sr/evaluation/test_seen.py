"""python -m sr evaluate --ppd: who can be told apart, and from where on nobody can."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from sr.base.errors import ConfigError, ShapeError
from sr.commands.cli import main
from sr.data.pairs import find_data_sets
from sr.evaluation.methods import Runtime, parse_methods
from sr.evaluation.seen import (
    HEADINGS,
    Seen,
    curves,
    draw,
    look,
    sentences,
    to_csv,
    visible_curves,
)
from sr.metrics.eye import visible_difference


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Set1").mkdir()
    image = Image.fromarray(data.astronaut()[100:180, 180:276])
    image.save(tmp_path / "Set1" / "face.png")
    return tmp_path / "Set1"


def test_every_version_against_every_other(folder: Path) -> None:
    methods = parse_methods(("nearest", "bicubic"), Runtime("cpu", "float32", None))
    rows = look(find_data_sets(folder, scale=4), methods, [80, 20], lpips=False)
    pairs = [("nearest", "bicubic"), ("nearest", "original"), ("bicubic", "original")]
    assert [(row.version, row.other, row.ppd) for row in rows] == [
        (*pair, ppd) for pair in pairs for ppd in (20, 80)
    ]
    for near, far in zip(rows[::2], rows[1::2], strict=True):
        assert near.visible > far.visible > 0
        assert far.psnr_y > near.psnr_y
        assert far.ssim_y > near.ssim_y
    assert len(to_csv(rows).splitlines()) == 7
    assert draw(rows).axes


def test_sentences() -> None:
    def rows(*differences: float) -> list[Seen]:
        values = zip((30.0, 60.0), differences, strict=True)
        return [Seen("S", "a", "b", ppd, 1, d, None, None, 30.0, 0.9, None) for ppd, d in values]

    assert "from 42 ppd on" in sentences(rows(3.3, 1.3))[0]
    assert "and beyond" in sentences(rows(9, 5))[0]
    assert "already at 30 ppd" in sentences(rows(1, 0.5))[0]
    assert curves(rows(9, 5)) == {("S", "a", "b"): ([30.0, 60.0], [9, 5])}


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    arguments = ["evaluate", str(folder), "--models", "nearest", "bicubic", "--no-lpips"]
    assert main([*arguments, "--ppd", "40", "--output", str(output)]) == 0
    assert "can be told apart up to 40 ppd and beyond" in capsys.readouterr().out
    with (output / "ppd.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["ppd"] for row in rows} == {"40"}
    assert np.isfinite([float(row["visible"]) for row in rows]).all()
    assert set(HEADINGS) == set(rows[0])
    assert (output / "figures" / "ppd.png").exists()


def test_images_that_cannot_be_measured_are_left_out_here_too(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG")
    Image.new("RGB", (16, 16)).save(folder / "tiny.png")
    output = tmp_path / "out"
    arguments = ["evaluate", str(folder), "--models", "nearest", "bicubic", "--no-lpips"]
    assert main([*arguments, "--ppd", "40", "--output", str(output)]) == 1
    errors = capsys.readouterr().err
    assert "left out: Set1/broken.png: " in errors
    assert "left out: Set1/tiny.png: " in errors
    with (output / "ppd.csv").open(newline="") as file:
        assert [row["images"] for row in csv.DictReader(file)] == ["1", "1", "1"]


def test_an_impossible_density_is_refused_before_the_work(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(folder), "--models", "bicubic", "--ppd", "0"]) == 2
    assert "needed 5 to 500 pixels per degree" in capsys.readouterr().err
    with pytest.raises(ConfigError):
        look([], [], [900.0])


def test_curves_of_pairs_are_visible_differences() -> None:
    random = np.random.default_rng(2)
    pictures = {name: random.integers(0, 256, (40, 56, 3), dtype=np.uint8) for name in "abc"}
    found = visible_curves(pictures, [("a", "b"), ("c", "a")], [20, 70])
    assert list(found) == [("a", "b"), ("c", "a")]
    for (one, two), differences in found.items():
        for ppd, difference in zip((20, 70), differences, strict=True):
            a, b = (torch.from_numpy(pictures[x]).permute(2, 0, 1)[None] / 255 for x in (one, two))
            assert difference == pytest.approx(float(visible_difference(a, b, ppd=ppd)))
    assert visible_curves(pictures, [("a", "b")], [20, 70], stop=lambda: True) == {}
    with pytest.raises(ShapeError, match="a and d"):
        visible_curves(pictures | {"d": pictures["a"][1:]}, [("a", "d")], [20])

"""The figure of a paper: exact pixels in every file, numbers under each name, refusals in words."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.base.errors import ConfigError, ShapeError
from sr.commands.cli import main
from sr.figures.paper import Box, paper_figure
from sr.figures.paper_files import GAP_PX, MARGIN_PX, to_latex, to_png, to_svg
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic
from sr.images.writing import save_png

BOXES = (Box(5, 10, 40, 20), Box(60, 30, 25, 30))


@pytest.fixture
def pictures() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        name: random.integers(0, 256, (80, 100, 3), np.uint8) for name in ("original", "A & B", "C")
    }


def test_crops_are_exact_in_the_png(pictures: dict[str, np.ndarray]) -> None:
    figure = paper_figure(pictures, BOXES, reference="original")
    drawn = np.array(Image.open(io.BytesIO(to_png(figure))))
    height, width = pictures["C"].shape[:2]
    whole = drawn[MARGIN_PX : MARGIN_PX + height, MARGIN_PX : MARGIN_PX + width]
    assert np.array_equal(whole[63:], pictures["original"][63:])  # below the boxes' frames
    assert figure.magnifications == (5, 8)
    left = MARGIN_PX + width + 2 * GAP_PX + 2 * (200 + GAP_PX)
    crop = BOXES[0].of(pictures["C"]).repeat(5, 0).repeat(5, 1)
    assert np.array_equal(drawn[MARGIN_PX : MARGIN_PX + 100, left : left + 200], crop)


def test_svg_holds_the_same_pixels_and_text_as_text(pictures: dict[str, np.ndarray]) -> None:
    figure = paper_figure(pictures, BOXES, reference="original", numbers={"A & B": (27.314, 0.25)})
    svg = to_svg(figure)
    assert svg.count("<image ") == 1 + 2 * 3
    assert svg.count("<rect ") == 1 + 2 * 3 + 2
    assert ">A &amp; B</text>" in svg
    assert ">27.31 dB / 0.250</text>" in svg


def test_latex_includes_every_file_it_comes_with(pictures: dict[str, np.ndarray]) -> None:
    figure = paper_figure(pictures, BOXES, reference="original")
    text, files = to_latex(figure, "fig")
    assert set(re.findall(r"\{fig/([^}]+)\}", text)) == set(files)
    assert r"A \& B" in text
    inside = np.array(Image.open(io.BytesIO(files["box2_3.png"])))
    assert np.array_equal(inside[::8, ::8], BOXES[1].of(pictures["C"]))


def test_without_a_box_the_part_that_differs_most_is_shown(
    pictures: dict[str, np.ndarray],
) -> None:
    one = pictures["C"]
    other = one.copy()
    other[50:60, 70:80] ^= 255
    (box,) = paper_figure({"a": one, "b": other}).boxes
    assert box.left <= 70 < 80 <= box.left + box.width
    assert box.top <= 50 < 60 <= box.top + box.height


def test_what_does_not_fit_is_refused(pictures: dict[str, np.ndarray]) -> None:
    with pytest.raises(ShapeError, match=r"box 80,0,40,20 .* picture of 100x80"):
        paper_figure(pictures, [Box(80, 0, 40, 20)])
    with pytest.raises(ShapeError, match="C 100x80, D 90x80"):
        paper_figure({"C": pictures["C"], "D": pictures["C"][:, :90]})
    with pytest.raises(ConfigError, match="up to 4 boxes"):
        paper_figure(pictures, [Box(0, 0, 8, 8)] * 5)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original = np.random.default_rng(0).integers(0, 256, (50, 63, 3), np.uint8)
    save_png(tmp_path / "bird.png", Photo(original))
    cut = original[:48, :60]
    (tmp_path / "mine").mkdir()
    mine = matlab_bicubic(matlab_bicubic(cut, 1 / 4), 4)
    save_png(tmp_path / "mine" / "bird_x4.png", Photo(mine))
    output = tmp_path / "out" / "bird"
    command = ["figure", str(tmp_path / "bird.png"), str(output), "--models", "bicubic"]
    command += ["--no-lpips", "--pictures", f"MINE={tmp_path / 'mine'}", "--box", "8,8,20,20"]
    assert main(command) == 0
    assert {path.name for path in output.parent.iterdir()} == {
        "bird",
        "bird.png",
        "bird.svg",
        "bird.tex",
    }
    # bicubic's column and that of the folder, which it made, are the same
    columns = [open_image(output / f"box1_{n}.png").rgb for n in (2, 3)]
    assert np.array_equal(*columns)
    text = output.with_name("bird.tex").read_text()
    numbers = re.findall(r"\d+\.\d\d dB", text)
    assert len(numbers) == 2
    assert numbers[0] == numbers[1]
    capsys.readouterr()
    assert main(command) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([*command[:-1], "50,8,20,20", "--force"]) == 2
    assert "does not lie in a picture of 60x48" in capsys.readouterr().err


def test_a_picture_of_another_size_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_png(tmp_path / "bird.png", Photo(np.zeros((48, 60, 3), np.uint8)))
    save_png(tmp_path / "other.png", Photo(np.zeros((48, 40, 3), np.uint8)))
    command = ["figure", str(tmp_path / "bird.png"), str(tmp_path / "fig")]
    assert main([*command, "--pictures", f"MINE={tmp_path / 'other.png'}"]) == 2
    assert "is 40x48, needed 60x48" in capsys.readouterr().err
    assert not list(tmp_path.glob("fig*"))

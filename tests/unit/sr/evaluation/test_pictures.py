"""Folders of finished pictures: measured as models are, and named at once where they do not fit."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sr.base.errors import ConfigError, DataError
from sr.base.figures import SUFFIXES
from sr.commands.cli import main
from sr.data.pairs import find_data_sets
from sr.evaluation.measure import evaluate
from sr.evaluation.pictures import named_folders, picture_methods
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, modcrop
from sr.images.writing import save_png

NAMES = ("bird", "cat", "cat2")


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """A set of three, 50x45 px: nothing that 4 divides."""
    folder = tmp_path / "Set"
    folder.mkdir()
    for seed, name in enumerate(NAMES):
        pixels = np.random.default_rng(seed).integers(0, 256, (45, 50, 3), np.uint8)
        save_png(folder / f"{name}.png", Photo(pixels))
    return folder


def made(folder: Path, originals: Path, ending: str = "") -> Path:
    """What bicubic makes of each, as somebody else's folder."""
    folder.mkdir(parents=True)
    for name in NAMES:
        target = modcrop(open_image(originals / f"{name}.png").rgb, 4)
        save_png(
            folder / f"{name}{ending}.png", Photo(matlab_bicubic(matlab_bicubic(target, 1 / 4), 4))
        )
    return folder


def test_a_folder_is_measured_as_the_model_that_made_it(
    originals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = made(tmp_path / "mine", originals, "_x4")
    output = tmp_path / "out.csv"
    command = ["evaluate", str(originals), "--no-lpips", "--models", "bicubic"]
    assert main([*command, "--pictures", f"MINE={mine}", "--csv", str(output)]) == 0
    bicubic, finished = (line.split(",") for line in output.read_text().splitlines()[1:])
    assert finished[1] == "MINE"
    assert finished[2:6] == bicubic[2:6]  # images, PSNR, SSIM, no LPIPS
    assert (bicubic[6] != "", finished[6]) == (True, "")  # nothing was computed: no seconds
    said = capsys.readouterr().out
    assert f"MINE: finished pictures of {mine}" in said
    assert "x4; PSNR (dB) and SSIM (11x11 Gaussian window) on BT.601 luma (Y) after cutting" in said


def test_alone_no_model_is_measured_and_texture_and_figures_are_there(
    originals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = made(tmp_path / "mine", originals)
    figures = tmp_path / "figures"
    command = ["evaluate", str(originals), "--no-lpips", "--pictures", f"MINE={mine}"]
    assert main([*command, "--figures", str(figures)]) == 0
    said = capsys.readouterr().out
    assert "Which images are hard" in said
    assert "seconds" not in said.splitlines()[0]
    drawn = {path.name for path in figures.iterdir()}
    assert drawn == {
        f"{name}{suffix}" for name in ("distribution", "texture") for suffix in SUFFIXES
    } | {"crops_MINE.png"}


def test_pictures_of_the_whole_original_are_cut_as_it_is(originals: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    for name in NAMES:
        save_png(whole / f"{name}.png", open_image(originals / f"{name}.png"))
    sets = find_data_sets(originals, scale=4)
    result = evaluate(sets, picture_methods({"WHOLE": whole}, sets), lpips=False)
    assert result.rows[0].psnr_y == math.inf


def test_everything_that_does_not_fit_is_named_before_anything_is_written(
    originals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = made(tmp_path / "one", originals), made(tmp_path / "two", originals)
    (one / "bird.png").unlink()
    save_png(one / "cat.png", Photo(np.zeros((20, 20, 3), np.uint8)), overwrite=True)
    (two / "cat2.png").write_bytes(b"no picture")
    output = tmp_path / "out"
    command = ["evaluate", str(originals), "--output", str(output)]
    assert main([*command, "--pictures", f"ONE={one}", f"TWO={two}"]) == 2
    said = capsys.readouterr().err
    assert f"ONE: {one}: no picture of bird" in said
    assert f"ONE: {one / 'cat.png'} is 20x20, needed 48x44 as cat.png at x4" in said
    assert f"TWO: {two / 'cat2.png'}: " in said
    assert not list(output.rglob("*.*"))


def test_a_folder_may_hold_a_folder_for_each_set(originals: Path, tmp_path: Path) -> None:
    made(tmp_path / "mine" / "Set", originals)
    sets = find_data_sets(originals, scale=4)
    (method,) = picture_methods({"MINE": tmp_path / "mine"}, sets)
    assert {path.parent.name for path in method.files.values()} == {"Set"}


def test_an_exchanged_picture_is_measured_again(originals: Path, tmp_path: Path) -> None:
    mine = made(tmp_path / "mine", originals)
    sets = find_data_sets(originals, scale=4)
    methods = picture_methods({"MINE": mine}, sets)
    first = evaluate(sets, methods, lpips=False)
    assert evaluate(sets, methods, lpips=False, known=first.images).reused == len(NAMES)
    save_png(mine / "cat.png", Photo(np.zeros((44, 48, 3), np.uint8)), overwrite=True)
    assert evaluate(sets, methods, lpips=False, known=first.images).reused == len(NAMES) - 1


def test_one_equal_picture_is_counted_apart(originals: Path, tmp_path: Path) -> None:
    mine = made(tmp_path / "mine", originals)
    save_png(mine / "cat.png", open_image(originals / "cat.png"), overwrite=True)
    sets = find_data_sets(originals, scale=4)
    result = evaluate(sets, picture_methods({"MINE": mine}, sets), lpips=False)
    others = [row.psnr_y for row in result.images if row.image != "cat.png"]
    assert result.rows[0].psnr_y == pytest.approx(np.mean(others))
    assert any("MINE: 1 of 3 pictures (cat.png)" in note for note in result.notes)


def test_what_cannot_be_told_apart_is_refused(originals: Path, tmp_path: Path) -> None:
    mine = made(tmp_path / "mine", originals)
    with pytest.raises(DataError, match="MINE is the name of two folders"):
        named_folders([f"MINE={mine}", f"MINE={originals}"])
    (plain,) = find_data_sets(originals, scale=4)
    with pytest.raises(ConfigError, match="give one --degradation"):
        picture_methods({"MINE": mine}, [plain.degraded("light"), plain.degraded("strong")])

"""Studies of a microscope's frames: enlarged with their counts, all versions stretched alike."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from sr.microscopy.files.frame import read_frame
from sr.microscopy.files.grid import cubic_enlarged
from sr.microscopy.files.levels import Levels
from sr.microscopy.files.stretch import limits_of, shared_limits, shown
from sr.microscopy.files.writing import write_stack
from survey.commands.cli import main
from survey.study.study import Study, load_study
from tests.unit.sr.microscopy.conftest import write_mrc

NAMES = ("cell_1", "cell_2", "cell_3")
SIZE = 80, 96


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Wide field of three cells, and sharper pictures of them in counts of another kind."""
    monkeypatch.setenv("NITIDEZ_DATA", str(tmp_path / "data"))
    rng = np.random.default_rng(1)
    (tmp_path / "wf").mkdir()
    (tmp_path / "sim").mkdir()
    for name in NAMES:
        points = (rng.random((2 * SIZE[0], 2 * SIZE[1])) > 0.99).astype(float)
        sharp = 1000 * gaussian_filter(points, 1.5)
        wide = gaussian_filter(sharp, 3).reshape(SIZE[0], 2, SIZE[1], 2).mean((1, 3))
        write_mrc(tmp_path / "wf" / f"{name}.mrc", (200 + 40 * wide).astype(np.uint16)[None])
        counts = (7 + 0.25 * sharp).astype(np.float32)
        write_stack(tmp_path / "sim" / f"{name}_sim.ome.tif", counts[None], 0.0313, "")
    return tmp_path


def prepare(cells: Path, *words: str) -> Study:
    said = [*words, "--study", "cells", "--width", "96", "--height", "64"]
    assert main(["prepare", str(cells / "wf"), *said]) == 0
    return load_study(cells / "data" / "studies" / "cells")


def test_a_study_of_frames_from_the_files_to_the_report(
    cells: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = prepare(cells, "--methods", "bicubic", "dfcan_x2", "--pictures", f"SIM={cells / 'sim'}")
    assert study.protocol.rated == ("bicubic", "dfcan_x2", "SIM")
    assert not study.protocol.has_original
    assert set(study.models) == {"dfcan_x2"}
    plan = (study.folder / "plan.txt").read_text(encoding="utf-8")
    assert "linear between the same two counts" in plan
    assert plan in capsys.readouterr().out
    for image in study.images:
        assert image.stretch is not None
        pictures = {
            method: np.asarray(Image.open(study.folder / "images" / version.file))
            for method, version in image.versions.items()
        }
        assert {picture.shape for picture in pictures.values()} == {(64, 96, 3)}
        frame = read_frame(cells / "wf" / f"{image.name}.mrc").pixels
        whole = shown(np.rint(cubic_enlarged(frame, 2)), Levels(*image.stretch))
        views = np.lib.stride_tricks.sliding_window_view(whole, (64, 96, 3))
        assert (views == pictures["bicubic"]).all(axis=(3, 4, 5)).any()
        blurred = [
            gaussian_filter(pictures[method][..., 0].astype(float), 5)[10:-10, 10:-10]
            for method in ("bicubic", "SIM")
        ]
        assert np.abs(blurred[0] - blurred[1]).mean() < 2  # as bright: they are compared by detail
        assert pictures["SIM"].std() > 1.5 * pictures["bicubic"].std()
    assert main(["simulate", "--study", "cells", "--raters", "3"]) == 0
    monkeypatch.setattr(
        "survey.reporting.page.figures.draw_all", lambda *_: {}
    )  # they take seconds
    zipped = cells / "report.zip"
    words = ["--study", "cells", "--include-simulated", "--output", str(zipped)]
    assert main(["report", *words, "--language", "en"]) == 0
    with zipfile.ZipFile(zipped) as archive:
        report = archive.read("report.html").decode()
    assert "linear between the same two counts" in report
    assert "em escala linear entre as mesmas duas contagens" in report
    assert "dfcan_x2" in report


def test_limits_lie_around_what_every_version_shows(cells: Path) -> None:
    study = prepare(cells, "--methods", "bicubic", "--pictures", f"SIM={cells / 'sim'}")
    values = json.loads((study.folder / "study.json").read_text(encoding="utf-8"))
    for entry in values["images"]:
        frame = read_frame(cells / "wf" / f"{entry['name']}.mrc").pixels
        own = limits_of(np.rint(cubic_enlarged(frame, 2)))
        both = shared_limits([own, Levels(*entry["stretch"])])
        assert both == Levels(*entry["stretch"])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--methods", "bicubic", "srgan_x4"), "not for frames of microscopes"),
        (("--pictures", "SIM={wf}"), "needed 192x160"),
        (("--pictures", "SIM={empty}"), "no picture of cell_1"),
        (("--frame", "4"), "needed 1 to 3"),
        (("--ask", "degradation"), "original"),
        ((), "cell_2.mrc: a stack of 3 frames"),
    ],
)
def test_what_no_study_of_frames_can_be_made_of_is_said_and_nothing_is_written(
    cells: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    (cells / "empty").mkdir()
    if not words or words[0] == "--frame":
        planes = np.random.default_rng(2).integers(0, 999, (3, *SIZE)).astype(np.uint16)
        write_mrc(cells / "wf" / "cell_2.mrc", planes)
    said = [word.format(wf=cells / "wf", empty=cells / "empty") for word in words]
    arguments = ["--methods", "bicubic", *said] if "--pictures" in said else said
    assert main(["prepare", str(cells / "wf"), *arguments, "--study", "cells"]) == 2
    assert why in capsys.readouterr().err
    assert not list((cells / "data").glob("studies/*"))


def test_frames_and_photographs_are_not_mixed(
    cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.zeros((400, 500, 3), np.uint8)).save(cells / "wf" / "cat.png")
    assert main(["prepare", str(cells / "wf"), "--study", "cells"]) == 2
    assert "cat.png" in capsys.readouterr().err


def test_raw_frames_are_averaged_where_it_is_said(cells: Path) -> None:
    planes = np.stack([read_frame(p).pixels for p in sorted((cells / "wf").iterdir())])
    for name in NAMES:
        write_mrc(cells / "wf" / f"{name}.mrc", planes)
    study = prepare(cells, "--frame", "mean", "--methods", "bicubic", "dfcan_x2")
    files = [image.versions["bicubic"].file for image in study.images]
    first, second, _ = (np.asarray(Image.open(study.folder / "images" / file)) for file in files)
    assert np.array_equal(first, second)

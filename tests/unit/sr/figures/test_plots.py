"""Figures of an evaluation: files, pixel-exact crops, and a sentence where seaborn is missing."""

from __future__ import annotations

import builtins
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sr.base.errors import ConfigError, ShapeError
from sr.data.pairs import DataSet, find_data_sets
from sr.evaluation.correlations import correlations
from sr.evaluation.measure import evaluate
from sr.evaluation.methods import Method
from sr.evaluation.results import Evaluation, ImageRow, Row
from sr.figures import plots
from sr.figures.contact_sheet import (
    Crop,
    Gallery,
    Strip,
    busiest_part,
    contact_sheet,
    worst_and_best,
)
from sr.figures.marks import marks_of
from sr.figures.plots import draw_figures, need_seaborn
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, nearest
from sr.images.writing import save_png

STARTS = {".svg": b"<?xml", ".pdf": b"%PDF"}


def three(name: str) -> list[str]:
    return [f"{name}{suffix}" for suffix in (".png", ".svg", ".pdf")]


class Bicubic:
    def upscale(self, photo: Photo) -> Photo:
        return Photo(matlab_bicubic(photo.rgb, 4))


class Nearest:
    def upscale(self, photo: Photo) -> Photo:
        return Photo(nearest(photo.rgb, 4))


METHODS = [Method("nearest", Nearest, 4), Method("bicubic (a/b)", Bicubic, 4, "bicubic", "a/b")]


@pytest.fixture
def measured(tmp_path: Path) -> tuple[Evaluation, list[DataSet]]:
    """Smooth images with more and more noise, so that the ranking is known."""
    y, x = np.mgrid[:120, :140]
    smooth = np.stack([x, y, x + y], axis=-1) * 0.9
    for name in ("Set5", "mine"):
        for index in range(8):
            grain = np.random.default_rng(index).normal(0, 1 + 6 * index, smooth.shape)
            pixels = (smooth + grain).clip(0, 255).astype(np.uint8)
            save_png(tmp_path / name / f"{index}.png", Photo(pixels))
    data_sets = [find_data_sets(tmp_path / name, scale=4)[0] for name in ("Set5", "mine")]
    return evaluate(data_sets, METHODS, lpips=False), data_sets


def test_crops_are_pixel_exact_on_the_sheet() -> None:
    generator = np.random.default_rng(0)
    crops = [
        generator.integers(0, 256, (h, w, 3), np.uint8) for h, w in ((20, 30), (20, 30), (7, 9))
    ]
    strips = [
        Strip("first", (Crop(crops[0], ("a", "1")), Crop(crops[1], ("b" * 90,)))),
        Strip("second, too long a title " * 9, (Crop(crops[2], ()),)),
    ]
    sheet = contact_sheet(["a heading of many words " * 5], strips, magnification=3)
    for (top, left), crop in zip(sheet.places, crops, strict=True):
        height, width = (3 * side for side in crop.shape[:2])
        shown = sheet.rgb[top : top + height, left : left + width]
        for row in range(3):
            for column in range(3):
                assert np.array_equal(shown[row::3, column::3], crop)
    assert (sheet.rgb[-5:] == 255).all()


def test_a_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(ShapeError, match="0 crops"):
        contact_sheet([], [])
    with pytest.raises(ShapeError, match="at 0:1"):
        contact_sheet([], [Strip("", (Crop(np.zeros((2, 2, 3), np.uint8), ()),))], magnification=0)
    with pytest.raises(ShapeError, match="float64 crop"):
        contact_sheet([], [Strip("", (Crop(np.zeros((2, 2, 3)), ()),))])


def test_the_busiest_part_is_found_also_at_the_border() -> None:
    error = np.zeros((50, 60))
    error[45:, 52:] = 1
    assert busiest_part(error, 10) == (40, 50)
    assert busiest_part(error, 500) == (0, 0)


def test_the_sheet_shows_originals_and_versions_in_order_of_the_metric(
    measured: tuple[Evaluation, list[DataSet]],
) -> None:
    result, data_sets = measured
    only = Evaluation((4,), images=[row for row in result.images if row.dataset == "Set5"])
    gallery = Gallery(data_sets, METHODS)
    sheet = worst_and_best(only.images, METHODS[1], gallery)
    assert len(sheet.places) == 6 * 3
    side = 96 * sheet.magnification
    originals = [
        sheet.rgb[top : top + side : 2, left : left + side : 2] for top, left in sheet.places[::3]
    ]
    for shown, name in zip(originals, ["7", "6", "5", "0", "1", "2"], strict=True):
        whole = open_image(data_sets[0].pairs[int(name)].hr).rgb
        assert any(
            np.array_equal(shown, whole[top : top + 96, left : left + 96])
            for top in range(whole.shape[0] - 95)
            for left in range(whole.shape[1] - 95)
        ), name


def test_every_figure_is_drawn_without_lpips_too(
    measured: tuple[Evaluation, list[DataSet]], tmp_path: Path
) -> None:
    pytest.importorskip("seaborn", reason="plots need seaborn: requirements.txt")
    result, data_sets = measured
    hard = correlations(result.images)
    paths = draw_figures(tmp_path / "figures", result, hard, data_sets, METHODS)
    assert [path.name for path in paths] == [
        *three("distribution"),
        *three("texture"),
        "crops_bicubic_a_b.png",
    ]
    for path in paths:
        if path.suffix in STARTS:
            assert path.read_bytes().startswith(STARTS[path.suffix])
            continue
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert min(image.size) > 300
            assert len(np.unique(np.asarray(image.convert("L")))) > 10


def test_the_perception_distortion_plane_needs_lpips(
    measured: tuple[Evaluation, list[DataSet]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("seaborn", reason="plots need seaborn: requirements.txt")
    monkeypatch.setattr(
        "sr.metrics.fidelity.default_lpips",
        lambda: lambda prediction, target: (prediction - target).abs().mean(dim=(1, 2, 3)),
    )
    data_sets = measured[1]
    result = evaluate(data_sets, METHODS)
    names = [path.name for path in draw_figures(tmp_path, result, [], data_sets, METHODS)]
    assert names[:9] == [n for f in ("distribution", "perception_distortion", "texture")
                         for n in three(f)]  # fmt: skip
    # A first image measured with LPIPS and the rest without: there are no means to draw.
    rows = [dataclasses.replace(row, lpips_alex=None) for row in result.rows]
    partly = dataclasses.replace(result, rows=rows)
    names = [path.name for path in draw_figures(tmp_path, partly, [], data_sets, METHODS)]
    assert names[:6] == [*three("distribution"), *three("texture")]


def test_a_missing_seaborn_is_a_sentence_with_the_pip_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **options: Any) -> Any:
        if name == "seaborn":
            raise ImportError("No module named 'seaborn'")
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"pip install -r requirements\.txt"):
        need_seaborn()


def test_twelve_models_are_told_apart_and_nothing_is_cut() -> None:
    pytest.importorskip("seaborn", reason="plots need seaborn: requirements.txt")
    names = [f"a_model_with_quite_a_long_name_{number}" for number in range(12)]
    images = [
        ImageRow("Set5", name, f"{image}.png", 25 + i + image, 0.8, 0.5 - 0.03 * i, 1, 0.01, 30)
        for i, name in enumerate(names)
        for image in range(3)
    ]
    rows = [Row("Set5", name, 3, 26 + i, 0.8, 0.5, 1) for i, name in enumerate(names)]
    result = Evaluation((4,), rows=rows, images=images)
    marks = marks_of(result).values()
    assert [mark.number for mark in marks] == [*range(1, 13)]
    assert len({mark.colour for mark in marks}) == len({mark.shape for mark in marks}) == 12
    for figure in (plots.distribution(result), plots.perception_distortion(result)):
        figure.draw_without_rendering()
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()][11] == f"12 {names[11]}"
        box = legend.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1
        title = figure._suptitle.get_window_extent()
        assert 0 <= title.x0 < title.x1 <= figure.bbox.x1
        means = {text.get_text() for axes in figure.axes for text in axes.texts}
        assert means == {str(number) for number in range(1, 13)}
        joined = figure.axes[0].collections[0].get_segments()
        assert [len(points) for points in joined] == [12] * 3  # a line an image
    grid = plots.texture(result, correlations(images))
    assert grid.get_figwidth() <= 16
    titles = [axes.get_title().partition("\n")[0] for axes in grid.axes[:4]]
    assert titles == [f"{number} {name}" for number, name in enumerate(names[:4], 1)]
    assert len(grid.axes) == 24

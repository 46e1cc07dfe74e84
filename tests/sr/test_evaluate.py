"""Evaluation: the layouts of data sets, what is left out, and the known bicubic figures."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sr.errors import BackboneError, DataError, OutputError
from sr.evaluate import COLUMNS, Row, evaluate, find_data_set, write_csv
from sr.image_io import Photo, open_image, save_png
from sr.metrics import psnr
from sr.resize import matlab_bicubic, modcrop, nearest


class Bicubic:
    def upscale(self, photo: Photo) -> Photo:
        return Photo(matlab_bicubic(photo.rgb, 4))


class Nearest:
    def upscale(self, photo: Photo) -> Photo:
        return Photo(nearest(photo.rgb, 4))


class Oracle:
    """Knows the answer."""

    def __init__(self, answer: np.ndarray) -> None:
        self.answer = answer

    def upscale(self, photo: Photo) -> Photo:
        return Photo(self.answer)


def make_image(path: Path, *, height: int = 48, width: int = 56, seed: int = 0) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_png(path, Photo(pixels))
    return pixels


def make_reduced(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
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
    data_set = find_data_set(tmp_path / folder)
    assert data_set.name == name
    assert [(pair.hr, pair.lr) for pair in data_set.pairs] == [(tmp_path / hr, tmp_path / lr)]


def test_a_relative_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_image(tmp_path / "mine" / "a.png")
    monkeypatch.chdir(tmp_path / "mine")
    data_set = find_data_set(".")
    assert (data_set.name, data_set.lr_folder) == ("mine", None)


def test_missing_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        find_data_set(tmp_path / "nothing")
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(DataError, match="is a file"):
        find_data_set(tmp_path / "notes.txt")
    with pytest.raises(DataError, match="no images"):
        find_data_set(tmp_path)
    make_image(tmp_path / "Set5" / "a.png")
    with pytest.raises(DataError, match="did you mean one of its folders Set5"):
        find_data_set(tmp_path)


def test_two_data_sets_of_one_name_are_refused(tmp_path: Path) -> None:
    for parent in ("old", "new"):
        make_image(tmp_path / parent / "Set5" / "a.png")
    with pytest.raises(DataError, match="one name: Set5, Set5"):
        evaluate([tmp_path / "old/Set5", tmp_path / "new/Set5"], {"bicubic": Bicubic()})


def test_the_low_resolution_images_given_are_those_used(tmp_path: Path) -> None:
    make_image(tmp_path / "Set" / "a.png")
    save_png(_folder(tmp_path / "Set_LRbicx4") / "a.png", Photo(np.zeros((12, 14, 3), np.uint8)))
    given = evaluate([tmp_path / "Set"], {"nearest": Nearest()}, lpips=False)
    assert given.rows[0].psnr_y is not None
    assert given.rows[0].psnr_y < 8
    assert given.notes == ["Set: low-resolution images from Set_LRbicx4"]


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def test_made_and_given_low_resolution_images_measure_the_same(tmp_path: Path) -> None:
    for name in ("made", "given"):
        pixels = make_image(tmp_path / name / "a.png", height=51, width=50)
    make_reduced(tmp_path / "given_LRbicx4" / "a.png", pixels)
    models = {"bicubic": Bicubic()}
    made, given = evaluate([tmp_path / "made", tmp_path / "given"], models, lpips=False).rows
    assert (made.psnr_y, made.ssim_y) == (given.psnr_y, given.ssim_y)


def test_means_are_over_images_and_a_perfect_result_is_infinite(tmp_path: Path) -> None:
    answer = make_image(tmp_path / "one" / "a.png")
    (row,) = evaluate([tmp_path / "one"], {"oracle": Oracle(answer)}, lpips=False).rows
    assert (row.images, row.psnr_y, row.ssim_y) == (1, math.inf, pytest.approx(1))
    make_image(tmp_path / "two" / "a.png")
    make_image(tmp_path / "two" / "b.png", seed=1)
    result = evaluate([tmp_path / "two"], {"nearest": Nearest()}, lpips=False)
    singles = [image.psnr_y for image in result.images]
    assert result.rows[0].psnr_y == pytest.approx(sum(singles) / 2)


def test_images_that_cannot_be_measured_are_listed_and_left_out_for_every_model(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "Set"
    pixels = {name: make_image(folder / f"{name}.png") for name in ("good", "alone", "wrong")}
    (folder / "broken.png").write_bytes(b"no image")
    tiny = make_image(folder / "tiny.png", height=16, width=16)
    make_reduced(tmp_path / "Set_LRbicx4" / "tiny.png", tiny)
    make_reduced(tmp_path / "Set_LRbicx4" / "good.png", pixels["good"])
    make_reduced(tmp_path / "Set_LRbicx4" / "broken.png", pixels["good"])
    make_reduced(tmp_path / "Set_LRbicx4" / "wrong.png", pixels["wrong"][:40])
    models = {"bicubic": Bicubic(), "nearest": Nearest()}
    result = evaluate([folder], models, lpips=False)
    assert [row.images for row in result.rows] == [1, 1]
    alone, broken, small, wrong = sorted(result.failures)
    assert alone.startswith("Set/alone.png: no low-resolution image of that name")
    assert broken.startswith("Set/broken.png: ")
    assert small.startswith("Set/tiny.png: ssim: 8x8 px are left")
    assert wrong == "Set/wrong.png: wrong.png is 14x10, needed 14x12 at x4 (width x height)"


def test_nothing_measured_at_all_is_an_error(tmp_path: Path) -> None:
    (_folder(tmp_path / "Set") / "a.png").write_bytes(b"")
    with pytest.raises(
        DataError, match=r"none of the 1 images could be measured; first: Set/a\.png"
    ):
        evaluate([tmp_path / "Set"], {"bicubic": Bicubic()}, lpips=False)


def test_lpips_without_features_is_empty_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BackboneError("no AlexNet here")

    monkeypatch.setattr("sr.metrics.default_lpips", refuse)
    make_image(tmp_path / "Set" / "a.png")
    make_image(tmp_path / "Set" / "b.png")
    result = evaluate([tmp_path / "Set"], {"bicubic": Bicubic()})
    assert [image.lpips_alex for image in result.images] == [None, None]
    assert result.rows[0].lpips_alex is None
    assert [note for note in result.notes if "LPIPS" in note] == [
        "LPIPS is left empty: no AlexNet here"
    ]


def test_lpips_is_measured_on_whole_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def distance(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        assert prediction.shape == target.shape == (1, 3, 48, 56)
        return torch.tensor([0.25])

    monkeypatch.setattr("sr.metrics.default_lpips", lambda: distance)
    make_image(tmp_path / "Set" / "a.png")
    result = evaluate([tmp_path / "Set"], {"bicubic": Bicubic()})
    assert (result.rows[0].lpips_alex, result.failures) == (0.25, [])


def test_limit_and_saved_pictures(tmp_path: Path) -> None:
    for name in "abc":
        make_image(tmp_path / "Set" / f"{name}.png")
    seen = []
    result = evaluate(
        [tmp_path / "Set"],
        {"nearest": Nearest()},
        lpips=False,
        limit=2,
        save_folder=tmp_path / "out",
        progress=lambda done, total, name: seen.append((done, total, name)),
    )
    assert result.rows[0].images == 2
    assert seen == [(0, 2, "Set/a.png"), (1, 2, "Set/b.png"), (2, 2, "")]
    saved = sorted((tmp_path / "out").rglob("*.png"))
    assert [path.relative_to(tmp_path).as_posix() for path in saved] == [
        "out/Set/nearest/a.png",
        "out/Set/nearest/b.png",
    ]
    with Image.open(saved[0]) as image:
        assert image.size == (56, 48)


def test_csv_has_the_named_columns_and_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "new" / "out.csv"
    write_csv(path, [Row("Set5", "bicubic", 5, 28.4219, 0.81041, None, 0.01234)])
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert tuple(row) == COLUMNS
    assert list(row.values()) == ["Set5", "bicubic", "5", "28.422", "0.8104", "", "0.012"]
    assert os.listdir(path.parent) == ["out.csv"]


def test_a_failed_csv_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match=r"out\.csv: cannot be written: No space left"):
        write_csv(path, [])
    assert os.listdir(tmp_path) == ["out.csv"]
    assert path.read_text() == "old"


@pytest.fixture(scope="module")
def benchmark_folder() -> Path:
    shared = os.environ.get("NITIDEZ_SHARED")
    if not shared:
        pytest.skip("needs the benchmark images: set NITIDEZ_SHARED")
    return Path(shared) / "benchmark"


def test_bicubic_on_set5_is_the_published_figure(benchmark_folder: Path) -> None:
    (row,) = evaluate([benchmark_folder / "Set5"], {"bicubic": Bicubic()}, lpips=False).rows
    assert row.images == 5
    # The published figures round luma to whole levels, which takes off 0.01 dB and 0.001.
    assert row.psnr_y == pytest.approx(28.42, abs=0.015)
    assert row.ssim_y == pytest.approx(0.8104, abs=0.001)


def test_bicubic_on_bsd100_has_the_known_psnr(benchmark_folder: Path) -> None:
    values = []
    for pair in find_data_set(benchmark_folder / "BSD100").pairs:
        assert pair.lr is not None
        target = modcrop(open_image(pair.hr).rgb, 4)
        prediction = matlab_bicubic(open_image(pair.lr).rgb, 4)
        tensors = (
            torch.tensor(image / 255).permute(2, 0, 1)[None] for image in (prediction, target)
        )
        values.append(float(psnr(*tensors, crop_px=4)))
    assert len(values) == 100
    assert np.mean(values) == pytest.approx(25.96, abs=0.01)

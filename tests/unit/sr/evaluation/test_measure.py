"""Evaluation: what is measured, kept and left out, and the known bicubic figures."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sr.base.errors import BackboneError, ConfigError, DataError, WeightsError
from sr.data.pairs import find_data_sets
from sr.evaluation.measure import evaluate as evaluate_sets
from sr.evaluation.methods import Enlarges, Method
from sr.evaluation.results import Evaluation, ImageRow
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, modcrop, nearest
from sr.images.writing import save_png
from sr.metrics.fidelity import psnr


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


def evaluate(folders: list[Path], models: Mapping[str, Enlarges], **options: Any) -> Evaluation:
    """The evaluation of models that are there already."""
    methods = [Method(name, lambda model=model: model, 4, name) for name, model in models.items()]
    return evaluate_sets(
        [find_data_sets(folder, scale=4)[0] for folder in folders], methods, **options
    )


def make_image(path: Path, *, height: int = 48, width: int = 56, seed: int = 0) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_png(path, Photo(pixels))
    return pixels


def make_reduced(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_png(path, Photo(matlab_bicubic(modcrop(pixels, 4), 1 / 4)))


def test_two_data_sets_of_one_name_are_refused(tmp_path: Path) -> None:
    for parent in ("old", "new"):
        make_image(tmp_path / parent / "Set5" / "a.png")
    with pytest.raises(ConfigError, match="two data sets have one name: Set5, Set5"):
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

    monkeypatch.setattr("sr.metrics.fidelity.default_lpips", refuse)
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

    monkeypatch.setattr("sr.metrics.fidelity.default_lpips", lambda: distance)
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


class Counting(Bicubic):
    """Counts what it is asked for, the warm-up among it."""

    def __init__(self) -> None:
        self.calls = 0

    def upscale(self, photo: Photo) -> Photo:
        self.calls += 1
        return super().upscale(photo)


class Stopped(Counting):
    """Ctrl-C while the third image is upscaled."""

    def upscale(self, photo: Photo) -> Photo:
        if self.calls == 3:
            raise KeyboardInterrupt
        return super().upscale(photo)


def test_an_interrupted_evaluation_goes_on_where_it_was(tmp_path: Path) -> None:
    for index in range(4):
        make_image(tmp_path / "Set" / f"{index}.png", seed=index)
    kept: list[ImageRow] = []
    with pytest.raises(KeyboardInterrupt):
        evaluate(
            [tmp_path / "Set"],
            {"bicubic": Stopped()},
            lpips=False,
            keep=lambda dataset, image, rows: kept.extend(rows),
        )
    assert [row.image for row in kept] == ["0.png", "1.png"]
    model = Counting()
    resumed = evaluate([tmp_path / "Set"], {"bicubic": model}, lpips=False, known=kept)
    assert (model.calls, resumed.reused) == (1 + 2, 2)
    whole = evaluate([tmp_path / "Set"], {"bicubic": Bicubic()}, lpips=False)
    assert resumed.rows[0].psnr_y == whole.rows[0].psnr_y
    assert resumed.rows[0].ssim_y == whole.rows[0].ssim_y
    assert [row.high_frequency_share for row in resumed.images] == [
        row.high_frequency_share for row in whole.images
    ]


def test_nothing_is_loaded_when_everything_is_known(tmp_path: Path) -> None:
    make_image(tmp_path / "Set" / "a.png")
    known = evaluate([tmp_path / "Set"], {"bicubic": Bicubic()}, lpips=False).images

    def refuse() -> Enlarges:
        raise AssertionError("loaded for nothing")

    data_sets = [find_data_sets(tmp_path / "Set", scale=4)[0]]
    result = evaluate_sets(data_sets, [Method("bicubic", refuse, 4)], lpips=False, known=known)
    assert result.images == known
    with pytest.raises(AssertionError, match="for nothing"):  # other weights under the same name
        evaluate_sets(
            data_sets, [Method("bicubic", refuse, 4, identity="new")], lpips=False, known=known
        )


@pytest.mark.parametrize("changed", ["Set/a.png", "Set_LRbicx4/a.png"])
def test_results_of_other_pixels_are_measured_again(changed: str, tmp_path: Path) -> None:
    pixels = make_image(tmp_path / "Set" / "a.png")
    make_reduced(tmp_path / "Set_LRbicx4" / "a.png", pixels)
    known = evaluate([tmp_path / "Set"], {"bicubic": Bicubic()}, lpips=False).images
    with Image.open(tmp_path / changed) as image:
        other = np.array(image)
    other[0, 0] ^= 1
    save_png(tmp_path / changed, Photo(other), overwrite=True)
    again = evaluate([tmp_path / "Set"], {"bicubic": Bicubic()}, lpips=False, known=known)
    assert again.reused == 0
    assert again.images[0].key != known[0].key


def test_results_without_lpips_are_measured_again_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_image(tmp_path / "Set" / "a.png")
    known = evaluate([tmp_path / "Set"], {"bicubic": Bicubic()}, lpips=False).images
    monkeypatch.setattr(
        "sr.metrics.fidelity.default_lpips", lambda: lambda prediction, target: torch.tensor([0.5])
    )
    result = evaluate([tmp_path / "Set"], {"bicubic": Bicubic()}, known=known)
    assert (result.reused, result.images[0].lpips_alex) == (0, 0.5)
    assert evaluate([tmp_path / "Set"], {"bicubic": Bicubic()}, known=result.images).reused == 1


def test_a_model_that_cannot_be_loaded_ends_the_evaluation(tmp_path: Path) -> None:
    def missing() -> Enlarges:
        raise WeightsError("no weights")

    make_image(tmp_path / "Set" / "a.png")
    with pytest.raises(WeightsError, match="no weights"):
        evaluate_sets(
            [find_data_sets(tmp_path / "Set", scale=4)[0]], [Method("x", missing, 4)], lpips=False
        )


def test_the_papers_figures_stand_beside_whole_sets_only(tmp_path: Path) -> None:
    for index in range(5):
        make_image(tmp_path / "Set5" / f"{index}.png", seed=index)
    models = {"bicubic": Bicubic(), "srresnet_x4": Bicubic(), "oracle": Bicubic()}
    bicubic, network, other = evaluate([tmp_path / "Set5"], models, lpips=False).rows
    assert (bicubic.paper_psnr_y, bicubic.paper_ssim_daala) == (28.43, 0.8211)
    assert network.paper_psnr_y == 32.05
    assert other.paper_psnr_y is None
    part = evaluate([tmp_path / "Set5"], models, lpips=False, limit=4)
    assert [row.paper_psnr_y for row in part.rows] == [None] * 3
    assert "Set5: only the first 4 of 5 images" in part.notes


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
    for pair in find_data_sets(benchmark_folder / "BSD100", scale=4)[0].pairs:
        assert pair.lr is not None
        target = modcrop(open_image(pair.hr).rgb, 4)
        prediction = matlab_bicubic(open_image(pair.lr).rgb, 4)
        tensors = (
            torch.tensor(image / 255).permute(2, 0, 1)[None] for image in (prediction, target)
        )
        values.append(float(psnr(*tensors, crop_px=4)))
    assert len(values) == 100
    assert np.mean(values) == pytest.approx(25.96, abs=0.01)

"""One class and one entry: a network nobody knows, at x2 and x3, through the whole program."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from demo.app.build import build_app
from demo.app.settings import Settings
from demo.upscale import page
from demo.upscale.session import OWN_WIDTH, Choice, Session
from demo.upscale.table import table_html
from demo.work.engine import SuperResolution
from demo.work.job import ORIGINAL
from demo.work.jobs import Jobs
from demo.work.versions import ImageStore
from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.inference.upscaler import get_upscaler, upscaler_from_file
from sr.models.files.weights_file import load_model, read_header
from survey.commands.cli import main as survey
from survey.preparation.sources import Source
from survey.preparation.versions import prepare_study
from survey.session.protected import ProtectedSurvey
from survey.study.errors import StudyError
from survey.study.protocol import Protocol
from tests.helpers.toy_network import SCALES, photos, register_model, register_network, train

pytestmark = pytest.mark.parametrize("scale", SCALES)


@pytest.fixture
def weights(scale: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A toy network's weights, trained by the command."""
    register_network(monkeypatch)
    return train(tmp_path, scale)


@pytest.fixture
def name(weights: Path, scale: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The model of those weights."""
    return register_model(monkeypatch, weights, scale)


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    return open_image(photos(tmp_path / "one", count=1, height=36, width=48) / "0.png")


def test_it_is_trained_and_goes_on_where_it_stopped(weights: Path, scale: int) -> None:
    header = read_header(weights)
    assert header["architecture"] == "toy"
    assert header["config"] == {"num_features": 8, "scale": scale}
    assert load_model(weights).scale == scale
    settings = json.loads((weights.parent / "run.json").read_text())["recipe"]
    assert (settings["network"], settings["network_args"], settings["scale"]) == ("toy", {}, scale)
    more = ["network=toy", f"scale={scale}", f"name={weights.stem}", "hr_patch_px=48"]
    arguments = ["train", "srresnet_smoke", "--data", str(weights.parents[1] / "photos")]
    arguments += ["--output", str(weights.parent), "--resume", "--device", "cpu"]
    arguments += [word for setting in [*more, "iterations=6"] for word in ("--set", setting)]
    assert main(arguments) == 0
    assert read_header(weights)["about"]["iterations"] == 6


def test_tiles_are_equal_to_the_whole_and_to_the_network(
    weights: Path, scale: int, photo: Photo
) -> None:
    options = {"device": "cpu", "precision": "float32", "guard": False}
    whole = upscaler_from_file(weights, **options).upscale(photo).rgb
    tiles = upscaler_from_file(weights, tile_px=11, **options).upscale(photo).rgb
    lr = torch.from_numpy(photo.rgb.copy()).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        exact = (load_model(weights)(lr)[0].clamp(0, 1) * 255).round().permute(1, 2, 0).numpy()
    assert whole.shape == (36 * scale, 48 * scale, 3)
    assert np.abs(tiles.astype(int) - whole).max() <= 1
    assert np.abs(whole - exact).max() <= 1


def test_it_is_evaluated_beside_interpolations_of_its_scale(
    weights: Path, scale: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    arguments = ["evaluate", str(tmp_path / "photos"), "--models", "bicubic", str(weights)]
    assert main([*arguments, "--no-lpips", "--device", "cpu", "--csv", str(table)]) == 0
    assert f"x{scale}; PSNR" in capsys.readouterr().out
    with table.open(newline="") as file:
        rows = {row["model"]: float(row["psnr_y"]) for row in csv.DictReader(file)}
    assert list(rows) == ["bicubic", f"toy_x{scale} (photos)"]
    assert all(psnr > 15 for psnr in rows.values())
    assert main([*arguments, "srgan_x4", "--no-lpips", "--device", "cpu"]) == 0
    told = capsys.readouterr().out
    assert ("photos x4" in told, f"toy_x{scale}" in told) == (scale != 4, True)


def test_a_study_is_prepared_of_it(name: str, scale: int, tmp_path: Path) -> None:
    sources = [
        Source(path.stem, open_image(path).rgb) for path in sorted((tmp_path / "photos").iterdir())
    ]
    protocol = Protocol.of_models([name], width=48, height=36, images_per_rater=2)
    study = prepare_study(sources, tmp_path / "study", protocol=protocol, now="2026-01-02")
    versions = study.images[0].versions
    assert list(versions) == ["nearest", "bicubic", name, "original"]
    assert list(study.models) == [name]
    original = open_image(study.folder / "images" / versions["original"].file).rgb
    for version in versions.values():
        assert open_image(study.folder / "images" / version.file).rgb.shape == original.shape
    assert versions[name].psnr_y is not None
    several = Protocol.of_models([name, "srgan_x4"], width=48, height=36)
    with pytest.raises(StudyError, match="models of one scale"):
        prepare_study(sources, tmp_path / "no", protocol=several, now="2026-01-02")


def test_a_study_of_it_is_answered_and_reported(
    name: str, scale: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NITIDEZ_DATA", str(tmp_path / "data"))
    size = ["--width", "48", "--height", "36", "--images-per-rater", "3"]
    folder, out = str(tmp_path / "photos"), tmp_path / "out"
    assert survey(["prepare", folder, "--study", "toy", "--models", name, *size]) == 0
    assert survey(["simulate", "--study", "toy", "--raters", "3"]) == 0
    export = ["export", "--study", "toy", "--include-simulated"]
    assert survey([*export, "--output", str(out)]) == 0
    assert name in (out / "mos_summary.csv").read_text()
    assert (
        survey(["report", "--study", "toy", "--include-simulated", "--output", f"{out}.zip"]) == 0
    )


def test_the_page_makes_and_measures_its_versions(
    name: str, scale: int, tmp_path: Path, photo: Photo
) -> None:
    store = ImageStore(tmp_path / "versions", max_bytes=10**8, max_age_seconds=300)
    jobs = Jobs(SuperResolution(lpips_wait_seconds=0), store)
    try:
        for mode in ("upscale", "test"):
            job = jobs.submit(photo, mode=mode, scale=scale)
            limit = time.monotonic() + 60
            while not job.is_finished and time.monotonic() < limit:
                time.sleep(0.02)
            shown = [version.key for version in job.versions()]
            assert shown == ["bicubic", name, *([ORIGINAL] if mode == "test" else [])]
            assert {version.state for version in job.versions()} == {"ready"}
            session = Session(mode=mode, scale=scale, choice=Choice("a.png"), job=job)
            panes = page.panes(session, "en")
            assert [pane["label"] for pane in panes][:2] == ["Bicubic", f"Toy {scale}"]
            expected = (48, 36) if mode == "test" else (48 * scale, 36 * scale)
            assert {(pane["width"], pane["height"]) for pane in panes} == {expected}
            for version in job.versions():
                image = open_image(version.image.path)
                assert (image.width, image.height) == expected
        assert f"{scale} px cut" in table_html(session, "en")
        assert jobs.submit(photo, scale=4).version("srgan_x4")
    finally:
        jobs.close()


def test_people_choose_the_scale_or_a_width(
    name: str, scale: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choice() -> dict:
        app = build_app(
            Settings(folder=tmp_path / "app"),
            ProtectedSurvey(tmp_path / "data"),
            SuperResolution(),
        )
        found = [part["props"] for part in app.config["components"] if part["type"] == "radio"]
        return next(props for props in found if props.get("elem_id") == "scale")

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    assert choice()["visible"]
    assert [value for _, value in choice()["choices"]] == [*sorted({2, 3, 4, scale}), OWN_WIDTH]
    assert choice()["value"] == 4
    monkeypatch.undo()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    assert [value for _, value in choice()["choices"]] == [2, 3, 4, OWN_WIDTH]


def test_it_is_a_model_like_any_other(
    name: str, scale: int, photo: Photo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert get_upscaler(name, device="cpu").upscale(photo).rgb.shape[0] == 36 * scale
    assert main(["models"]) == 0
    assert f"\n{name} " in capsys.readouterr().out

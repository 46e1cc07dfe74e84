"""A file that somebody downloaded goes through evaluation, study and page like a model of ours."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from demo.web.i18n import label_of
from demo.work.engine import SuperResolution
from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.writing import save_png
from sr.models.files.weights_file import save_model
from sr.models.loading import weights_sha256
from sr.networks.rrdb import RRDBNet
from survey.commands.cli import main as survey_main
from survey.preparation.versions import Source, prepare_study
from survey.study.errors import StudyError
from survey.study.protocol import Protocol
from tests.helpers import foreign_files as files

MIXTURE = "srresnet_x4~srgan_x4@0.3"
NOW = "2026-01-02T03:04:05.678+00:00"


@pytest.fixture(autouse=True)
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("NITIDEZ_MODELS", str(tmp_path / "models"))
    files.save(tmp_path / "models" / "found_x4.pth", files.real_esrgan(files.rrdb()))
    return "found_x4"


def pixels(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_in_an_evaluation(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_png(tmp_path / "set" / "a.png", Photo(pixels(64, 64)))
    words = ["evaluate", str(tmp_path / "set"), "--no-lpips", "--models", "bicubic", model, MIXTURE]
    assert main([*words, str(tmp_path / "models" / "found_x4.pth")]) == 2  # one name for two
    assert "called 'found_x4'" in capsys.readouterr().err
    table = tmp_path / "table.csv"
    other = f"other={tmp_path / 'models' / 'found_x4.pth'}"
    assert main([*words, other, "--csv", str(table)]) == 0
    with table.open(newline="") as file:
        psnr = {row["model"]: row["psnr_y"] for row in csv.DictReader(file)}
    assert list(psnr) == ["bicubic", model, MIXTURE, "found_x4 (other)"]
    assert psnr[model] == psnr["found_x4 (other)"]


def test_in_a_study(model: str, tmp_path: Path) -> None:
    protocol = Protocol.of_models([model, MIXTURE], width=64, height=64, images_per_rater=1)
    sources = [Source("one", pixels(64, 64)), Source("two", pixels(64, 64), "practice")]
    study = prepare_study(sources, tmp_path / "study", protocol=protocol, now=NOW)
    text = (tmp_path / "study" / "study.json").read_text()
    assert weights_sha256(model) in text
    assert weights_sha256(MIXTURE) in text
    assert len(study.main) == 1
    files.save(tmp_path / "models" / "clean.pth", denoiser())
    restoring = Protocol.of_models(["clean"], width=64, height=64)
    with pytest.raises(StudyError, match="clean keeps the size"):
        prepare_study(sources, tmp_path / "other", protocol=restoring, now=NOW)


def test_our_own_network_goes_out_in_the_official_layout_and_into_a_study_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    models, photos = tmp_path / "models", tmp_path / "photos"
    network = RRDBNet(num_blocks=1, num_features=16)
    save_model(models / "ours_x4.safetensors", network, name="ours_x4", about={})
    assert main(["models", "export", "ours_x4", str(models / "theirs_x4.pth")]) == 0
    (models / "ours_x4.safetensors").unlink()
    names = torch.load(models / "theirs_x4.pth", weights_only=True)["params_ema"]
    assert "body.0.rdb1.conv1.weight" in names
    rng = np.random.default_rng(1)
    for name in "abcdef":
        noise = rng.integers(0, 256, (64, 96, 3)).astype(np.uint8)
        save_png(photos / f"{name}.png", Photo(noise))
    monkeypatch.setenv("NITIDEZ_DATA", str(tmp_path / "data"))
    command = ["prepare", str(photos), "--study", "mine", "--width", "48", "--height", "32"]
    command += ["--images-per-rater", "2", "--models", "bicubic", "theirs_x4"]
    assert survey_main(command) == 0, capsys.readouterr().err
    (study,) = (tmp_path / "data").rglob("study.json")
    assert weights_sha256("theirs_x4") in study.read_text()


def test_in_the_page(model: str) -> None:
    import threading

    engine = SuperResolution(engine="torch", threads=1)
    photo = Photo(pixels(20, 24))
    for name, label in (
        (model, "found_x4"),
        (MIXTURE, "SRResNet 70 % + SRGAN 30 %"),
    ):
        assert label_of("pt-BR", name) == label
        made = engine.upscale(name, photo, progress=lambda _: None, cancel=threading.Event())
        assert made.rgb.shape == (80, 96, 3)
        assert engine.png_text(name)["Nitidez-Model"] == name
        assert engine.version(name).endswith(weights_sha256(name)[:16])


def test_a_restorer_is_no_enlargement_to_measure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files.save(tmp_path / "models" / "clean.pth", denoiser())
    save_png(tmp_path / "set" / "a.png", Photo(pixels(64, 64)))
    assert main(["evaluate", str(tmp_path / "set"), "--models", "clean"]) == 2
    assert "clean keeps the size" in capsys.readouterr().err


def denoiser() -> dict[str, object]:
    from spandrel.architectures.DnCNN import DnCNN

    return dict(DnCNN(in_nc=3, out_nc=3, nc=8, nb=8, act_mode="R").state_dict())

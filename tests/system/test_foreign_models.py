"""A file that somebody downloaded goes through evaluation, study and page like a model of ours."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from demo.web.i18n import label_of
from demo.work.engine import SuperResolution
from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.writing import save_png
from sr.models.loading import weights_sha256
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

"""A run says what it was, goes on only with the same, keeps to the clock and keeps its best."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest

from sr.base.errors import ConfigError, DataError
from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic
from sr.images.writing import save_png
from sr.models.files.weights_file import read_header
from sr.runs.record import claimed, read_record
from sr.training.validation import MOST_IMAGES, Validation

pytestmark = pytest.mark.usefixtures("one_thread")


def photo(path: Path, *, seed: int = 0, side: int = 40) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    save_png(path, Photo(pixels))
    return pixels


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    photo(tmp_path / "photos" / "0.png")
    photo(tmp_path / "measured" / "1.png", seed=1)
    output = str(tmp_path / "run")
    return ["train", "srresnet_smoke", "--data", str(tmp_path / "photos"), "--output", output]


def test_a_run_writes_down_what_its_weights_depend_on(command: list[str], tmp_path: Path) -> None:
    assert main([*command, "--minutes", "5"]) == 0
    record = read_record(tmp_path / "run")
    assert record is not None
    about = read_header(tmp_path / "run" / "srresnet_x4.safetensors")["about"]
    assert record["recipe"]["hr_patch_px"] == 32
    assert record["data"] == about["data_sha256"]
    assert record["low_resolution"] == "low-resolution images made by bicubic"
    assert record["precision"] in ("float32", "bfloat16")
    assert record["backbones"] == {}
    (part,) = record["parts"]
    assert part["threads"] == 1
    assert {"python", "torch", "nitidez"} == set(part["versions"])
    assert part["minutes"] == 5
    assert main([*command, "--resume", "--set", "iterations=6"]) == 0
    parts = (read_record(tmp_path / "run") or {})["parts"]
    assert [part["iteration"] for part in parts] == [0, 4]


def test_a_resume_with_another_precision_or_small_images_is_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--precision", "float32"]) == 0
    longer = [*command, "--resume", "--set", "iterations=6"]
    assert main([*longer, "--precision", "bfloat16"]) == 2
    assert "precision was float32 and is bfloat16" in capsys.readouterr().err
    path = tmp_path / "run" / "run.json"
    record = json.loads(path.read_text())
    record["backbones"] = {"vgg16.safetensors": "aa"}
    path.write_text(json.dumps(record))
    assert main([*longer, "--precision", "float32"]) == 2
    assert "backbones was" in capsys.readouterr().err


def test_a_run_goes_on_with_a_smaller_rate_but_not_with_a_larger_one(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 0
    longer = [*command, "--resume", "--set", "iterations=6", "--set"]
    assert main([*longer, "learning_rate=1e-2"]) == 2
    assert "other settings (learning_rate)" in capsys.readouterr().err
    assert main([*longer, "learning_rate=1e-5"]) == 0


def test_two_runs_into_one_folder_are_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with claimed(tmp_path / "run"):
        assert main(command) == 2
        assert "another training is writing into it" in capsys.readouterr().err
        with pytest.raises(ConfigError, match="another training"), claimed(tmp_path / "run"):
            pass
    assert not (tmp_path / "run").exists()
    assert main(command) == 0
    assert not list((tmp_path / "run").glob(".*"))


def test_what_can_fail_fails_before_photographs_are_decoded(
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sr.commands import train

    monkeypatch.setattr(train, "load_data", None)
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    monkeypatch.setattr("sr.metrics.downloads.ANSWER_SECONDS", 0.01)
    for settings, said in (
        (["--set", "content=vgg16_53", "--set", "content_weight=1"], "no vgg16 features"),
        (["--validate", str(tmp_path / "nothing")], "no such folder"),
        (["--set", f"initial={tmp_path / 'none.safetensors'}"], "no such weights file"),
    ):
        assert main([*command, *settings]) == 2
        assert said in capsys.readouterr().err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main([*command, "--tracker", "mlflow"]) == 2
    assert "mlflow is not installed" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_minutes_are_those_of_the_clock_with_reading_and_validation(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = Validation.measure

    def slow(self: Validation, model: object) -> object:
        time.sleep(0.6)
        return measure(self, model)  # type: ignore[arg-type]

    monkeypatch.setattr(Validation, "measure", slow)
    budget = ["--minutes", "0.04", "--set", "iterations=10000000"]  # 2.4 s
    assert main([*command, *budget, "--validate", str(tmp_path / "measured")]) == 0
    with (tmp_path / "run" / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["iteration"]) > 0 for row in rows] == [False, True]
    assert float(rows[0]["psnr_y"]) > 0
    assert float(rows[1]["seconds"]) < 2.2  # of updates; both validations took 1.2 s


def test_the_best_weights_are_kept_beside_the_last(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = iter([30.0, 29.0, 31.0])
    monkeypatch.setattr(Validation, "measure", lambda *_: ({"psnr_y": next(results)}, {}))
    measured = [*command, "--validate", str(tmp_path / "measured")]
    best = tmp_path / "run" / "srresnet_x4-best.safetensors"
    for iterations, kept in ((2, 2), (4, 2), (6, 6)):
        more = ["--resume"] if iterations > 2 else []
        assert main([*measured, *more, "--set", f"iterations={iterations}"]) == 0
        assert read_header(best)["about"]["iterations"] == kept


def test_a_set_is_validated_on_with_its_own_low_resolution_images(tmp_path: Path) -> None:
    pixels = photo(tmp_path / "Set5" / "a.png")
    own = 255 - matlab_bicubic(pixels, 1 / 4)
    save_png(tmp_path / "Set5_LRbicx4" / "a.png", Photo(own))
    validation = Validation(tmp_path / "Set5", scale=4)
    assert np.array_equal(validation.pairs[0][0], own)
    assert "Set5_LRbicx4" in validation.title
    (tmp_path / "Set5_LRbicx4" / "a.png").unlink()
    photo(tmp_path / "Set5_LRbicx4" / "a.png", side=3)
    with pytest.raises(DataError, match="no image that can be validated on"):
        Validation(tmp_path / "Set5", scale=4)


def test_of_a_large_set_a_part_is_enough(tmp_path: Path) -> None:
    for number in range(MOST_IMAGES + 4):
        photo(tmp_path / "many" / f"{number:02}.png", side=16)
    validation = Validation(tmp_path / "many", scale=4)
    assert len(validation.pairs) == MOST_IMAGES
    assert validation.names[:3] == ["00", "01", "02"]
    assert validation.names[-1] == f"{MOST_IMAGES + 2}"
    assert Validation(tmp_path / "many", scale=4, most=2).names == ["00", "18"]


def test_validation_on_training_images_and_on_copies_is_said(
    command: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copied = (tmp_path / "photos" / "0.png").read_bytes()
    (tmp_path / "measured" / "copy.png").write_bytes(copied)
    assert main([*command, "--validate", str(tmp_path / "measured")]) == 0
    assert "1 of the 2 images of --validate are trained on" in caplog.text


def test_voc_without_a_test_part_is_trained_on_beside_what_is_validated_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    voc = tmp_path / "VOC2012"
    for name in "abcd":
        photo(voc / "JPEGImages" / f"{name}.png", seed=ord(name))
    (voc / "ImageSets" / "Main").mkdir(parents=True)
    (voc / "ImageSets" / "Main" / "train.txt").write_text("a\nb\n")
    (voc / "ImageSets" / "Main" / "val.txt").write_text("c\n")
    command = ["train", "srresnet_smoke", "--data", str(voc), "--output", str(tmp_path / "run")]
    assert main([*command, "--validate", str(voc)]) == 0
    about = read_header(tmp_path / "run" / "srresnet_x4.safetensors")["about"]
    assert (about["data"], about["images"]) == ("VOC2012 (train)", 2)
    assert about["validation"].startswith("VOC2012 x4, 1 of 1 images, val")
    assert "are trained on" not in caplog.text

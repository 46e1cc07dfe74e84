"""Weights in `weights/`: the manifest tells the truth, and a changed file is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sr.base.errors import WeightsError
from sr.commands.cli import main
from sr.models import registry as models
from sr.models import release
from sr.models.entries.shipped import MODELS
from sr.models.files.weights_file import read_header, save_model
from sr.models.registry import list_models, read_manifest, verified_weights
from sr.training.initial import build_generator
from sr.training.recipes import SRRESNET_SMOKE
from sr.training.settings import override


@pytest.mark.parametrize("name", [name for name, info in MODELS.items() if info.weights])
def test_the_manifest_tells_the_truth_about_the_weights_that_ship(name: str) -> None:
    entry = read_manifest()[name]
    path = verified_weights(name)
    header = read_header(path)
    assert header["name"] == name
    assert header["config"] == entry["config"]
    assert entry["departures"] == MODELS[name].departures
    for key in ("licence", "data", "data_licence", "iterations", "seed", "metrics"):
        assert entry[key] not in ("", None, {}), key


def test_listed_models_carry_the_manifests_facts() -> None:
    by_name = {info.name: info for info in list_models()}
    assert by_name["srresnet_x4"].parameters == 1_545_238
    assert by_name["srgan_x4"].metrics["Set5"]["lpips_alex"] > 0
    assert by_name["bicubic"].parameters == 0


@pytest.fixture
def weights_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(models, "WEIGHTS_DIR", tmp_path)
    monkeypatch.setattr(release, "WEIGHTS_DIR", tmp_path)
    models.read_manifest.cache_clear()
    yield tmp_path
    models.read_manifest.cache_clear()


def test_release_writes_weights_manifest_and_metrics(
    weights_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = weights_dir / "run" / "srresnet_x4.safetensors"
    about = {"iterations": 3, "seconds": 1.5, "seed": 0, "training": {}}
    save_model(source, build_generator(SRRESNET_SMOKE), name="srresnet_x4", about=about)
    table = weights_dir / "table.csv"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    rows = (
        "dataset,model,images,psnr_y,ssim_y,lpips_alex,seconds,weights_sha256\n"
        "Set5,bicubic,5,28.43,0.811,0.34,0.1,\n"
        f"Set5,srresnet_x4,5,31.2,0.88,,0.5,{digest}\n"
        "Set5,srresnet_x4 (VOC2012),5,30.1,0.86,,0.5,ab\n"  # a file given by hand: not what ships
    )
    table.write_text(rows)
    words = ["--data", "three photographs", "--data-licence", "CC0"]
    assert main(["release", str(source), *words, "--metrics", str(table)]) == 0
    entry = json.loads((weights_dir / "manifest.json").read_text())["models"]["srresnet_x4"]
    written = (weights_dir / "srresnet_x4.safetensors").read_bytes()
    assert entry["sha256"] == hashlib.sha256(written).hexdigest()
    assert entry["metrics"] == {"Set5": {"psnr_y": 31.2, "ssim_y": 0.88}}
    assert (entry["data"], entry["data_licence"]) == ("three photographs", "CC0")
    assert entry["earlier_stages"] == []
    for other in ("0" * 64, ""):  # of a toy, or of an older program
        table.write_text(rows.replace(digest, other))
        assert main(["release", "--metrics", str(table)]) == 2
        assert "evaluate what is released" in capsys.readouterr().err
    assert verified_weights("srresnet_x4").read_bytes() == written

    (weights_dir / "srresnet_x4.safetensors").write_bytes(written[:-1] + b"x")
    with pytest.raises(WeightsError, match=r"sha256 .* is not .* of manifest\.json"):
        verified_weights("srresnet_x4")
    (weights_dir / "srresnet_x4.safetensors").unlink()
    with pytest.raises(WeightsError, match="no such weights file"):
        verified_weights("srresnet_x4")


def test_weights_of_another_scale_than_their_model_are_not_released(
    weights_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = weights_dir / "run" / "srresnet_x4.safetensors"
    model = build_generator(override(SRRESNET_SMOKE, ["name=mine", "scale=2"]))
    save_model(source, model, name="srresnet_x4", about={})
    assert main(["release", str(source), "--data", "three photographs", "--data-licence", "x"]) == 2
    assert "enlarges 2 times, srresnet_x4 4" in capsys.readouterr().err


def test_a_file_that_is_not_weights_ends_with_an_error_and_changes_nothing(
    weights_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", "three photographs", "--data-licence", "CC0"]
    (weights_dir / "manifest.json").write_text('{"models": {}}')
    broken = weights_dir / "broken.safetensors"
    broken.write_bytes(b"not safetensors at all")
    for path in (weights_dir / "none.safetensors", broken):
        assert main(["release", str(path), *words]) == 2
        assert capsys.readouterr().err.startswith(f"error: {path}")
    assert sorted(p.name for p in weights_dir.iterdir()) == [broken.name, "manifest.json"]
    assert (weights_dir / "manifest.json").read_text() == '{"models": {}}'


def test_weights_are_not_released_without_a_word_on_their_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["release", str(tmp_path / "any.safetensors")])
    assert "--data-licence" in capsys.readouterr().err

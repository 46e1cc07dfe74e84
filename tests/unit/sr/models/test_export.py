"""Models for other programs: ONNX checked against torch, and files that others can read."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sr.base.errors import WeightsError
from sr.commands.cli import main
from sr.models.export import ExportError, export
from sr.models.loading import load_named
from sr.networks.rrdb import RRDBNet
from tests.helpers import foreign_files as files

onnx = pytest.importorskip("onnx", reason="in requirements-export.txt")
onnxruntime = pytest.importorskip("onnxruntime", reason="in requirements-export.txt")


def run(path: Path, picture: torch.Tensor) -> torch.Tensor:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"lr": picture.numpy()})[0])


@pytest.mark.parametrize("name", ["srresnet_x4", "srresnet_x4~srgan_x4@0.3"])
def test_onnx_gives_torchs_pictures_of_any_size(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    difference = export(name, path)
    assert difference is not None
    assert difference < 1e-5
    network = load_named(name).network
    for batch, height, width in ((1, 31, 40), (2, 9, 5)):
        picture = torch.rand(batch, 3, height, width)
        with torch.no_grad():
            assert torch.allclose(run(path, picture), network(picture), atol=1e-5)
    facts = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert facts["name"] == name
    assert (facts["scale"], facts["licence"], facts["precision"]) == ("4", "MIT", "float32")
    assert len(facts["weights_sha256"]) == 64


def test_half_precision_is_half_as_large(tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.onnx", tmp_path / "half.onnx"
    assert main(["models", "export", "srresnet_x4", str(whole)]) == 0
    assert main(["models", "export", "srresnet_x4", str(half), "--half"]) == 0
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    picture = torch.rand(1, 3, 20, 20)
    assert torch.allclose(run(half, picture.half()).float(), run(whole, picture), atol=0.02)


def test_somebody_elses_model_becomes_onnx_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NITIDEZ_MODELS", str(tmp_path))
    files.save(tmp_path / "found.pth", files.real_esrgan(files.rrdb()))
    export("found", tmp_path / "found.onnx")
    picture = torch.rand(1, 3, 11, 17)
    with torch.no_grad():
        expected = load_named("found").network(picture)
    assert torch.allclose(run(tmp_path / "found.onnx", picture), expected, atol=1e-5)
    export("found", tmp_path / "again.pth")
    with torch.no_grad():
        assert torch.equal(load_named("again").network(picture), expected)


def test_files_of_ours_are_read_by_other_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RRDB by spandrel, with the same result; SRResNet as tensors by their names."""
    from spandrel import ModelLoader

    from sr.models.files.weights_file import save_model

    monkeypatch.setenv("NITIDEZ_MODELS", str(tmp_path / "models"))
    torch.manual_seed(0)
    network = RRDBNet(num_blocks=2, num_features=16).eval()
    network.conv_last.bias.data += 0.5
    about = {"data": "none", "training": {}}
    (tmp_path / "models").mkdir()
    save_model(tmp_path / "models" / "mine.safetensors", network, name="mine", about=about)
    export("mine", tmp_path / "mine.pth")
    picture = torch.rand(1, 3, 12, 10)
    with torch.no_grad():
        expected = network(picture).clamp(0, 1)
    found = ModelLoader().load_from_file(tmp_path / "mine.pth")
    assert found.architecture.name == "ESRGAN"
    assert torch.allclose(found(picture), expected, atol=1e-5)
    export("srresnet_x4", tmp_path / "srresnet.pth")
    state = torch.load(tmp_path / "srresnet.pth", weights_only=True)["params_ema"]
    assert set(state) == set(load_named("srresnet_x4").network.state_dict())


def test_an_rrdb_that_no_program_would_read_is_refused_as_pth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sr.models.files.foreign import load_foreign
    from sr.models.files.weights_file import save_model

    monkeypatch.setenv("NITIDEZ_MODELS", str(tmp_path))
    network = RRDBNet(num_blocks=1, num_features=16, growth=8)
    save_model(
        tmp_path / "narrow.safetensors", network, name="narrow", about={"data": "", "training": {}}
    )
    with pytest.raises(ExportError, match=r"grow by 8 channels; .* export it as \.onnx"):
        export("narrow", tmp_path / "narrow.pth")
    assert not (tmp_path / "narrow.pth").exists()
    torch.save({"params_ema": network.state_dict()}, tmp_path / "forced.pth")
    with pytest.raises(WeightsError, match="do not fit together"):  # why it is refused
        load_foreign(tmp_path / "forced.pth")


def test_what_cannot_be_exported_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there.onnx"
    there.write_bytes(b"mine")
    for words, said in (
        (["srresnet_x4", str(tmp_path / "a.txt")], "ends in .onnx or .pth"),
        (["bicubic", str(tmp_path / "a.onnx")], "a formula, not a network"),
        (["srresnet_x4", str(there)], "--force to overwrite"),
    ):
        assert main(["models", "export", *words]) == 2
        assert said in capsys.readouterr().err
    monkeypatch.setattr("sr.models.export.TOLERANCE", {False: -1.0, True: -1.0})
    assert main(["models", "export", "srresnet_x4", str(tmp_path / "a.onnx")]) == 2
    assert "ONNX differs from torch" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["there.onnx"]
    assert there.read_bytes() == b"mine"

"""Networks between two, and what such a file says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sr.commands.cli import main
from sr.models.files.weights_file import load_model, read_header, save_model
from sr.training.initial import build_generator
from sr.training.recipes import SRRESNET_SMOKE
from sr.training.settings import override


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    for seed, path in enumerate(paths):
        torch.manual_seed(seed)
        about = {"iterations": 3 + seed, "seconds": 1.0, "seed": seed, "training": {}}
        save_model(path, build_generator(SRRESNET_SMOKE), name="srresnet_x4", about=about)
    return paths


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_lies_between(files: tuple[Path, Path], tmp_path: Path, share: float) -> None:
    output = tmp_path / "new" / "mixed.safetensors"
    assert main(["mix", *map(str, files), str(output), "--share", str(share)]) == 0
    first, second, mixed = (load_model(path).state_dict() for path in (*files, output))
    for key, value in mixed.items():
        if value.is_floating_point():
            wanted = first[key] + share * (second[key] - first[key])
            assert torch.allclose(value, wanted, atol=1e-7), key
    about = read_header(output)["about"]
    assert (about["iterations"], about["mixed"]["share"]) == (4, share)
    assert about["mixed"]["first"]["seed"] == 0
    assert len(about["mixed"]["first"]["sha256"]) == 64


def test_other_networks_and_other_numbers_are_refused(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "mixed.safetensors"
    assert main(["mix", *map(str, files), str(output), "--share", "7"]) == 2
    assert "needed 0 to 1" in capsys.readouterr().err
    larger = build_generator(override(SRRESNET_SMOKE, ["num_features=32"]))
    save_model(files[0], larger, name="srresnet_x4", about={})
    assert main(["mix", *map(str, files), str(output), "--share", "0.5"]) == 2
    assert "only equal networks" in capsys.readouterr().err
    assert not output.exists()


def test_a_file_is_not_replaced_unasked_and_is_what_its_name_says(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--share", "0.5"]
    before = files[0].read_bytes()
    assert main(["mix", *map(str, files), str(files[0]), *words]) == 2
    assert "--force" in capsys.readouterr().err
    assert files[0].read_bytes() == before
    assert main(["mix", *map(str, files), str(tmp_path / "mixed.pth"), *words]) == 2
    assert "is written as .safetensors" in capsys.readouterr().err
    assert not (tmp_path / "mixed.pth").exists()
    assert main(["mix", *map(str, files), str(files[0]), *words, "--force"]) == 0
    assert files[0].read_bytes() != before

"""Files of other people's: they appear by lying in a folder, or are refused in words."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from sr.base.errors import UnknownModelError, WeightsError
from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.tensors import to_rgb, to_tensor
from sr.images.writing import save_png
from sr.inference.upscaler import get_upscaler, upscaler_from_file
from sr.models.files.community import FACTS_FILE, community, name_of
from sr.models.files.weights_file import save_model
from sr.models.loading import load_file, load_named
from sr.models.registry import known_models, list_models, model_info, models_of_scale
from sr.networks.srresnet import SRResNet
from tests.helpers import foreign_files as files

HOW = {"device": "cpu", "precision": "float32", "engine": "torch"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NITIDEZ_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def photo(height: int = 24, width: int = 20) -> Photo:
    rgb = np.random.default_rng(0).integers(60, 200, (height, width, 3))
    return Photo(rgb.astype(np.uint8))


def test_files_appear_by_themselves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = files.rrdb()
    files.save(folder / "4x Some Model.pth", files.real_esrgan(state))
    files.save(folder / "older.safetensors", files.esrgan(state))
    files.save(folder / "oldest.ckpt", {"state_dict": state})
    files.save(folder / "two.pt", files.compact(scale=2))
    names = ["4x_Some_Model", "older", "oldest", "two"]
    assert list(community().models) == names
    assert set(names) <= set(known_models())
    model = model_info("4x_Some_Model")
    assert (model.title, model.scale, model.network) == ("4x Some Model", 4, "ESRGAN")
    assert (model.origin, model.licence) == ("file", "not known")
    assert len(model.sha256) == 64
    assert "two" in [model.name for model in models_of_scale(2)]
    assert names == [model.name for model in list_models()][-4:]
    results = [get_upscaler(name, **HOW).upscale(photo()).rgb for name in names[:3]]
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])
    save_png(folder.parent / "in.png", photo())
    out = folder.parent / "out.png"
    assert main(["upscale", str(folder.parent / "in.png"), str(out), "--model", "two"]) == 0
    assert open_image(out).rgb.shape == (48, 40, 3)
    assert main(["models"]) == 0
    assert "4x_Some_Model" in capsys.readouterr().out


def test_a_file_that_is_no_longer_there_is_no_model(folder: Path) -> None:
    path = files.save(folder / "gone.pth", files.compact())
    assert model_info("gone").scale == 4
    path.unlink()
    with pytest.raises(UnknownModelError, match="no model 'gone'"):
        model_info("gone")


def test_what_is_known_of_a_file_is_found_out_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files.save(folder / "known.pth", files.compact())
    get_upscaler("known", **HOW)
    facts = json.loads((folder / FACTS_FILE).read_text())["files"]
    assert [entry["reach"][0] for entry in facts.values()] == [8]
    with monkeypatch.context() as patch:
        patch.setattr("sr.models.files.community._facts", {})  # another process
        patch.setattr("sr.models.files.community._found_out", lambda path: pytest.fail("again"))
        assert model_info("known").network == "RealESRGAN Compact"
    files.save(path, files.compact(scale=2))
    os.utime(path, ns=(1, 1))
    assert model_info("known").scale == 2


class Wants:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("/tmp/nitidez-was-here",)


def refused_files(folder: Path) -> dict[str, str]:
    """Files that are no use, and a part of what must be said of each."""
    with (folder / "pickle.pth").open("wb") as file:
        pickle.dump({"a": Wants()}, file)
    torch.save({"params": files.compact()["params"], "more": Wants()}, folder / "wants.pth")
    (folder / "text.pth").write_text("<html>not found</html>")
    (folder / "empty.ckpt").touch()
    (folder / "broken.safetensors").write_bytes(b"no")
    files.save(folder / "numbers.pth", {"iteration": 7})
    files.save(folder / "unknown.pth", {"fc.weight": torch.zeros(3, 3)})
    files.save(folder / "srgan_x4.pth", files.compact())
    cut = files.save(folder / "cut.pth", files.compact()).read_bytes()
    (folder / "cut.pth").write_bytes(cut[: len(cut) // 2])
    return {
        "pickle.pth": "only tensors are loaded",
        "wants.pth": "wants to load posix.mkdir; only tensors are loaded",
        "text.pth": "",
        "empty.ckpt": "cannot be read",
        "broken.safetensors": "not a readable safetensors file",
        "numbers.pth": "holds no network's weights",
        "unknown.pth": "of no architecture that spandrel",
        "srgan_x4.pth": "the name of a model that ships",
        "cut.pth": "cannot be read",
    }


def test_files_that_are_no_use_are_refused_in_words(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = refused_files(folder)
    files.save(folder / "good.pth", files.compact())
    found = community()
    assert list(found.models) == ["good"]
    assert set(found.refused) == set(expected)
    for name, part in expected.items():
        assert part in found.refused[name]
        assert "\n" not in found.refused[name]
    assert not Path("/tmp/nitidez-was-here").exists()
    assert main(["models"]) == 0
    said = capsys.readouterr()
    assert "wants.pth" in said.out + said.err
    with pytest.raises(WeightsError, match="wants to load posix"):
        model_info("wants")


def test_a_torchscript_program_is_not_run(folder: Path) -> None:
    scripted = torch.jit.trace(torch.nn.Conv2d(3, 3, 3), torch.rand(1, 3, 8, 8))
    for name in ("a.pt", "b.pth"):
        torch.jit.save(scripted, folder / name)
        with pytest.raises(WeightsError, match="a TorchScript program"):
            load_file(folder / name)


def test_a_file_is_taken_by_its_path_too(folder: Path) -> None:
    path = files.save(folder.parent / "elsewhere.pth", files.compact())
    upscaler = upscaler_from_file(path, **HOW)
    assert (upscaler.name, upscaler.scale) == ("elsewhere", 4)
    assert not (folder.parent / FACTS_FILE).exists()
    assert "sha256" in upscaler.text()["Nitidez-Weights"]


def test_weights_of_ours_in_the_folder_are_models_as_well(folder: Path) -> None:
    save_model(
        folder / "mine.safetensors",
        SRResNet(num_blocks=1, num_features=8, scale=2),
        name="srresnet_x2",
        about={"data": "my photos", "training": {}},
    )
    model = model_info("mine")
    assert (model.network, model.scale, model.data) == ("srresnet", 2, "my photos")
    assert get_upscaler("mine", **HOW).upscale(photo()).rgb.shape == (48, 40, 3)


@pytest.mark.parametrize("channels", [1, 4])
def test_networks_for_grey_and_for_transparency(folder: Path, channels: int) -> None:
    from spandrel import ModelLoader

    path = files.save(folder / "other.pth", files.compact(channels=channels))
    made = to_rgb(load_file(path).network(to_tensor(photo().rgb)))
    plain = ModelLoader().load_from_file(path)
    x = to_tensor(photo().rgb)
    if channels == 1:
        expected = torch.cat([plain(x[:, i : i + 1]) for i in range(3)], dim=1)
    else:
        expected = plain(torch.cat([x, torch.ones_like(x[:, :1])], dim=1))[:, :3]
    assert np.array_equal(made, to_rgb(expected))
    clear = Photo(photo().rgb, np.full((24, 20), 90, np.uint8))
    result = get_upscaler("other", **HOW).upscale(clear)
    assert result.alpha is not None
    assert (result.alpha == 90).all()


def test_networks_that_restore_keep_the_size_and_are_not_mended(folder: Path) -> None:
    from spandrel.architectures.DnCNN import DnCNN

    torch.manual_seed(0)
    network = DnCNN(in_nc=3, out_nc=3, nc=8, nb=8, act_mode="R")
    path = files.save(folder / "denoise.pth", network.state_dict())
    upscaler = get_upscaler("denoise", **HOW)
    clear = Photo(photo().rgb, np.full((24, 20), 90, np.uint8))
    result = upscaler.upscale(clear)
    assert (upscaler.scale, result.rgb.shape, result.mended_share) == (1, (24, 20, 3), 0)
    assert result.alpha is not None
    exact = load_file(path).network(to_tensor(photo().rgb))
    opaque = upscaler.upscale(photo())
    assert np.array_equal(opaque.rgb, to_rgb(exact))


def test_two_files_can_be_mixed(folder: Path) -> None:
    for seed, name in enumerate(("psnr", "gan")):
        files.save(folder / f"{name}.pth", files.real_esrgan(files.rrdb(seed=seed)))
    first, second, between = (
        load_named(name).network.state_dict() for name in ("psnr", "gan", "psnr~gan@0.25")
    )
    for key, value in between.items():
        assert torch.allclose(value, 0.75 * first[key] + 0.25 * second[key], atol=1e-6), key


def test_names_are_letters_digits_and_little_else() -> None:
    assert name_of(Path("4x_foo~bar@1 (final).pth")) == "4x_foo_bar_1_final"
    assert name_of(Path("...pth")) == "model"

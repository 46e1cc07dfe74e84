"""Models and weights files that an evaluation is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sr.base.errors import ConfigError, UnknownModelError, WeightsError
from sr.evaluation.methods import Runtime, default_models, parse_methods
from sr.evaluation.results import ImageRow, mean_row
from sr.images.photo import Photo
from sr.models.files.weights_file import save_model
from sr.models.registry import WEIGHTS_DIR
from sr.networks.srresnet import SRResNet

CPU = Runtime("cpu", "float32")


def make_weights(path: Path, *, data: str = "", name: str = "srgan_x4", scale: int = 4) -> Path:
    model = SRResNet(num_blocks=1, num_features=4, batch_norm=False, scale=scale)
    save_model(path, model, name=name, about={"data": data} if data else {})
    return path


def test_registered_models_go_by_their_names() -> None:
    (method,) = parse_methods(["bicubic", "bicubic"], CPU)
    assert (method.label, method.model, method.training_set) == ("bicubic", "bicubic", "")
    assert method.load().upscale(Photo(np.zeros((2, 3, 3), np.uint8))).rgb.shape == (8, 12, 3)


def test_a_file_is_called_after_its_training_set(tmp_path: Path) -> None:
    path = make_weights(tmp_path / "a.safetensors", data="voc2012")
    said, named = parse_methods([str(path), f"VOC 2012={path}"], CPU)
    assert (said.label, said.model, said.training_set) == (
        "srgan_x4 (voc2012)",
        "srgan_x4",
        "voc2012",
    )
    assert named.label == "srgan_x4 (VOC 2012)"
    assert named.file_name == "srgan_x4_VOC_2012"
    assert named.load().upscale(Photo(np.zeros((8, 9, 3), np.uint8))).rgb.shape == (32, 36, 3)


def test_a_path_may_hold_an_equals_sign(tmp_path: Path) -> None:
    path = make_weights(tmp_path / "learning_rate=1e-4" / "a.safetensors")
    plain, named = parse_methods([str(path), f"small={path}"], CPU)
    assert (plain.training_set, named.training_set) == ("a", "small")


def test_identity_tells_weights_and_precision_apart(tmp_path: Path) -> None:
    one, other = (make_weights(tmp_path / f"{name}.safetensors") for name in "ab")
    methods = parse_methods([str(one), str(other)], CPU)
    methods += parse_methods([str(one)], Runtime("cpu", "bfloat16"))
    assert len({method.identity for method in methods}) == 3


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("srgan4", UnknownModelError, "known: bicubic"),
        ("VOC=srgan4", UnknownModelError, "no model 'srgan4'"),
        ("none.safetensors", WeightsError, "no such weights file"),
        ("VOC=none.safetensors", WeightsError, "none.safetensors: no such weights file"),
    ],
)
def test_what_is_neither_is_refused(text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        parse_methods([text], CPU)


def test_entries_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    files = [str(make_weights(tmp_path / f / "a.safetensors", data="voc")) for f in ("x", "y")]
    with pytest.raises(ConfigError, match=r"2 methods would be called 'srgan_x4 \(voc\)'"):
        parse_methods(files, CPU)


def test_a_toy_under_a_papers_name_is_not_the_papers_network(tmp_path: Path) -> None:
    toy = str(make_weights(tmp_path / "a.safetensors", data="voc"))
    shipped = str(WEIGHTS_DIR / "srgan_x4.safetensors")
    methods = parse_methods([toy, f"own={shipped}", "srgan_x4", "bicubic"], CPU)
    found = [m.is_papers for m in methods]
    assert found == [False, True, True, True]
    assert methods[1].weights_sha256 == methods[2].weights_sha256
    assert methods[3].weights_sha256 == ""
    row = mean_row("Set5", methods[0], [image_row(methods[0].label, n) for n in range(5)])
    assert (row.paper_psnr_y, row.weights_sha256) == (None, methods[0].weights_sha256)
    row = mean_row("Set5", methods[2], [image_row(methods[2].label, n) for n in range(5)])
    assert row.paper_psnr_y == 29.4


def image_row(label: str, number: int) -> ImageRow:
    return ImageRow("Set5", label, f"{number}.png", 30.0, 0.8, None, 0.1)


def test_interpolations_follow_the_scale_of_the_networks_beside_them(tmp_path: Path) -> None:
    mine = str(make_weights(tmp_path / "a.safetensors", name="mine", scale=2))
    small = Photo(np.zeros((8, 9, 3), np.uint8))
    methods = parse_methods(["bicubic", mine], CPU)
    assert [(method.model, method.scale) for method in methods] == [("bicubic", 2), ("mine", 2)]
    assert [method.load().upscale(small).rgb.shape for method in methods] == [(16, 18, 3)] * 2
    assert [method.scale for method in parse_methods(["nearest"], CPU, scales=[8])] == [8]
    both = parse_methods(["bicubic", mine, "srresnet_x4"], CPU)
    assert [(method.model, method.scale) for method in both] == [
        ("bicubic", 2), ("mine", 2), ("bicubic", 4), ("srresnet_x4", 4)
    ]  # fmt: skip
    with pytest.raises(ConfigError, match=r"srresnet_x4 enlarges 4 times, not 2"):
        parse_methods([mine, "srresnet_x4"], CPU, scales=[2])
    with pytest.raises(ConfigError, match="bicubic enlarges 2 or 3 or 4 or 6 or 8 times, not 5"):
        parse_methods(["bicubic"], CPU, scales=[5])


def test_without_names_what_there_is_of_the_scale_is_measured() -> None:
    assert list(default_models(None)) == ["bicubic", "srresnet_x4", "srgan_x4"]
    assert list(default_models(4)) == list(default_models(None))
    assert list(default_models(3)) == ["bicubic"]

"""SRResNet in WebAssembly, run by node: it gives what torch gives, on tiles too."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from demo.static.inference import files
from sr.base.errors import ConfigError
from sr.images.tensors import to_rgb, to_tensor
from sr.models.export import ExportError
from sr.networks.registry import receptive_radius_px
from sr.networks.srresnet import SRResNet
from tests.unit.javascript.test_javascript import NODE, node_is_missing

STATIC = Path(files.__file__).parents[1]
HEIGHT, WIDTH = 37, 50
CODE = """
import fs from "node:fs";
const [folder, modules, given] = process.argv.slice(2);
const { Crew } = await import(`${modules}/inference/crew.js`);
const { SRResNet } = await import(`${modules}/inference/srresnet.js`);
const { planTiles } = await import(`${modules}/work/tiles.js`);
const { model, width, height } = JSON.parse(given);
const network = new SRResNet(model, new Uint8Array(fs.readFileSync(`${folder}/weights`)));
const module = new WebAssembly.Module(fs.readFileSync(`${folder}/module`));
const lr = { width, height, data: new Uint8Array(fs.readFileSync(`${folder}/lr`)) };
for (const tilePx of [64, 16]) {
  const size = { width: model.scale * width, height: model.scale * height };
  const out = { ...size, data: new Uint8Array(3 * size.width * size.height) };
  const tiles = planTiles(height, width, tilePx, model.radius_px);
  const bytes = Math.max(...tiles.map((tile) => network.bytesFor(network.plan(tile, tilePx))));
  network.load(await Crew.of(module, 1, bytes));
  const isFinite = tiles.every((tile) => network.enlarge(lr, tile, tilePx, out, () => {}));
  fs.writeFileSync(`${folder}/${tilePx}`, out.data);
  console.log(isFinite);
}
"""


@pytest.fixture(scope="module")
def module() -> bytes:
    pytest.importorskip("ziglang", reason="C is compiled with requirements-export.txt")
    return files.module()


def in_node(folder: Path, module: bytes, network: SRResNet, rgb: np.ndarray) -> list[str]:
    """Enlarge in node, whole and on tiles of 16 px, and say whether all numbers were finite."""
    model: dict[str, Any] = {
        "scale": network.scale,
        "factors": network.factors,
        "blocks": network.config["num_blocks"],
        "radius_px": receptive_radius_px(network),
        "strip_radius_px": network.enlarged_radius_px,
    }
    (folder / "weights").write_bytes(files.weights(network, least_halved=10**9))
    (folder / "module").write_bytes(module)
    (folder / "lr").write_bytes(rgb.tobytes())
    (folder / "run.mjs").write_text(CODE)
    given = json.dumps({"model": model, "width": rgb.shape[1], "height": rgb.shape[0]})
    command = [str(NODE), str(folder / "run.mjs"), str(folder), str(STATIC), given]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.skipif(bool(node_is_missing()), reason=node_is_missing())
@pytest.mark.parametrize(("scale", "features"), [(2, 8), (3, 24), (4, 64), (6, 16)])
def test_every_pixel_is_torchs_within_one_level(
    tmp_path: Path, module: bytes, scale: int, features: int
) -> None:
    torch.manual_seed(scale)
    network = SRResNet(
        num_blocks=2, num_features=features, scale=scale, batch_norm=False, image_skip=True
    ).eval()
    for slope in (m for m in network.modules() if isinstance(m, torch.nn.PReLU)):
        torch.nn.init.uniform_(slope.weight, -0.5, 1.5)
    torch.nn.init.uniform_(network.tail.bias, -0.1, 0.1)  # type: ignore[arg-type]
    torch.nn.init.normal_(network.upsample[0].bias, std=0.1)  # type: ignore[arg-type]
    rgb = np.random.default_rng(scale).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    with torch.inference_mode():
        expected = to_rgb(network(to_tensor(rgb))).astype(int)
    assert in_node(tmp_path, module, network, rgb) == ["true", "true"]
    for tile_px in (64, 16):
        found = np.frombuffer((tmp_path / str(tile_px)).read_bytes(), np.uint8)
        difference = np.abs(found.reshape(expected.shape) - expected)
        assert difference.max() <= 1, tile_px
        assert (difference > 0).mean() < 0.01


@pytest.mark.skipif(bool(node_is_missing()), reason=node_is_missing())
def test_numbers_that_are_not_finite_are_told(tmp_path: Path, module: bytes) -> None:
    network = SRResNet(
        num_blocks=1, num_features=8, scale=2, batch_norm=False, image_skip=True
    ).eval()
    torch.nn.init.constant_(network.tail.bias, float("nan"))  # type: ignore[arg-type]
    rgb = np.zeros((8, 8, 3), np.uint8)
    assert in_node(tmp_path, module, network, rgb) == ["false", "false"]


def test_a_missing_compiler_and_one_that_fails_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"ziglang: pip install -r requirements-export\.txt"):
        files.module()
    pytest.importorskip("ziglang", reason="C is compiled with requirements-export.txt")
    monkeypatch.undo()
    broken = tmp_path / "network.c"
    broken.write_text("int here")
    monkeypatch.setattr(files, "SOURCE", broken)
    with pytest.raises(ExportError, match=r"network\.c was not compiled: .*error"):
        files.module()


def test_networks_of_another_form_are_refused() -> None:
    for network in (
        SRResNet(num_blocks=1, batch_norm=True, image_skip=True),
        SRResNet(num_blocks=1, batch_norm=False, image_skip=False),
        SRResNet(num_blocks=1, num_features=12, batch_norm=False, image_skip=True),
        SRResNet(num_blocks=1, num_features=64, scale=3, batch_norm=False, image_skip=True),
        torch.nn.Identity(),
    ):
        with pytest.raises(ConfigError, match="without batch norm"):
            files.weights(network, least_halved=1)

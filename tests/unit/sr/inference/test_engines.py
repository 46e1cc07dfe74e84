"""Engines: which one is chosen, that they agree, stop when told to, and report to nobody."""

from __future__ import annotations

import importlib.util
import logging
import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sr.base.errors import Cancelled, ConfigError, EngineError
from sr.base.machine import has_fast_bfloat16
from sr.commands.benchmark import sample_photo
from sr.images.photo import Photo
from sr.images.tensors import to_rgb, to_tensor
from sr.inference.engines import ENGINES, chosen_engine, open_engine
from sr.inference.upscaler import get_upscaler
from sr.models.files.weights_file import load_model
from sr.models.registry import verified_weights

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[4]


def small_network() -> nn.Module:
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(), nn.Conv2d(8, 12, 3, padding=1))
    return nn.Sequential(*layers, nn.PixelShuffle(2)).eval().requires_grad_(False)


class Remembers(nn.Module):
    """What tracing breaks: its numbers depend on a size that it reads as a Python number."""

    def forward(self, lr: Tensor) -> Tensor:
        return lr * float(lr.shape[2])


def look(_: float) -> None:
    pass


def test_auto_is_openvino_on_x86_cpus_and_torch_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "AMD64")
    assert chosen_engine("auto", CPU, "float32") == "openvino"
    assert chosen_engine("torch", CPU, "float32") == "torch"
    assert chosen_engine("auto", torch.device("cuda"), "float32") == "torch"
    monkeypatch.setattr("sr.inference.engines.has_fast_bfloat16", lambda _: False)
    assert chosen_engine("auto", CPU, "bfloat16") == "torch"
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert chosen_engine("auto", CPU, "float32") == "torch"
    assert chosen_engine("openvino", CPU, "float32") == "openvino"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert chosen_engine("auto", CPU, "float32") == "torch"


def test_what_cannot_be_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="'tensorrt': needed auto, torch or openvino"):
        chosen_engine("tensorrt", CPU, "float32")
    with pytest.raises(ConfigError, match="not on cuda; take --device cpu or --engine torch"):
        chosen_engine("openvino", torch.device("cuda"), "float32")
    with pytest.raises(ConfigError, match="needed auto, torch or openvino"):
        get_upscaler("bicubic", engine="tensorrt")
    monkeypatch.setattr("sr.inference.engines.has_fast_bfloat16", lambda _: False)
    with pytest.raises(ConfigError, match="take --precision float32"):
        chosen_engine("openvino", CPU, "bfloat16")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="pip install openvino"):
        chosen_engine("openvino", CPU, "float32")


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_gives_what_the_network_gives(name: str) -> None:
    network, lr = small_network(), torch.rand(1, 3, 31, 18)
    engine = open_engine(name, [network], CPU, "float32")
    shares: list[float] = []
    made = engine.run(0, lr, look=shares.append)
    assert (made - network(lr)).abs().max() < 1e-5
    assert shares == sorted(shares)
    assert shares[-1] == 1
    kept = made.clone()
    engine.rest()
    engine.run(0, torch.rand(1, 3, 31, 18), look=look)
    assert torch.equal(made, kept)  # a result outlives the next run


def test_a_network_that_tracing_breaks_runs_by_torch(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(EngineError, match="does not give torch's results"):
        open_engine("openvino", [Remembers()], CPU, "float32")
    with caplog.at_level(logging.WARNING):
        engine = open_engine("auto", [Remembers()], CPU, "float32")
    if chosen_engine("auto", CPU, "float32") == "openvino":
        assert "torch runs it" in caplog.text
    assert engine.name == "torch"
    lr = torch.rand(1, 3, 5, 5)
    assert torch.equal(engine.run(0, lr, look=look), 5 * lr)


@pytest.mark.parametrize("name", ENGINES)
def test_a_cancel_stops_within_a_tile_and_the_next_picture_is_right(name: str) -> None:
    upscaler = get_upscaler("srresnet_x4", device="cpu", precision="float32", engine=name)
    photo = Photo(np.random.default_rng(0).integers(90, 150, (150, 150, 3), np.uint8))
    cancel, done = threading.Event(), []

    def stop_at_once(progress: object) -> None:
        done.append(progress)
        cancel.set()

    with pytest.raises(Cancelled):
        upscaler.upscale(photo, progress=stop_at_once, cancel=cancel)
    assert len(done) == 1
    assert done[0].done < 500
    small = Photo(photo.rgb[:40, :40])
    other = get_upscaler("srresnet_x4", device="cpu", precision="float32", engine="torch")
    assert np.abs(upscaler.upscale(small).rgb.astype(int) - other.upscale(small).rgb).max() <= 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["srresnet_x4", "srgan_x4"])
def test_bfloat16_is_within_one_grey_level(name: str, engine: str) -> None:
    if engine == "openvino" and not has_fast_bfloat16(CPU):
        pytest.skip("OpenVINO has bfloat16 on CPUs with AVX512-BF16 or AMX only")
    photo = sample_photo(64)
    with torch.inference_mode():
        exact = to_rgb(load_model(verified_weights(name))(to_tensor(photo.rgb)))
    options = {"device": "cpu", "precision": "bfloat16", "engine": engine, "guard": False}
    made = get_upscaler(name, **options).upscale(photo).rgb  # type: ignore[arg-type]
    assert (np.abs(made.astype(int) - exact).max(axis=2) <= 1).mean() >= 0.999


@pytest.mark.parametrize("engine", ENGINES)
def test_the_text_names_the_engine(engine: str) -> None:
    text = get_upscaler("srresnet_x4", device="cpu", precision="float32", engine=engine).text()
    assert text["Nitidez-Engine"].startswith(f"{engine} 2")


def test_nothing_is_reported_to_anybody(tmp_path: Path) -> None:
    """With a home of its own: a report would leave an identity there and reach for the network."""
    code = (
        "import socket, sys\n"
        "def refuse(*arguments): raise SystemExit(f'reached for the network: {arguments}')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import numpy as np\n"
        "from sr.images.photo import Photo\n"
        "from sr.inference.upscaler import get_upscaler\n"
        "upscaler = get_upscaler('srresnet_x4', device='cpu', engine='openvino',"
        " precision='float32')\n"
        "upscaler.upscale(Photo(np.zeros((8, 8, 3), np.uint8)))\n"
        "import threading, openvino.tools.ovc.telemetry_utils as telemetry\n"
        "print(telemetry.tm.__name__, threading.active_count())\n"
        "print([name for name in sys.modules if name.startswith('openvino_telemetry.')])\n"
    )
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | home, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["openvino.tools.ovc.telemetry_stub 1", "[]"]
    assert not [path for path in tmp_path.rglob("*") if "intel" in path.name.lower()]

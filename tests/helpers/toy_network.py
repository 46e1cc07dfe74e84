"""A network nobody knows: all that adding one takes, a class and an entry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torch import Tensor, nn
from torch.nn import functional as F

from sr.base.files import file_sha256
from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.writing import save_png
from sr.models.entries.model import Model
from sr.models.entries.shipped import MODELS
from sr.networks.registry import NETWORKS, NetworkSpec

SCALES = (3, 6)


class Toy(nn.Module):
    """Three convolutions and a shuffle, beside the enlarged input."""

    def __init__(self, *, num_features: int = 8, scale: int = 2) -> None:
        super().__init__()
        self.config = {"num_features": num_features, "scale": scale}
        self.scale = scale
        self.head = nn.Conv2d(3, num_features, 5, padding=2)
        self.body = nn.Conv2d(num_features, num_features, 3, padding=1)
        self.tail = nn.Conv2d(num_features, 3 * scale**2, 3, padding=1)

    def forward(self, lr: Tensor) -> Tensor:
        x = F.relu(self.body(F.relu(self.head(lr))))
        return F.pixel_shuffle(self.tail(x), self.scale) + F.interpolate(
            lr, scale_factor=self.scale
        )


ENTRY = NetworkSpec(factory=Toy, scales=SCALES, receptive_radius_px=lambda config: 4)


def register_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line that adds a network."""
    monkeypatch.setitem(NETWORKS, "toy", ENTRY)


def photos(folder: Path, *, count: int = 3, height: int = 60, width: int = 72) -> Path:
    """A folder of photographs, smooth enough that no enlargement of them is wrong."""
    rng = np.random.default_rng(0)
    for index in range(count):
        small = rng.integers(60, 200, (height // 12, width // 12, 3)).astype(np.float64)
        rgb = small.repeat(12, axis=0).repeat(12, axis=1).astype(np.uint8)
        save_png(folder / f"{index}.png", Photo(rgb))
    return folder


def train(folder: Path, scale: int) -> Path:
    """A toy network trained for a few updates by the command; its weights file."""
    data = photos(folder / "photos")
    settings = ["network=toy", f"scale={scale}", f"name=toy_x{scale}", "hr_patch_px=48"]
    output = folder / f"run_x{scale}"
    arguments = ["train", "srresnet_smoke", "--data", str(data), "--output", str(output)]
    arguments += [word for setting in settings for word in ("--set", setting)]
    assert main([*arguments, "--device", "cpu", "--threads", "1"]) == 0
    return output / f"toy_x{scale}.safetensors"


def register_model(monkeypatch: pytest.MonkeyPatch, weights: Path, scale: int) -> str:
    """The entry that makes a model of trained weights."""
    model = Model(
        name=f"toy_x{scale}",
        title=f"Toy {scale}",
        scale=scale,
        description="a toy",
        network="toy",
        weights=str(weights),
        sha256=file_sha256(weights),
    )
    monkeypatch.setitem(MODELS, model.name, model)
    return model.name

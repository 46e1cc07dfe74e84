"""DISTS, against the published values and by its properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from sr.base.errors import BackboneError, ShapeError
from sr.metrics import dists as module
from sr.metrics.dists import Dists, load_dists_weights


@pytest.fixture(scope="module")
def distance(shared: Path) -> Dists:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NITIDEZ_BACKBONES", str(shared / "backbones"))
        return Dists()


def butterfly(shared: Path) -> torch.Tensor:
    rgb = np.array(Image.open(shared / "benchmark" / "Set5" / "butterfly.png").convert("RGB"))
    return torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255


def test_it_gives_what_the_published_code_gives(shared: Path, distance: Dists) -> None:
    """Frozen values of the authors' program (DISTS-pytorch 0.1) on the same features."""
    photo = butterfly(shared)
    noise = 0.1 * torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    blurred = F.avg_pool2d(photo, 3, stride=1, padding=1)
    with torch.inference_mode():
        found = [float(distance(photo, other)) for other in ((photo + noise).clamp(0, 1), blurred)]
    assert found == pytest.approx([0.2617, 0.1518], abs=1e-4)


def test_equal_pictures_have_no_distance_and_the_gradient_arrives(
    shared: Path, distance: Dists
) -> None:
    photo = butterfly(shared)[:, :, :64, :64]
    assert float(distance(photo, photo)) == pytest.approx(0, abs=1e-5)
    other = (photo * 0.9).requires_grad_()
    distance(other, photo).sum().backward()
    assert other.grad is not None
    assert float(other.grad.abs().sum()) > 0


def test_other_shapes_are_refused_in_words(distance: Dists) -> None:
    with pytest.raises(ShapeError, match="needed two of the same"):
        distance(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 31))
    with pytest.raises(ShapeError, match="8x32; needed 16x16"):
        distance(torch.rand(1, 3, 32, 8), torch.rand(1, 3, 32, 8))


def test_missing_weights_say_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackboneError, match="pip install DISTS-pytorch"):
        load_dists_weights()

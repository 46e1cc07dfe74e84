"""Arrays to tensors and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sr.images.tensors import to_rgb, to_tensor


def test_every_grey_level_comes_back() -> None:
    rgb = np.arange(256 * 3, dtype=np.uint8).reshape(16, 16, 3)
    tensor = to_tensor(rgb)
    assert tensor.shape == (1, 3, 16, 16)
    assert (float(tensor.min()), float(tensor.max())) == (0.0, 1.0)
    assert float(tensor[0, 2, 1, 5]) == pytest.approx(int(rgb[1, 5, 2]) / 255)
    assert (to_rgb(tensor) == rgb).all()


def test_what_is_out_of_range_is_cut_and_the_rest_rounded() -> None:
    values = torch.tensor([-0.5, 0.6 / 255, 1.5]).view(1, 3, 1, 1)
    assert to_rgb(values).tolist() == [[[0, 1, 255]]]

"""BT.601 luma against known values and scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.color import rgb2ycbcr

from sr.base.errors import ShapeError
from sr.images.color import luma_y


def test_luma_of_black_white_and_the_primaries() -> None:
    colours = torch.tensor([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).float()
    luma = luma_y(colours.T.reshape(1, 3, 5, 1)).flatten()
    assert luma.tolist() == pytest.approx([16, 235, 81.481, 144.553, 40.966], abs=1e-4)


def test_luma_equals_scikit_image() -> None:
    rgb = np.random.default_rng(2).random((7, 9, 3))
    luma = luma_y(torch.from_numpy(rgb).permute(2, 0, 1)[None])
    assert luma.dtype == torch.float64
    np.testing.assert_allclose(luma[0, 0].numpy(), rgb2ycbcr(rgb)[..., 0], atol=1e-10)


@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 1, 4, 4), (1, 4, 4, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"needed \(N, 3, H, W\)"):
        luma_y(torch.zeros(shape))

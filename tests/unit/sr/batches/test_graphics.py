"""Pictures made by code, for training and for measuring."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sr.batches.drawing import KINDS, draw_graphic
from sr.batches.graphics import graphic_pair, graphics_set, with_graphics
from sr.images.resize import matlab_bicubic


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_the_same_again_and_differs_by_seed(kind: str) -> None:
    first, again = (draw_graphic(96, np.random.default_rng(3), kind) for _ in range(2))
    assert first.shape == (96, 96, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    others = [draw_graphic(96, np.random.default_rng(seed), kind) for seed in range(4, 8)]
    assert any(not np.array_equal(first, other) for other in others)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_large_image_of_a_pair_reduced_is_the_small_one(scale: int) -> None:
    misses = []
    for seed in range(40):
        lr, hr = graphic_pair(24, scale, np.random.default_rng(seed))
        assert lr.shape == (24, 24, 3)
        assert hr.shape == (24 * scale, 24 * scale, 3)
        back = matlab_bicubic(hr, 1 / scale).astype(int)
        inside = slice(4, -4)  # the picture went on beyond its cut
        misses.append(np.abs(back - lr)[inside, inside].mean())
    assert np.median(misses) < 0.5
    assert max(misses) < 25


def test_graphics_take_the_place_of_a_share_of_the_crops() -> None:
    changed = 0
    for seed in range(20):
        lr, hr = torch.full((8, 3, 12, 12), 0.5), torch.full((8, 3, 48, 48), 0.5)
        generator = torch.Generator().manual_seed(seed)
        new_lr, new_hr = with_graphics(lr, hr, share=0.25, generator=generator)
        changed += int((new_lr != lr).flatten(1).any(dim=1).sum())
        assert (lr == 0.5).all()
        for tensor in (new_lr, new_hr):
            assert 0 <= float(tensor.min()) <= float(tensor.max()) <= 1
    assert 0.15 < changed / (20 * 8) < 0.35


def test_processes_make_the_graphics_of_the_whole_batch() -> None:
    generators = [torch.Generator().manual_seed(4) for _ in range(3)]
    lr, hr = torch.full((8, 3, 12, 12), 0.5), torch.full((8, 3, 48, 48), 0.5)
    whole = with_graphics(lr, hr, share=0.5, generator=generators[0])
    parts = [
        with_graphics(lr[:4], hr[:4], share=0.5, generator=generators[1 + part], part=(part, 2))
        for part in (0, 1)
    ]
    for together, *apart in zip(whole, *parts, strict=True):
        assert torch.equal(together, torch.cat(apart))


def test_the_fixed_set_has_every_kind_equally_often() -> None:
    made = dict(graphics_set(20, side=64))
    kinds = [name.split("_", 1)[1] for name in made]
    assert len(made) == 20
    assert all(kinds.count(kind) == 2 for kind in KINDS)

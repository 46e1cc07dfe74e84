"""Pictures made by code in training, and a fixed set of them.

Photographs hold little of what people upload besides them. A network that never met a black square
on pure red may fill it with noise, so training mixes drawn pictures in, and `graphics_set` measures
what a network does to them. All are seeded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from sr.base.machine import sent
from sr.batches.chance import chosen_crops
from sr.batches.drawing import KINDS, draw_graphic
from sr.images.resize import matlab_bicubic
from sr.images.tensors import to_tensor

MARGIN_PX = 16  # high-resolution pixels drawn around a crop and cut, so that edges are ordinary
BICUBIC_SHARE = 0.7  # of the small images that are reduced as photographs are


def with_graphics(
    lr: Tensor,
    hr: Tensor,
    *,
    share: float,
    generator: torch.Generator,
    part: tuple[int, int] = (0, 1),
) -> tuple[Tensor, Tensor]:
    """Put graphics in the place of some crops of a batch, or of one process's part of it.

    Args:
        lr: (N, 3, p, p) in [0, 1].
        hr: (N, 3, s p, s p) in [0, 1].
        share: of the crops that are replaced, each by chance.
        generator: of the CPU, in the same state in every process.
        part: which part of the batch this is, and of how many.

    Returns:
        Both again.
    """
    chosen = chosen_crops(lr.shape[0], share, generator, part)
    if not chosen:
        return lr, hr
    lr, hr = lr.clone(), hr.clone()
    side, scale = lr.shape[2], hr.shape[2] // lr.shape[2]
    for crop, seed in chosen:
        small, large = graphic_pair(side, scale, np.random.default_rng(seed))
        for batch, image in ((lr, small), (hr, large)):
            batch[crop] = sent(to_tensor(image)[0].contiguous(), batch.device)
    return lr, hr


def graphic_pair(lr_px: int, scale: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A graphic at both resolutions.

    Most are reduced by bicubic, as the photographs are. Some small images are drawn as programs
    draw them: every pixel the mean of its block, or one of its pixels. Their large image is
    corrected by what bicubic reduction would not give back, so that one rule holds for all: the
    large image, reduced, is the small one.

    Returns:
        (p, p, 3) and (s p, s p, 3) uint8.
    """
    margin = math.ceil(MARGIN_PX / scale)
    hr = draw_graphic(scale * (lr_px + 2 * margin), rng)
    lr = matlab_bicubic(hr, 1 / scale)
    way = rng.random()
    if way > BICUBIC_SHARE:
        blocks = hr.reshape(lr.shape[0], scale, lr.shape[1], scale, 3)
        is_mean = way < (1 + BICUBIC_SHARE) / 2
        drawn = (
            np.rint(blocks.mean(axis=(1, 3))) if is_mean else blocks[:, scale // 2, :, scale // 2]
        )
        hr = _giving_back(hr, lr, drawn.astype(np.uint8), scale)
        lr = drawn.astype(np.uint8)
    inside = slice(margin, margin + lr_px)
    large = slice(scale * margin, scale * (margin + lr_px))
    return lr[inside, inside].copy(), hr[large, large].copy()


def _giving_back(hr: np.ndarray, reduced: np.ndarray, wanted: np.ndarray, scale: int) -> np.ndarray:
    """`hr`, which reduces to `reduced`, corrected so that it reduces to about `wanted`."""
    missing = wanted.astype(np.float64) - reduced
    halved = np.rint(128 + missing / 2).clip(0, 255).astype(np.uint8)  # bicubic takes uint8
    correction = 2 * (matlab_bicubic(halved, scale).astype(np.float64) - 128)
    return np.clip(hr + correction, 0, 255).round().astype(np.uint8)


def graphics_set(
    count: int, *, side: int = 256, seed: int = 100
) -> Iterator[tuple[str, np.ndarray]]:
    """A fixed set: names and pictures (side, side, 3) uint8, every kind equally often."""
    kinds = list(KINDS)
    for index in range(count):
        kind = kinds[index % len(kinds)]
        yield f"{index:04}_{kind}", draw_graphic(side, np.random.default_rng(seed + index), kind)

"""Patterns as fine as pixels, mixed into training so that no input makes a network run away.

Bicubic reduction leaves nothing near the highest frequency, so a network without batch norm never
meets a checkerboard, a dithered screenshot or noise, and may answer with numbers without bounds.
What such an input should become is not known; that it stays near its interpolation is enough.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sr.base.machine import sent
from sr.batches.chance import chosen_crops

FULL_CONTRAST_SHARE = 0.5  # of the patterns that are black and white, the hardest to bear


def with_patterns(
    lr: Tensor,
    hr: Tensor,
    *,
    share: float,
    generator: torch.Generator,
    part: tuple[int, int] = (0, 1),
) -> tuple[Tensor, Tensor]:
    """Mix patterns into some crops of a batch, or of one process's part of it.

    Args:
        lr: (N, 3, p, p) in [0, 1].
        hr: (N, 3, s p, s p) in [0, 1].
        share: of the crops that are changed, each by chance.
        generator: of the CPU, in the same state in every process.
        part: which part of the batch this is, and of how many.

    Returns:
        Both again. A chosen crop is mixed with a pattern, its HR with the pattern's bicubic
        interpolation, in the same proportion.
    """
    chosen = chosen_crops(lr.shape[0], share, generator, part)
    if not chosen:
        return lr, hr
    lr, hr = lr.clone(), hr.clone()
    side, scale = lr.shape[2], hr.shape[2] // lr.shape[2]
    for crop, seed in chosen:
        own = torch.Generator().manual_seed(seed)
        weight = sent(pattern(side, own), lr.device)
        colours = torch.rand(2, 3, 1, 1, generator=own)
        alpha = float(torch.rand((), generator=own)) ** 0.5
        if float(torch.rand((), generator=own)) < FULL_CONTRAST_SHARE:
            colours = colours.new_tensor([0.0, 1.0])[:, None, None, None].expand(2, 3, 1, 1)
        colours = sent(colours, lr.device)
        image = colours[0] * weight + colours[1] * (1 - weight)
        large = F.interpolate(image[None], scale_factor=scale, mode="bicubic")[0].clamp(0, 1)
        lr[crop] = alpha * image + (1 - alpha) * lr[crop]
        hr[crop] = alpha * large + (1 - alpha) * hr[crop]
    return lr, hr


def pattern(side: int, generator: torch.Generator) -> Tensor:
    """(1 or 3, side, side) in [0, 1]: checkerboard, stripes, dither, or noise."""
    kind = int(torch.randint(0, 5, (), generator=generator))
    period = int(torch.randint(1, 4, (), generator=generator))
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    if kind == 0:
        return ((x // period + y // period) % 2)[None].float()
    if kind == 1:
        steps = torch.randint(-1, 2, (2,), generator=generator)
        return ((x * steps[0] + y * steps[1]) // period % 2)[None].float()
    if kind == 2:
        level = torch.rand((), generator=generator)
        return (torch.rand(1, side, side, generator=generator) < level).float()
    channels = 1 if kind == 3 else 3
    return torch.rand(channels, side, side, generator=generator)

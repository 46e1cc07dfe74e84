"""One batch of training: crops of photographs, degraded, and pictures made by code among them."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from sr.batches.crops import CropSampler
from sr.batches.degradations import REAL_ESRGAN, degraded
from sr.batches.frames import FrameSampler
from sr.batches.graphics import with_graphics
from sr.batches.patterns import with_patterns

DegradationName = Literal["bicubic", "real_esrgan"]


def next_batch(
    data: CropSampler | FrameSampler,
    batch_size: int,
    *,
    degradation: DegradationName = "bicubic",
    pattern_share: float = 0.0,
    graphics_share: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """The next crops, the same whether one process makes them or several.

    Args:
        data: of photographs, or of frames; all chance comes from its generator.
        batch_size: of all processes together.
        degradation: how low-resolution crops are made; "bicubic" takes those of the data.
        pattern_share: of crops with patterns as fine as pixels in them.
        graphics_share: of crops that are drawn by code.

    Returns:
        LR (N, C, p, p) and HR (N, C, scale p, scale p) in [0, 1]; N is this process's part.
    """
    lr, hr = data.batch(batch_size)
    random, part = data.generator, data.share
    if degradation != "bicubic":
        lr = degraded(hr, data.scale, REAL_ESRGAN, generator=random, part=part)
    if pattern_share:
        lr, hr = with_patterns(lr, hr, share=pattern_share, generator=random, part=part)
    if graphics_share:
        lr, hr = with_graphics(lr, hr, share=graphics_share, generator=random, part=part)
    return lr, hr

"""How far a network sees, where nobody has said so: measured by cutting a picture in two.

In theory an RRDB of 23 blocks sees 350 pixels; what is so far away changes nothing that could be
seen. What counts for tiles is what a cut does: the same picture whole, and without its right half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

MOST_PX = 64  # around a tile; more costs more than it is worth
EQUAL = 1e-5  # of white: what rounding does too
VISIBLE = 1 / 510  # half a grey level
ROWS_PX, HALF_PX = 24, 128  # of the picture that is cut
WINDOW_PX = 32  # a multiple of the windows that attention works in, in all networks known here
LAYERS_HELD = 4  # of the largest layer's size, that are in memory at the same time


@dataclass(frozen=True)
class Reach:
    """What tiles need to know of a network.

    Attributes:
        radius_px: so far around itself a part depends on the picture; None: on all of it.
        bytes_per_pixel: of memory, for a low-resolution pixel, in float32.
    """

    radius_px: int | None
    bytes_per_pixel: int


def alignment_px(network: nn.Module, multiple_px: int) -> int:
    """What the edges between tiles are multiples of: its own multiple, and attention's windows."""
    has_attention = any(isinstance(m, nn.Linear | nn.LayerNorm) for m in network.modules())
    return math.lcm(multiple_px, WINDOW_PX) if has_attention else multiple_px


def fitting_px(network: nn.Module, side: int) -> int:
    """The side of the smallest picture a network takes that is no smaller than `side`.

    A network, or one inside it, says by `multiple_px` and `minimum_px` what it needs; most need
    nothing.
    """
    multiple_px, minimum_px = (
        max(int(getattr(module, name, 1)) for module in network.modules())
        for name in ("multiple_px", "minimum_px")
    )
    return multiple_px * math.ceil(max(side, minimum_px) / multiple_px)


def fitted(lr: Tensor, network: nn.Module) -> Tensor:
    """A picture mirrored beyond its right and lower edge to a size that a network takes.

    Args:
        lr: (N, C, H, W).
    """
    height, width = lr.shape[2:]
    below, beside = (fitting_px(network, side) - side for side in (height, width))
    if not below and not beside:
        return lr
    mirrored = (0, min(beside, width - 1), 0, min(below, height - 1))
    lr = nn.functional.pad(lr, mirrored, mode="reflect")
    rest = (0, beside - mirrored[1], 0, below - mirrored[3])
    return nn.functional.pad(lr, rest, mode="replicate")


def measured_reach(network: nn.Module) -> Reach:
    """Cut a picture in two and see how far from the cut the result changes.

    Args:
        network: (1, 3, H, W) to (1, 3, scale H, scale W), with `scale`; in evaluation mode.
    """
    scale = int(network.scale)  # type: ignore[arg-type]
    rows, half = (fitting_px(network, side) for side in (ROWS_PX, HALF_PX))
    picture = _picture(rows, 2 * half)
    values = [0.0]

    def note(_: nn.Module, __: object, output: object) -> None:
        if isinstance(output, Tensor):
            values.append(output.numel() / (rows * 2 * half))

    leaves = [module for module in network.modules() if not list(module.children())]
    hooks = [module.register_forward_hook(note) for module in leaves]
    try:
        with torch.inference_mode():
            whole = network(picture)[..., : scale * half]
    finally:
        for hook in hooks:
            hook.remove()
    with torch.inference_mode():
        part = network(picture[..., :half])
    changed = (whole - part).abs().amax(dim=(0, 1, 2)).view(half, scale).amax(dim=1)

    def distance(tolerance: float) -> int:
        beyond = torch.nonzero(changed > tolerance)
        return half - int(beyond[0]) if len(beyond) else 0

    radius: int | None = distance(EQUAL) + 2  # kernels of an even size see further on one side
    if radius is not None and radius > MOST_PX:
        radius = MOST_PX if distance(VISIBLE) <= MOST_PX else None
    bytes_per_pixel = math.ceil(4 * LAYERS_HELD * max(values))
    return Reach(radius, bytes_per_pixel)


def _picture(height: int, width: int) -> Tensor:
    """(1, 3, H, W) in [0, 1]: coarse and fine noise, so that every frequency is in it."""
    random = torch.Generator().manual_seed(0)
    fine = torch.rand(1, 3, height, width, generator=random)
    coarse = torch.rand(1, 3, math.ceil(height / 8), math.ceil(width / 8), generator=random)
    large = nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    return 0.5 * fine + 0.5 * large

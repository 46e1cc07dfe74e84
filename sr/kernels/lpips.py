"""The distance of LPIPS on one layer, quick on CPUs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sr.kernels.native import functions_by_dtype, in_threads

SOURCE = Path(__file__).with_suffix(".c")
CHANNELS_STEP = 16  # lpips.c takes a multiple of this many
PIXELS_A_THREAD = 1000


@lru_cache(maxsize=1)
def compiled() -> dict[torch.dtype, Callable[..., float]]:
    """The functions of lpips.c, compiled at the first call; none where that fails."""
    arguments = [ctypes.c_void_p] * 4 + [ctypes.c_int64] * 2 + [ctypes.c_float]
    return functions_by_dtype(SOURCE, "nitidez_lpips", arguments)


class _Distance(torch.autograd.Function):
    """`lpips_distance` by lpips.c, which finds the gradient together with the value."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, wanted: Tensor, head: Tensor) -> Tensor:
        order = torch.channels_last
        a, b = (t.detach().contiguous(memory_format=order) for t in (x, wanted))
        weight = head.detach().flatten().float().contiguous()
        grad = torch.empty_like(a, memory_format=order) if ctx.needs_input_grad[0] else None
        function, size, channels = compiled()[a.dtype], a.element_size(), a.shape[1]
        pixels = a.numel() // channels

        def work(first: int, last: int) -> float:
            start = size * channels * first
            return function(
                a.data_ptr() + start, b.data_ptr() + start, weight.data_ptr(),
                None if grad is None else grad.data_ptr() + start,
                last - first, channels, 1 / pixels,
            )  # fmt: skip

        total = sum(in_threads(pixels, PIXELS_A_THREAD, work))
        if grad is not None:
            ctx.save_for_backward(grad)
        return x.new_tensor(total / pixels, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (grad,) = ctx.saved_tensors
        return grad * grads[0], None, None


def distance(x: Tensor, wanted: Tensor, head: Tensor) -> Any:
    """`sr.objectives.losses.lpips_distance` in one pass; NotImplemented where lpips.c cannot."""
    fits = (
        x.device.type == "cpu"
        and wanted.dtype == x.dtype
        and wanted.shape == x.shape
        and x.shape[1] % CHANNELS_STEP == 0
        and x.dtype in compiled()
    )
    return _Distance.apply(x, wanted, head) if fits else NotImplemented  # type: ignore[no-untyped-call]

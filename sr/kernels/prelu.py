"""PReLU with one slope whose gradient is quick on CPUs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from sr.kernels.native import functions_by_dtype, in_threads

SOURCE = Path(__file__).with_suffix(".c")

NUMBERS_A_THREAD = 200_000


@lru_cache(maxsize=1)
def compiled() -> dict[torch.dtype, Callable[..., float]]:
    """The functions of prelu.c, compiled at the first call; none where that fails."""
    arguments = [ctypes.c_void_p] * 3 + [ctypes.c_int64, ctypes.c_float]
    return functions_by_dtype(SOURCE, "nitidez_prelu", arguments)


class _Prelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return F.leaky_relu(x, float(slope))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        x, slope = ctx.saved_tensors
        grad_x, grad_slope = _backward(x, grads[0], float(slope))
        return grad_x, grad_slope.to(slope.dtype).reshape(slope.shape)


def _backward(x: Tensor, grad: Tensor, slope: float) -> tuple[Tensor, Tensor]:
    """The gradients of x and of the slope."""
    native = compiled().get(x.dtype)
    to = torch.empty_like(x)  # dense, in x's order where x is dense
    if native is None or grad.dtype != x.dtype or to.stride() != x.stride():
        grad_x = torch.ops.aten.leaky_relu_backward(grad, x, slope, False)
        return grad_x, (x.clamp(max=0) * grad).sum()
    if grad.stride() != x.stride():
        grad = torch.empty_like(x).copy_(grad)
    size, starts = x.element_size(), [tensor.data_ptr() for tensor in (x, grad, to)]

    def work(first: int, last: int) -> float:
        return native(*(start + size * first for start in starts), last - first, slope)

    total = sum(in_threads(x.numel(), NUMBERS_A_THREAD, work))
    return to, torch.tensor(total, dtype=torch.float64)


def prelu(input: Tensor, weight: Tensor) -> Any:
    """`torch.prelu` with one slope, same values, for what learns on a CPU; else NotImplemented.

    torch's own gradient is not vectorised on CPUs: it took 30 % of an update of SRResNet there.
    With a C compiler it is one pass over memory (`prelu.c`), else a few of torch's operations.
    """
    if input.device.type != "cpu" or weight.numel() != 1 or not torch.is_grad_enabled():
        return NotImplemented
    return _Prelu.apply(input, weight)  # type: ignore[no-untyped-call]

"""Convolutions by Winograd's algorithm in the place of torch's: gradients, operations, fit."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import conv_flop_count, register_flop_formula

from sr.kernels.tiles import CHANNELS_STEP, TAPS, kernels, winograd, winograd_weight

# Registered with torch so that FlopCounterMode sees them; torch.library.custom_op would do the same
# and its gradients too, at a cost in Python that small convolutions feel.
_library = torch.library.Library("nitidez", "DEF")
_library.define("winograd(Tensor x, Tensor weight, Tensor? bias, bool turned) -> Tensor")
_library.define("winograd_weight(Tensor x, Tensor grad, int taps) -> Tensor")
_library.impl("winograd", winograd, "CPU")
_library.impl("winograd_weight", winograd_weight, "CPU")


class _Winograd(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        y: Tensor = torch.ops.nitidez.winograd(x, weight, bias, False)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        (grad,) = grads
        wants_x, wants_weight, wants_bias = ctx.needs_input_grad
        return (
            torch.ops.nitidez.winograd(grad, weight, None, True) if wants_x else None,
            torch.ops.nitidez.winograd_weight(x, grad, weight.shape[2]) if wants_weight else None,
            grad.sum((0, 2, 3)).float() if wants_bias else None,
        )


@register_flop_formula(torch.ops.nitidez.winograd)
def _flops(x: Any, weight: Any, bias: Any, turned: bool, *, out_shape: Any, **_: Any) -> int:
    """As of the direct convolution, so that rates compare."""
    out, inner, *taps = weight
    return conv_flop_count(
        list(x), [inner, out, *taps] if turned else list(weight), list(out_shape)
    )


@register_flop_formula(torch.ops.nitidez.winograd_weight)
def _weight_flops(x: Any, grad: Any, taps: int, *, out_shape: Any, **_: Any) -> int:
    return conv_flop_count(list(x), list(out_shape), list(grad))


def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, *how: Any, **named: Any
) -> Any:
    """`torch.conv2d` by `winograd`, with its gradients; NotImplemented where that does not fit."""
    if not fits(input, weight, bias, *how, **named):
        return NotImplemented
    return _Winograd.apply(input.to(_compute_dtype(input)), weight, bias)  # type: ignore[no-untyped-call]


def _compute_dtype(x: Tensor) -> torch.dtype:
    """What a convolution of x is computed in: x's own dtype, or autocast's."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype


def fits(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> bool:
    """Whether `winograd` does the same as this conv2d, and faster."""
    taps = weight.shape[-1]
    dtype = _compute_dtype(input)
    return (
        input.ndim == 4
        and input.dtype in (torch.float32, dtype)
        and dtype in TAPS
        and weight.dtype == torch.float32
        and input.device.type == "cpu"
        and taps in TAPS[dtype]
        and weight.shape[-2] == taps
        and weight.shape[1] >= CHANNELS_STEP
        and _pair(stride) == (1, 1)
        and _pair(padding) == (taps // 2, taps // 2)
        and _pair(dilation) == (1, 1)
        and groups == 1
        and kernels(dtype) is not None
    )


def _pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else tuple(value)

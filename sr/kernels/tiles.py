"""Convolutions in a quarter of the multiplications, for training on CPUs.

`winograd.c` beside this file is compiled at the first use, where there is a C compiler; without
one everything works as before, slower. In float32, and in bfloat16 where the processor multiplies
that itself (AVX512-BF16) but has no unit for matrices (AMX), which is faster still.
"""

from __future__ import annotations

import ctypes
import logging
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.weak import WeakTensorKeyDictionary

from sr.kernels.native import compile_library, in_threads

logger = logging.getLogger(__name__)

SOURCE = Path(__file__).with_name("winograd.c")
CHANNELS_STEP = 16  # input channels come in multiples of this many
OUT_STEP = 32  # transformed weights are padded to multiples of this many output channels
TILES_A_THREAD = 48  # below this many tiles for each, more threads cost more than they give

# Largest difference to torch's own convolution, of the largest value, that is only rounding.
_ROUNDING = {torch.float32: 1e-3, torch.bfloat16: 0.1}
# Kernel sides that are faster than torch's own convolution.
TAPS = {torch.float32: (3, 5), torch.bfloat16: (3,)}

# Rows: the points 0, 1, -1, 2, -2 and infinity that 6x6 tiles are evaluated at.
_FACTORS = torch.tensor([1 / 4, -1 / 6, -1 / 6, 1 / 24, 1 / 24])
_POINTS = torch.tensor([0.0, 1.0, -1.0, 2.0, -2.0])


class Kernels:
    """The compiled functions of winograd.c.

    Args:
        library: what winograd.c became.
        dtype: of the images that they take and give.
    """

    def __init__(self, library: ctypes.CDLL, dtype: torch.dtype) -> None:
        self.dtype = dtype
        pointer, number = ctypes.c_void_p, ctypes.c_ssize_t
        self.scratch = library.nitidez_scratch
        self.scratch.argtypes, self.scratch.restype = [number] * 2, number
        self.filters = library.nitidez_filters
        self.filters.argtypes, self.filters.restype = [pointer] * 2 + [number] * 8, None
        self.forward = library.nitidez_forward
        self.forward.argtypes, self.forward.restype = [pointer] * 6 + [number] * 8 + [pointer], None
        self.weights = library.nitidez_weights
        self.weights.argtypes, self.weights.restype = [pointer] * 3 + [number] * 8 + [pointer], None


def compile_kernels(dtype: torch.dtype, compiler: str | None = None) -> Kernels:
    """Compile winograd.c for this processor and load it.

    Args:
        dtype: float32 or bfloat16.
        compiler: see `compile_library`.

    Raises:
        RuntimeError: no compiler, or it failed, or what it made computes something else.
    """
    options = ["-DBF16"] if dtype == torch.bfloat16 else []
    kernels = Kernels(compile_library(SOURCE, options, compiler), dtype)
    _prove(kernels)
    return kernels


def _prove(kernels: Kernels) -> None:
    """One small convolution of each kind against torch's own.

    Raises:
        RuntimeError: they differ.
    """
    random = torch.Generator().manual_seed(0)
    for taps in TAPS[kernels.dtype]:
        x = torch.randn(1, 9, 7, CHANNELS_STEP, generator=random).to(kernels.dtype)
        weight = torch.randn(5, CHANNELS_STEP, taps, taps, generator=random)
        exact = F.conv2d(x.float().permute(0, 3, 1, 2), weight, padding=taps // 2)
        difference = float((_convolve(kernels, x, weight, None) - exact).abs().max())
        if not difference < _ROUNDING[kernels.dtype] * float(exact.abs().max()):
            raise RuntimeError(f"the compiled {taps}x{taps} convolution is off by {difference:g}")


@lru_cache(maxsize=2)
def kernels(dtype: torch.dtype = torch.float32) -> Kernels | None:
    """The functions for a dtype, compiled at the first call; None where that fails, logged once."""
    name = str(dtype).removeprefix("torch.")
    if dtype == torch.bfloat16 and torch.cpu._is_amx_tile_supported():
        # measured: 66 samples a second with torch's own, which use AMX, against 32
        logger.info("convolutions in %s are torch's own: this processor has AMX", name)
        return None
    try:
        compiled = compile_kernels(dtype)
    except RuntimeError as error:
        logger.info("convolutions in %s are torch's own: %s", name, error)
        return None
    logger.info("3x3 and 5x5 convolutions in %s by sr/kernels/winograd.c", name)
    return compiled


@lru_cache(maxsize=2)
def _transform(taps: int) -> Tensor:
    """(36, taps^2): the values of a filter, row by row, at the 36 points of a tile."""
    line = torch.cat(
        [_POINTS[:, None] ** torch.arange(taps) * _FACTORS[:, None], torch.zeros(1, taps)]
    )
    line[5, taps - 1] = 1.0
    return torch.einsum("ak,bl->abkl", line, line).reshape(36, taps * taps)


_kept = WeakTensorKeyDictionary()  # frozen weight: {(dtype, turned): (its state, filters)}


def _filters(kernels: Kernels, weight: Tensor, *, turned: bool) -> Tensor:
    """`_transformed`; of weights that do not learn it is kept, until they change or are gone."""
    if weight.requires_grad:
        return _transformed(kernels, weight, turned=turned)
    kept = _kept.setdefault(weight, {})
    state = (weight.data_ptr(), weight._version)
    at, filters = kept.get((kernels.dtype, turned), (None, None))
    if at != state:
        filters = _transformed(kernels, weight, turned=turned)
        kept[kernels.dtype, turned] = (state, filters)
    assert isinstance(filters, Tensor)
    return filters


def _transformed(kernels: Kernels, weight: Tensor, *, turned: bool) -> Tensor:
    """(O, I, k, k) to what `kernels` take: (36, I, O) with I and O rounded up.

    Args:
        turned: for the gradient of the input: I and O change places, kernels are turned over.
    """
    weight = weight.contiguous()
    out, inner, taps, _ = weight.shape
    steps = (taps * taps, inner * taps * taps)
    if turned:
        out, inner, steps = inner, out, steps[::-1]
    padded = out + -out % OUT_STEP
    inner_padded = inner + -inner % CHANNELS_STEP
    u = torch.empty(36, inner_padded, padded, dtype=kernels.dtype)
    kernels.filters(
        weight.data_ptr(), u.data_ptr(), inner, inner_padded, out, padded, *steps, turned, taps
    )
    return u


def _tiles(shape: torch.Size, taps: int) -> int:
    images, height, width, _ = shape
    step = 7 - taps
    return images * -(-height // step) * -(-width // step)


def _convolve(
    kernels: Kernels, x: Tensor, weight: Tensor, bias: Tensor | None, *, turned: bool = False
) -> Tensor:
    """(N, H, W, I) contiguous, (O, I, k, k), (O,) or None to (N, O, H, W) in channels_last."""
    images, height, width, inner = x.shape
    out, taps = weight.shape[1 if turned else 0], weight.shape[2]
    u = _filters(kernels, weight, turned=turned)
    padded = u.shape[2]
    added = bias if bias is None or padded == out else F.pad(bias, (0, padded - out))
    y = torch.empty(
        images, out, height, width, dtype=x.dtype, memory_format=torch.channels_last
    )  # no view of something else: what follows may work in place

    def work(first: int, last: int) -> None:
        scratch = torch.empty(kernels.scratch(inner, padded))
        kernels.forward(
            x.data_ptr(), u.data_ptr(), None if added is None else added.data_ptr(),
            None, None, y.data_ptr(),
            height, width, inner, out, padded, taps, first, last, scratch.data_ptr(),
        )  # fmt: skip

    in_threads(_tiles(x.shape, taps), TILES_A_THREAD, work)
    return y


def _channels_last(x: Tensor) -> Tensor:
    """(N, C, H, W) to contiguous (N, H, W, C), C rounded up to what the kernels take."""
    x = x.permute(0, 2, 3, 1)
    missing = -x.shape[3] % CHANNELS_STEP
    return (F.pad(x, (0, missing)) if missing else x).contiguous()


def winograd(x: Tensor, weight: Tensor, bias: Tensor | None, turned: bool = False) -> Tensor:
    """conv2d with "same" zero padding, equal to torch's up to rounding; without a gradient.

    Args:
        x: (N, I, H, W) float32 or bfloat16.
        weight: (O, I, k, k) float32, k 3 or 5.
        bias: (O,) float32 or None.
        turned: convolve with the weight whose I and O change places and whose kernels are turned
            over, as the gradient of x is (then x has O channels and the result I).

    Returns:
        (N, O, H, W) of x's dtype, in channels_last.

    Source: Lavin and Gray 2016, arXiv:1509.09308.
    """
    compiled = kernels(x.dtype)
    assert compiled is not None
    return _convolve(compiled, _channels_last(x), weight, bias, turned=turned)


def winograd_weight(x: Tensor, grad: Tensor, taps: int) -> Tensor:
    """The gradient of `winograd`'s weight from its input (N, I, H, W) and output's (N, O, H, W)."""
    compiled = kernels(x.dtype)
    assert compiled is not None
    read, dy = _channels_last(x), grad.permute(0, 2, 3, 1).contiguous()
    (_, height, width, inner), out = read.shape, dy.shape[3]
    padded = out + -out % OUT_STEP

    def work(first: int, last: int) -> Tensor:
        part = torch.zeros(36, inner, padded)
        scratch = torch.empty(compiled.scratch(inner, padded))
        compiled.weights(
            read.data_ptr(), dy.data_ptr(), part.data_ptr(),
            height, width, inner, out, padded, taps, first, last, scratch.data_ptr(),
        )  # fmt: skip
        return part

    parts = in_threads(_tiles(read.shape, taps), TILES_A_THREAD, work)
    total = parts[0] if len(parts) == 1 else torch.stack(parts).sum(dim=0)
    inner = x.shape[1]
    flat = _transform(taps).T @ total[:, :inner, :out].reshape(36, inner * out)
    return flat.view(taps, taps, inner, out).permute(3, 2, 0, 1).contiguous()

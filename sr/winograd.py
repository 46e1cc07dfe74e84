"""Convolutions in a quarter of the multiplications, for training on CPUs that have only float32.

`winograd.c` beside this file is compiled at the first use, where there is a C compiler; without
one everything works as before, slower.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import conv_flop_count, register_flop_formula

logger = logging.getLogger(__name__)

SOURCE = Path(__file__).with_suffix(".c")
CHANNELS_STEP = 16  # input channels come in multiples of this many
OUT_STEP = 32  # transformed weights are padded to multiples of this many output channels
COMPILE_SECONDS = 120
TILES_A_THREAD = 48  # below this many tiles for each, more threads cost more than they give

# Rows: the points 0, 1, -1, 2, -2 and infinity that 6x6 tiles are evaluated at.
_FACTORS = torch.tensor([1 / 4, -1 / 6, -1 / 6, 1 / 24, 1 / 24])
_POINTS = torch.tensor([0.0, 1.0, -1.0, 2.0, -2.0])


class Kernels:
    """The compiled functions of winograd.c.

    Raises:
        OSError: the library cannot be loaded.
    """

    def __init__(self, path: Path) -> None:
        library = ctypes.CDLL(str(path))
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        self.scratch = library.nitidez_scratch
        self.scratch.argtypes, self.scratch.restype = [number] * 2, number
        self.forward = library.nitidez_forward
        self.forward.argtypes, self.forward.restype = [pointer] * 4 + [number] * 8 + [pointer], None
        self.weights = library.nitidez_weights
        self.weights.argtypes, self.weights.restype = [pointer] * 3 + [number] * 8 + [pointer], None


def compile_kernels(compiler: str | None = None) -> Kernels:
    """Compile winograd.c for this processor and load it.

    Args:
        compiler: a command that takes gcc's options; CC, cc, gcc or clang when None.

    Raises:
        RuntimeError: no compiler, or it failed, or what it made computes something else.
    """
    names = [compiler] if compiler else [os.environ.get("CC", ""), "cc", "gcc", "clang"]
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        raise RuntimeError(f"no C compiler ({', '.join(filter(None, names))})")
    native = ["-march=native"] if platform.machine().lower() in ("x86_64", "amd64") else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        target = Path(folder) / "winograd.so"
        command = [found, "-O3", *native, "-std=c11", "-shared", "-fPIC", str(SOURCE)]
        try:
            subprocess.run(
                [*command, "-o", str(target)],
                check=True,
                capture_output=True,
                text=True,
                timeout=COMPILE_SECONDS,
            )
            kernels = Kernels(target)
        except subprocess.CalledProcessError as error:
            last_line = (error.stderr.strip().splitlines() or [""])[-1]
            raise RuntimeError(f"{found} failed: {last_line}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RuntimeError(f"{found}: {error}") from None
    _prove(kernels)
    return kernels


def _prove(kernels: Kernels) -> None:
    """One small convolution of each kind against torch's own.

    Raises:
        RuntimeError: they differ.
    """
    random = torch.Generator().manual_seed(0)
    for taps in (3, 5):
        x = torch.randn(1, 9, 7, CHANNELS_STEP, generator=random)
        weight = torch.randn(5, CHANNELS_STEP, taps, taps, generator=random)
        wanted = F.conv2d(x.permute(0, 3, 1, 2), weight, padding=taps // 2).permute(0, 2, 3, 1)
        difference = float((_convolve(kernels, x, weight, None) - wanted).abs().max())
        if not difference < 1e-3 * float(wanted.abs().max()):
            raise RuntimeError(f"the compiled {taps}x{taps} convolution is off by {difference:g}")


@lru_cache(maxsize=1)
def kernels() -> Kernels | None:
    """The compiled functions, compiled at the first call; None where that fails, logged once."""
    try:
        compiled = compile_kernels()
    except RuntimeError as error:
        logger.info("convolutions are torch's own: %s", error)
        return None
    logger.info("3x3 and 5x5 convolutions by sr/winograd.c")
    return compiled


@lru_cache(maxsize=2)
def _transform(taps: int) -> Tensor:
    """(36, taps^2): the values of a filter, row by row, at the 36 points of a tile."""
    line = torch.cat(
        [_POINTS[:, None] ** torch.arange(taps) * _FACTORS[:, None], torch.zeros(1, taps)]
    )
    line[5, taps - 1] = 1.0
    return torch.einsum("ak,bl->abkl", line, line).reshape(36, taps * taps)


def _transformed(weight: Tensor) -> Tensor:
    """(O, I, k, k) to (36, I, O rounded up to OUT_STEP)."""
    out, inner, taps, _ = weight.shape
    points = _transform(taps) @ weight.reshape(out * inner, taps * taps).T
    points = points.view(36, out, inner).transpose(1, 2)
    return F.pad(points, (0, -out % OUT_STEP)).contiguous()


def _shared(tiles: int, work: Callable[[int, int], None]) -> None:
    """`work(first, last)` on shares of the tiles, in as many threads as torch uses."""
    threads = max(1, min(torch.get_num_threads(), tiles // TILES_A_THREAD))
    if threads == 1:
        work(0, tiles)
        return
    edges = [tiles * index // threads for index in range(threads + 1)]
    for _ in _pool(threads).map(work, edges[:-1], edges[1:]):
        pass


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "winograd")


def _tiles(shape: torch.Size, taps: int) -> int:
    images, height, width, _ = shape
    step = 7 - taps
    return images * -(-height // step) * -(-width // step)


def _convolve(kernels: Kernels, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """(N, H, W, I) contiguous, (O, I, k, k), (O,) or None to (N, H, W, O)."""
    (images, height, width, inner), (out, _, taps, _) = x.shape, weight.shape
    u = _transformed(weight)
    padded = u.shape[2]
    added = None if bias is None else F.pad(bias, (0, padded - out)).contiguous()
    y = x.new_empty(images, height, width, out)

    def work(first: int, last: int) -> None:
        scratch = torch.empty(kernels.scratch(inner, padded))
        kernels.forward(
            x.data_ptr(), u.data_ptr(), None if added is None else added.data_ptr(), y.data_ptr(),
            height, width, inner, out, padded, taps, first, last, scratch.data_ptr(),
        )  # fmt: skip

    _shared(_tiles(x.shape, taps), work)
    return y


def _channels_last(x: Tensor) -> Tensor:
    """(N, C, H, W) to contiguous (N, H, W, C), C rounded up to what the kernels take."""
    x = x.permute(0, 2, 3, 1)
    return F.pad(x, (0, -x.shape[3] % CHANNELS_STEP)).contiguous()


@torch.library.custom_op("nitidez::winograd", mutates_args=(), device_types="cpu")
def winograd(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """conv2d with "same" zero padding, equal to torch's up to rounding.

    Args:
        x: (N, I, H, W) float32.
        weight: (O, I, k, k), k 3 or 5.
        bias: (O,) or None.

    Returns:
        (N, O, H, W) in channels_last.

    Source: Lavin and Gray 2016, arXiv:1509.09308.
    """
    compiled = kernels()
    assert compiled is not None
    weight = F.pad(weight, (0, 0, 0, 0, 0, -weight.shape[1] % CHANNELS_STEP))
    return _convolve(compiled, _channels_last(x), weight, bias).permute(0, 3, 1, 2)


@torch.library.custom_op("nitidez::winograd_weight", mutates_args=(), device_types="cpu")
def winograd_weight(x: Tensor, grad: Tensor, taps: int) -> Tensor:
    """The gradient of `winograd`'s weight from its input (N, I, H, W) and output's (N, O, H, W)."""
    compiled = kernels()
    assert compiled is not None
    read, dy = _channels_last(x), grad.permute(0, 2, 3, 1).contiguous()
    (_, height, width, inner), out = read.shape, dy.shape[3]
    padded = out + -out % OUT_STEP
    parts: list[Tensor] = []

    def work(first: int, last: int) -> None:
        part = torch.zeros(36, inner, padded)
        scratch = torch.empty(compiled.scratch(inner, padded))
        compiled.weights(
            read.data_ptr(), dy.data_ptr(), part.data_ptr(),
            height, width, inner, out, padded, taps, first, last, scratch.data_ptr(),
        )  # fmt: skip
        parts.append(part)

    _shared(_tiles(read.shape, taps), work)
    total = parts[0] if len(parts) == 1 else torch.stack(parts).sum(dim=0)
    inner = x.shape[1]
    flat = _transform(taps).T @ total[:, :inner, :out].reshape(36, inner * out)
    return flat.view(taps, taps, inner, out).permute(3, 2, 0, 1).contiguous()


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor | None], output: Tensor) -> None:
    x, weight, _ = inputs
    ctx.save_for_backward(x, weight)


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    x, weight = ctx.saved_tensors
    wants_x, wants_weight, wants_bias = ctx.needs_input_grad
    turned = weight.flip(2, 3).transpose(0, 1)
    return (
        winograd(grad, turned, None) if wants_x else None,
        winograd_weight(x, grad, weight.shape[2]) if wants_weight else None,
        grad.sum((0, 2, 3)) if wants_bias else None,
    )


winograd.register_autograd(_backward, setup_context=_keep)


@register_flop_formula(torch.ops.nitidez.winograd)
def _flops(x: Any, weight: Any, bias: Any, *, out_shape: Any, **_: Any) -> int:
    """As of the direct convolution, so that rates compare."""
    return conv_flop_count(list(x), list(weight), list(out_shape))


@register_flop_formula(torch.ops.nitidez.winograd_weight)
def _weight_flops(x: Any, grad: Any, taps: int, *, out_shape: Any, **_: Any) -> int:
    return conv_flop_count(list(x), list(out_shape), list(grad))


class WinogradConvolutions(TorchFunctionMode):
    """Within `with WinogradConvolutions():` every conv2d that `fits` is done by `winograd`."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.conv2d and fits(*args, **kwargs):
            x, weight = args[:2]
            return winograd(x, weight, args[2] if len(args) > 2 else kwargs.get("bias"))
        return func(*args, **kwargs)


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
    return (
        input.ndim == 4
        and input.dtype == weight.dtype == torch.float32
        and input.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and taps in (3, 5)
        and weight.shape[-2] == taps
        and weight.shape[1] >= CHANNELS_STEP
        and _pair(stride) == (1, 1)
        and _pair(padding) == (taps // 2, taps // 2)
        and _pair(dilation) == (1, 1)
        and groups == 1
        and kernels() is not None
    )


def _pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else tuple(value)

"""The updates of a trainer, sooner: kernels on a CPU; a compiler and one graph on a GPU."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from sr.objectives.losses import lpips_distance
from sr.training.recipes import Training
from sr.training.stage import Found, Trainer

logger = logging.getLogger(__name__)

T = TypeVar("T")
Compute = Callable[[Tensor, Tensor], Found]  # from LR and HR, as Trainer.gradients

COMPILED = ("generate", "look", "compare", "judge")  # what a trainer calls in an update
COMPILE_FROM = 2_000  # iterations that repay the compiler's minutes
WARMUPS = 3  # runs before the capture, in which compilers and cuDNN settle what they will do


def compiles(option: str, config: Training, device: torch.device) -> bool:
    """Whether torch.compile is wanted: "on", "off", or "auto", where it repays its minutes."""
    if option != "auto":
        return option == "on"
    return device.type == "cuda" and config.iterations >= COMPILE_FROM


def accelerate(
    trainer: Trainer, *, compile: bool = False, cuda_graph: bool = True, kernels: bool = True
) -> Accelerated:
    """Make the updates of a trainer faster, as far as its device allows.

    Args:
        trainer: whose `compute` is replaced.
        compile: let torch.compile make the networks faster.
        cuda_graph: on a GPU, replay an update's kernels as one graph.
        kernels: on a CPU, take the kernels of `sr.kernels` for what they do faster than torch,
            unless torch.compile is to make its own.
    """
    on_gpu = trainer.device.type == "cuda"
    return Accelerated(
        trainer,
        compiler=partial(torch.compile, dynamic=False) if compile else None,
        capture=Graphed if cuda_graph and on_gpu and trainer.group.size == 1 else None,
        kernels=_kernels(trainer) if kernels and not (on_gpu or compile) else None,
    )


def _kernels(trainer: Trainer) -> AbstractContextManager[object]:
    """Convolutions, PReLU and the distance of LPIPS in C, compiled when they are first wanted."""
    from sr.kernels import lpips, prelu, winograd
    from sr.kernels.swapped import Swapped

    def tell(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        """A fused optimiser changes weights unseen by torch, but filters are kept of weights that
        are frozen at the moment, as the discriminator's are in the generator's loss.
        """
        weights = [p for group in optimizer.param_groups for p in group["params"]]
        torch.autograd.graph.increment_version(weights)

    for optimizer in trainer.optimizers:
        optimizer.register_step_post_hook(tell)
    return Swapped(
        {
            torch.conv2d: winograd.conv2d,
            torch.prelu: prelu.prelu,
            lpips_distance: lpips.distance,
        }
    )


class Accelerated:
    """In the place of `trainer.compute`: what it finds, up to rounding, sooner.

    The first full update is one whose operations are counted, with the second comes what is
    compiled and captured; whatever fails there is left out and changes nothing but speed. On a GPU
    the processor runs one update ahead: losses are told, and found not to be finite, one update
    late, and the first update tells none.

    Args:
        trainer: whose updates they are.
        compiler: makes a function faster; None leaves all as they are.
        capture: from a function and a batch for it to what does the same, replayed; or None.
        kernels: entered for every update.

    Attributes:
        flops: multiplications and additions of one update's matrix products; None before the first
            full one.
    """

    def __init__(
        self,
        trainer: Trainer,
        *,
        compiler: Callable[[Any], Any] | None = None,
        capture: Callable[[Compute, Tensor, Tensor], Compute] | None = None,
        kernels: AbstractContextManager[object] | None = None,
    ) -> None:
        self.trainer = trainer
        self.flops: float | None = None
        self._compiler, self._capture = compiler, capture
        self._kernels = kernels or nullcontext()
        self._compute = trainer.compute
        self._unread: tuple[Found, torch.cuda.Event] | None = None
        trainer.compute = self

    @property
    def is_ready(self) -> bool:
        """Whether the next update runs at full speed: operations counted, all compiled."""
        return self.flops is not None and self._compiler is None and self._capture is None

    def __call__(self, lr: Tensor, hr: Tensor) -> Found:
        """As of `Trainer.gradients`."""
        with self._kernels:
            if not self.trainer.generator_moves:
                found = self.trainer.gradients(lr, hr)
            elif self.flops is None:
                found, self.flops = count_flops(lambda: self._compute(lr, hr))
            else:
                if not self.is_ready:
                    self._prepare(lr, hr)
                found = self._compute(lr, hr)
        return self._late(found) if found.values.device.type == "cuda" else found

    def _prepare(self, lr: Tensor, hr: Tensor) -> None:
        """Compile and capture with a batch to try it on, but for what fails."""
        compiler, capture, self._compiler, self._capture = self._compiler, self._capture, None, None
        trainer = self.trainer
        if compiler is not None:
            plain = {name: getattr(trainer, name) for name in COMPILED}
            try:
                for name, function in plain.items():
                    setattr(trainer, name, function and compiler(function))
                self._compute(lr, hr)
            except Exception as error:  # compilers fail in many ways, none of which matters here
                if trainer.group.size > 1:
                    raise  # the other processes may have gone on
                logger.warning("not compiled: %s", _said(error))
                for name, function in plain.items():
                    setattr(trainer, name, function)
        if capture is not None:
            try:
                self._compute = capture(self._compute, lr, hr)
            except Exception as error:  # such as an operation that cannot be captured
                logger.warning("no CUDA graph: %s", _said(error))

    def _late(self, found: Found) -> Found:
        """What the update before this one found, so that the processor never waits for the GPU."""
        unread, event = self._unread, torch.cuda.Event()
        self._unread = Found(found.names, found.values.to("cpu", non_blocking=True)), event
        event.record()
        if unread is None:
            return Found([], torch.empty(0))
        unread[1].synchronize()
        return unread[0]


class Graphed:
    """What is computed from a batch of one shape: captured as a CUDA graph, then replayed.

    A thousand launches of small kernels become one.

    Args:
        compute: leaves gradients in parameters whose `.grad` it has set to None at its beginning.
            It must not look at a value on the device.
        lr: (N, 3, p, p), a batch to capture with; later ones need the same shape.
        hr: (N, 3, s p, s p).

    The gradients lie in the graph's own memory: leave `.grad` of every parameter in its place.
    """

    def __init__(self, compute: Compute, lr: Tensor, hr: Tensor) -> None:
        self.lr, self.hr = lr.clone(), hr.clone()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARMUPS):
                compute(self.lr, self.hr)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.found = compute(self.lr, self.hr)

    def __call__(self, lr: Tensor, hr: Tensor) -> Found:
        """What `compute` finds in another batch, overwritten by the next call."""
        self.lr.copy_(lr)
        self.hr.copy_(hr)
        self.graph.replay()
        return self.found


def count_flops(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` returns, and the multiplications and additions of its matrix products."""
    with FlopCounterMode(display=False) as counter:
        result = work()
    return result, float(counter.get_total_flops())


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"

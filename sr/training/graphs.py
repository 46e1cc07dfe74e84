"""CUDA graphs: a thousand launches of small kernels become one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result")

WARMUPS = 3  # runs before the capture, in which compilers and cuDNN settle what they will do


class GraphedUpdate(Generic[Result]):
    """What is computed from a batch of one shape, captured once, then replayed.

    Args:
        work: from LR and HR to what is wanted; leaves gradients in the parameters. It must not
            look at a value on the device.
        lr: (N, 3, p, p), a batch to capture with; later ones need the same shape.
        hr: (N, 3, s p, s p).
        clear: sets all gradients to None.

    The gradients lie in the graph's own memory: leave `.grad` of every parameter in its place.
    """

    def __init__(
        self,
        work: Callable[[Tensor, Tensor], Result],
        lr: Tensor,
        hr: Tensor,
        *,
        clear: Callable[[], None],
    ) -> None:
        self.lr, self.hr = lr.clone(), hr.clone()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARMUPS):
                clear()
                work(self.lr, self.hr)
        torch.cuda.current_stream().wait_stream(stream)
        clear()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.result = work(self.lr, self.hr)

    def __call__(self, lr: Tensor, hr: Tensor) -> Result:
        """The result for another batch, overwritten by the next call; gradients as by `work`."""
        self.lr.copy_(lr)
        self.hr.copy_(hr)
        self.graph.replay()
        return self.result

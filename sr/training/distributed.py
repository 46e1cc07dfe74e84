"""Several processes training one network: torchrun's process group, and what they agree on."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from sr.base.errors import ConfigError

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Group:
    """This process among those that train together; the first one leads and writes files.

    Attributes:
        here: how many of them share this machine.
    """

    rank: int = 0
    size: int = 1
    here: int = 1

    @property
    def is_leader(self) -> bool:
        """Does this process write the files?"""
        return self.rank == 0

    def mean(self, values: Tensor) -> Tensor:
        """The mean over the processes, the same on all of them."""
        if self.size > 1:
            dist.all_reduce(values)
            values /= self.size
        return values

    def batch_mean(self, values: Tensor) -> Tensor:
        """The mean over the joined batch of all processes; gradients pass through it."""
        mean = values.mean()
        return mean if self.size == 1 else _sum(mean) / self.size

    def from_leader(self, values: Sequence[float], device: torch.device) -> list[float]:
        """The leader's numbers, on every process."""
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=device)
        dist.broadcast(tensor, src=0)
        return [float(value) for value in tensor.tolist()]

    def gather(self, value: Any) -> list[Any]:
        """What every process has, in the order of their numbers, on all of them."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def wrap(self, module: nn.Module) -> nn.Module:
        """A module whose gradients are the mean over the processes; `module` itself when alone.

        Batch norm is computed over the joined batch, so the result is that of one process.
        """
        if self.size == 1:
            return module
        synchronise_batch_norm(module)
        known = inspect.signature(DistributedDataParallel).parameters
        newer, older = "forward_sync_buffers", "broadcast_buffers"  # since torch 2.13, before
        options: dict[str, Any] = {newer if newer in known else older: False}
        return DistributedDataParallel(module, **options)


@contextmanager
def process_group(
    device: torch.device = CPU,
) -> Iterator[tuple[Group, torch.device]]:
    """Join torchrun's processes; alone where the program was not started by torchrun.

    Yields:
        The group, and this process's device (one accelerator for each process of a machine).

    Raises:
        ConfigError: more processes than accelerators.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group(), device
        return
    rank, local_rank = (int(os.environ[name]) for name in ("RANK", "LOCAL_RANK"))
    if device.type == "cuda":
        if local_rank >= torch.cuda.device_count():
            raise ConfigError(
                f"process {local_rank} of this machine has no GPU of its own, there are "
                f"{torch.cuda.device_count()}; start as many processes (--nproc-per-node)"
            )
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Group(rank, size, int(os.environ.get("LOCAL_WORLD_SIZE", "1"))), device
    finally:
        dist.destroy_process_group()


class _SumOverProcesses(torch.autograd.Function):
    """All-reduce whose gradient is an all-reduce."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


class SynchronisedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over the batches of all processes, which must be of one size.

    In evaluation mode it is plain batch norm. `torch.nn.SyncBatchNorm` needs GPUs; this one also
    runs on CPUs, and its parameters have the same names as plain batch norm's.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) of any float type; statistics are float32."""
        if not self.training:
            return super().forward(x)
        processes = dist.get_world_size()
        wide = x.float()
        mean = _sum(wide.mean(dim=(0, 2, 3))) / processes
        centred = wide - mean[None, :, None, None]
        variance = _sum(centred.square().mean(dim=(0, 2, 3))) / processes
        count = processes * x.numel() // x.shape[1]
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            momentum = 0.1 if self.momentum is None else self.momentum
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(variance * count / max(1, count - 1), momentum)
            self.num_batches_tracked += 1
        gain = self.weight * torch.rsqrt(variance + self.eps)
        out = centred * gain[None, :, None, None] + self.bias[None, :, None, None]
        return out.to(x.dtype)


def _sum(x: Tensor) -> Tensor:
    return cast(Tensor, _SumOverProcesses.apply(x))


def synchronise_batch_norm(module: nn.Module) -> None:
    """Replace every batch norm inside a module, in place, keeping its parameters."""
    for name, child in module.named_children():
        if type(child) is nn.BatchNorm2d:
            joined = SynchronisedBatchNorm2d(
                child.num_features, eps=child.eps, momentum=child.momentum
            )
            joined.load_state_dict(child.state_dict())
            joined.weight, joined.bias = child.weight, child.bias
            joined.to(child.weight.device).train(child.training)
            setattr(module, name, joined)
        else:
            synchronise_batch_norm(child)

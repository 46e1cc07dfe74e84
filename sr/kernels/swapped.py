"""A context in which some functions are done by others: how compiled kernels get their work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch.overrides import TorchFunctionMode


class Swapped(TorchFunctionMode):
    """Within `with Swapped({function: kernel}):` a kernel does what its function was called for.

    Args:
        kernels: for functions of torch, or others that take part in torch's protocol for
            overriding them (`torch.overrides.wrap_torch_function`). A kernel takes the same
            arguments, and answers NotImplemented where the function itself is to do it.
    """

    def __init__(self, kernels: Mapping[Callable[..., Any], Callable[..., Any]]) -> None:
        super().__init__()
        self.kernels = kernels

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        kernel = self.kernels.get(func)
        result = NotImplemented if kernel is None else kernel(*args, **kwargs)
        return func(*args, **kwargs) if result is NotImplemented else result

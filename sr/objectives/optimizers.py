"""Optimisers of the generator and the schedule of their rate.

Muon: momentum whose matrix updates are made orthogonal, for the convolutions of the body.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from sr.base.errors import ConfigError


class Rates(Protocol):
    """What is asked of a training's configuration here."""

    @property
    def optimizer(self) -> str: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def schedule(self) -> str: ...
    @property
    def warmup_iterations(self) -> int: ...
    @property
    def last_layer_rate(self) -> float: ...


def orthogonalise(matrices: Tensor, *, iterations: int = 5) -> Tensor:
    """Approximately replace the singular values of each matrix by 1 (Newton-Schulz, quintic).

    Args:
        matrices: (B, R, C) float.

    Returns:
        (B, R, C), singular values within about 0.7 to 1.2.

    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    # x becomes (a + b g + c g g) x with g = x x^T again and again. The factors commute with g, so
    # they are gathered on the small square side, and x is multiplied once.
    gram = x @ x.transpose(1, 2)
    unit = torch.eye(gram.shape[1], dtype=x.dtype, device=x.device)
    product = unit.expand_as(gram)
    for _ in range(iterations):
        factor = a * unit + (b * unit + c * gram) @ gram
        product = factor @ product
        gram = factor @ gram @ factor
    x = product @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, scaled to the size of an Adam update.

    For weights of two or more dimensions; all but the first are flattened together. An update has
    root mean square 0.2 x learning rate, so rates are those of Adam. float32 throughout:
    `torch.optim.Muon` takes 2-D parameters only and iterates in bfloat16, slow on most CPUs.

    Source: Jordan et al. 2024; the scale from Liu et al. 2025, arXiv:2502.16982.
    """

    def __init__(
        self, params: Iterable[Tensor], *, learning_rate: float, momentum: float = 0.95
    ) -> None:
        super().__init__(params, {"lr": learning_rate, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient; equal shapes are batched."""
        assert closure is None, "closures are not used here"
        for group in self.param_groups:
            by_shape: dict[Any, list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in by_shape.items():
                for parameter in parameters:
                    if "momentum" not in self.state[parameter]:
                        self.state[parameter]["momentum"] = torch.zeros_like(parameter)
                gradients = [p.grad for p in parameters if p.grad is not None]
                momenta = [self.state[parameter]["momentum"] for parameter in parameters]
                torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
                updates = torch._foreach_lerp(gradients, momenta, group["momentum"])
                stacked = torch.stack([update.reshape(shape[0], -1) for update in updates])
                scale = 0.2 * max(stacked.shape[1:]) ** 0.5
                orthogonal = orthogonalise(stacked).reshape(-1, *shape).unbind()
                torch._foreach_add_(parameters, orthogonal, alpha=-group["lr"] * scale)


def hidden_convolutions(model: nn.Module) -> list[nn.Conv2d]:
    """The convolutions of 3x3 or more between the first and the last one, in the network's order.

    The first and the last touch pictures: their matrices have few rows or columns.
    """
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    return [conv for conv in convolutions[1:-1] if min(conv.kernel_size) >= 3]


def adam(
    parameters: Iterable[Tensor] | Iterable[dict[str, Any]], *, learning_rate: float
) -> torch.optim.Optimizer:
    """torch's own with its defaults, in one pass over all parameters."""
    return torch.optim.Adam(parameters, lr=learning_rate, fused=True)


def generator_optimizers(model: nn.Module, config: Rates) -> list[torch.optim.Optimizer]:
    """Adam or SGD; or Muon for the hidden convolutions and Adam at half its rate else.

    Raises:
        ConfigError: Muon for a network without such convolutions.
    """
    if config.optimizer == "sgd":
        groups = _rated(model, config)
        return [torch.optim.SGD(groups, lr=config.learning_rate, momentum=0.9, fused=True)]
    if config.optimizer == "adam":
        return [adam(_rated(model, config), learning_rate=config.learning_rate)]
    hidden = {id(conv.weight) for conv in hidden_convolutions(model)}
    matrices = [parameter for parameter in model.parameters() if id(parameter) in hidden]
    others = [parameter for parameter in model.parameters() if id(parameter) not in hidden]
    if not matrices:
        raise ConfigError(
            f"optimizer=muon: {type(model).__name__} has no convolution of 3x3 or more between its "
            "first and its last; use --set optimizer=adam"
        )
    return [
        Muon(matrices, learning_rate=config.learning_rate),
        adam(others, learning_rate=config.learning_rate / 2),
    ]


def _rated(model: nn.Module, config: Rates) -> list[dict[str, Any]]:
    """All parameters in one group, or those of the last layer, at their own rate, in a second."""
    if config.last_layer_rate == 1:
        return [{"params": [*model.parameters()]}]
    *body, last = [layer for layer in model.children() if any(True for _ in layer.parameters())]
    rate = config.learning_rate * config.last_layer_rate
    return [
        {"params": [p for layer in body for p in layer.parameters()]},
        {"params": [*last.parameters()], "lr": rate},
    ]


def learning_rate_factor(config: Rates, iteration: int, progress: float) -> float:
    """What the base rates are multiplied with."""
    warmup = min(1.0, (iteration + 1) / max(1, config.warmup_iterations))
    if config.schedule == "cosine":
        return warmup * (0.5 + 0.5 * math.cos(math.pi * min(1.0, progress)))
    if config.schedule == "step":
        return warmup * (1.0 if progress < 0.5 else 0.1)
    return warmup

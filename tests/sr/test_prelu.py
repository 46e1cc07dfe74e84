"""PReLU: torch's values and gradients, on a quicker way."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sr.models.prelu import PReLU


@pytest.mark.parametrize("shape", [(2, 5, 7, 3), (4,), ()])
@pytest.mark.parametrize("slope", [0.25, -0.5, 0.0])
def test_values_and_gradients_equal_torchs(shape: tuple[int, ...], slope: float) -> None:
    random = torch.Generator().manual_seed(1)
    start = torch.randn(shape, generator=random, dtype=torch.float64)
    grad = torch.randn(shape, generator=random, dtype=torch.float64)
    results = []
    for module in (PReLU().double(), nn.PReLU().double()):
        nn.init.constant_(module.weight, slope)
        x = start.clone().requires_grad_()
        y = module(x)
        y.backward(grad)
        assert x.grad is not None
        assert module.weight.grad is not None
        results.append((y.detach(), x.grad, module.weight.grad))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_state_is_torchs() -> None:
    module, plain = PReLU(), nn.PReLU()
    module.load_state_dict(plain.state_dict())
    assert module.state_dict().keys() == plain.state_dict().keys()


def test_without_gradients_it_is_torchs_own() -> None:
    x = torch.linspace(-1, 1, 9)
    with torch.no_grad():
        assert torch.equal(PReLU()(x), nn.PReLU()(x))

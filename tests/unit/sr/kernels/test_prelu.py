"""PReLU: torch's values and gradients, on a quicker way."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sr.kernels import prelu, tiles
from sr.kernels.swapped import Swapped


class PReLU(nn.PReLU):
    """torch's own, done by the kernel."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        with Swapped({torch.prelu: prelu.prelu}):
            y = super().forward(input)
        assert not torch.is_grad_enabled() or "_Prelu" in str(y.grad_fn)
        return y


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", ["channels last", "other gradient", "gaps", "no compiler"])
def test_gradients_of_images_are_right_in_every_layout(
    dtype: torch.dtype, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if layout == "no compiler":
        monkeypatch.setattr(prelu, "compiled", dict)
    random = torch.Generator().manual_seed(2)
    start, grad = torch.randn(2, 3, 61, 7, 5, generator=random).to(dtype).unbind()
    if layout == "gaps":
        start = start[:, :, :, 1::2]
        grad = grad[:, :, :, 1::2]
    else:
        start = start.contiguous(memory_format=torch.channels_last)
        if layout != "other gradient":
            grad = grad.contiguous(memory_format=torch.channels_last)
    module = PReLU()
    x = start.detach().requires_grad_()
    module(x).backward(grad)
    exact_module = nn.PReLU().double()
    exact = start.double().detach().requires_grad_()
    exact_module(exact).backward(grad.double())
    assert x.grad is not None
    assert exact.grad is not None
    assert module.weight.grad is not None
    assert exact_module.weight.grad is not None
    assert torch.equal(x.grad, exact.grad.to(dtype))
    loose = {"rtol": 0.05, "atol": 0.1} if dtype == torch.bfloat16 else {"rtol": 1e-4, "atol": 1e-4}
    torch.testing.assert_close(
        module.weight.grad, exact_module.weight.grad.float(), rtol=loose["rtol"], atol=loose["atol"]
    )


def test_a_compiler_is_used_where_there_is_one() -> None:
    if tiles.kernels() is None:
        pytest.skip("no C compiler")
    assert set(prelu.compiled()) == {torch.float32, torch.bfloat16}


def test_state_is_torchs() -> None:
    module, plain = PReLU(), nn.PReLU()
    module.load_state_dict(plain.state_dict())
    assert module.state_dict().keys() == plain.state_dict().keys()


def test_without_gradients_it_is_torchs_own() -> None:
    x = torch.linspace(-1, 1, 9)
    with torch.no_grad():
        assert torch.equal(PReLU()(x), nn.PReLU()(x))
        assert prelu.prelu(x, nn.PReLU().weight) is NotImplemented


def test_a_slope_for_each_channel_is_torchs_own() -> None:
    x, module = torch.randn(2, 3, 4), nn.PReLU(num_parameters=3)
    with Swapped({torch.prelu: prelu.prelu}):
        y = module(x)
    assert "_Prelu" not in str(y.grad_fn)
    assert torch.equal(y, module(x))

"""The distance of LPIPS in one pass is that of torch's many operations."""

from __future__ import annotations

import pytest
import torch

from sr.kernels import lpips
from sr.kernels.swapped import Swapped
from sr.objectives.losses import lpips_distance


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_the_distance_of_a_layer_in_one_pass_is_that_of_float64(
    dtype: torch.dtype, threads: int, layout: torch.memory_format, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not lpips.compiled():
        pytest.skip("no C compiler")
    monkeypatch.setattr(lpips, "PIXELS_A_THREAD", 5)
    random = torch.Generator().manual_seed(3)
    x, wanted = torch.randn(2, 3, 64, 5, 7, generator=random).relu().to(dtype).unbind()
    wanted[0, :, 2, 3] = 0  # a pixel that no feature sees
    x, wanted = (t.contiguous(memory_format=layout) for t in (x, wanted))
    head = torch.rand(1, 64, 1, 1, generator=random)
    exact_x = x.double().requires_grad_()
    a, b = (
        t / (t.square().sum(dim=1, keepdim=True) + 1e-10).sqrt() for t in (exact_x, wanted.double())
    )
    exact = ((a - b) ** 2 * head).sum(dim=1).mean()
    (3 * exact).backward()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        ours_x = x.clone().requires_grad_()
        with Swapped({lpips_distance: lpips.distance}):
            ours = lpips_distance(ours_x, wanted, head)
        (3 * ours).backward()
    finally:
        torch.set_num_threads(before)
    assert ours.grad_fn is not None
    assert "Distance" in ours.grad_fn.name()
    assert ours.item() == pytest.approx(exact.item(), rel=1e-5)
    assert ours_x.grad is not None
    assert exact_x.grad is not None
    rounding = 1e-5 if dtype == torch.float32 else 1e-2
    largest = float(exact_x.grad.abs().max())
    assert float((ours_x.grad - exact_x.grad).abs().max()) < rounding * largest


def test_without_a_compiler_the_distance_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    random = torch.Generator().manual_seed(3)
    x, wanted = torch.randn(2, 3, 64, 5, 7, generator=random).relu().unbind()
    head = torch.rand(1, 64, 1, 1, generator=random)
    with Swapped({lpips_distance: lpips.distance}):
        values = [lpips_distance(x, wanted, head)]
        monkeypatch.setattr(lpips, "compiled", dict)
        values.append(lpips_distance(x, wanted, head))
    torch.testing.assert_close(*values)

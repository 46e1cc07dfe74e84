"""Convolutions by Winograd's algorithm equal torch's own, with their gradients; or stay away."""

from __future__ import annotations

import logging
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from sr.kernels import tiles
from sr.kernels.swapped import Swapped
from sr.kernels.tiles import compile_kernels
from sr.kernels.winograd import conv2d, fits
from sr.networks.srresnet import SRResNet

needs_compiler = pytest.mark.skipif(tiles.kernels() is None, reason="no C compiler")
SHAPES = [
    # images, in, out, height, width, kernel
    (2, 64, 64, 24, 24, 3),
    (1, 16, 5, 1, 1, 3),
    (3, 20, 33, 7, 10, 3),
    (1, 256, 12, 9, 13, 5),
    (2, 48, 3, 5, 2, 5),
]


def convolutions() -> Swapped:
    """A context in which convolutions are done by the kernels."""
    return Swapped({torch.conv2d: conv2d})


@pytest.fixture
def bfloat16(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kernels in bfloat16, also where torch's own are preferred."""
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    tiles.kernels.cache_clear()
    if tiles.kernels(torch.bfloat16) is None:
        pytest.skip("no AVX512-BF16, or no C compiler")
    yield
    tiles.kernels.cache_clear()


def example(
    shape: tuple[int, int, int, int, int, int],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    images, inner, out, height, width, taps = shape
    random = torch.Generator().manual_seed(sum(shape))
    x = torch.randn(images, inner, height, width, generator=random)
    weight = torch.randn(out, inner, taps, taps, generator=random) / taps / inner**0.5
    bias = torch.randn(out, generator=random)
    grad = torch.randn(images, out, height, width, generator=random)
    return x, weight, bias, grad


def difference(ours: torch.Tensor, exact: torch.Tensor) -> float:
    return float((ours - exact).detach().abs().max() / exact.detach().abs().max())


@needs_compiler
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("threads", [1, 2])
def test_result_and_gradients_equal_those_of_float64(
    shape: tuple[int, int, int, int, int, int], threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "TILES_A_THREAD", 1)
    before = torch.get_num_threads()
    x, weight, bias, grad = example(shape)
    inputs = [t.clone().requires_grad_() for t in (x, weight, bias)]
    exact_inputs = [t.double().requires_grad_() for t in (x, weight, bias)]
    padding = shape[5] // 2
    exact = F.conv2d(exact_inputs[0], exact_inputs[1], exact_inputs[2], padding=padding)
    exact.backward(grad.double())
    torch.set_num_threads(threads)
    try:
        with convolutions():
            ours = F.conv2d(inputs[0], inputs[1], inputs[2], padding=padding)
        ours.backward(grad)
    finally:
        torch.set_num_threads(before)
    assert ours.grad_fn is not None
    assert "Winograd" in ours.grad_fn.name()
    assert difference(ours, exact) < 1e-4
    for mine, theirs in zip(inputs, exact_inputs, strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        assert difference(mine.grad, theirs.grad) < 3e-4


@pytest.mark.usefixtures("bfloat16")
@pytest.mark.parametrize(
    "shape", [(2, 64, 64, 24, 24, 3), (3, 20, 33, 7, 10, 3), (1, 16, 5, 1, 1, 3)]
)
@pytest.mark.parametrize("threads", [1, 2])
def test_under_autocast_result_and_gradients_are_those_of_float64_up_to_rounding(
    shape: tuple[int, int, int, int, int, int], threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "TILES_A_THREAD", 1)
    before = torch.get_num_threads()
    x, weight, bias, grad = example(shape)
    inputs = [t.clone().requires_grad_() for t in (x, weight, bias)]
    exact_inputs = [t.double().requires_grad_() for t in (x, weight, bias)]
    exact = F.conv2d(exact_inputs[0], exact_inputs[1], exact_inputs[2], padding=1)
    exact.backward(grad.double())
    torch.set_num_threads(threads)
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16), convolutions():
            ours = F.conv2d(inputs[0], inputs[1], inputs[2], padding=1)
        ours.backward(grad.bfloat16())
    finally:
        torch.set_num_threads(before)
    assert ours.dtype == torch.bfloat16
    assert ours.grad_fn is not None
    assert "Winograd" in ours.grad_fn.name()
    assert difference(ours, exact) < 0.1
    for mine, theirs in zip(inputs, exact_inputs, strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        assert mine.grad.dtype == torch.float32
        assert difference(mine.grad, theirs.grad) < 0.1


@pytest.mark.usefixtures("bfloat16")
def test_a_network_under_autocast_has_nearly_the_same_gradients() -> None:
    torch.manual_seed(0)
    model = SRResNet(num_blocks=2, batch_norm=False, image_skip=True)
    lr, hr = torch.rand(2, 3, 12, 12), torch.rand(2, 3, 48, 48)

    def gradient(mode: Swapped | None) -> torch.Tensor:
        model.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mode is not None):
            if mode is None:
                loss = F.mse_loss(model(lr), hr)
            else:
                with mode:
                    loss = F.mse_loss(model(lr).float(), hr)
        loss.backward()
        return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])

    fast, exact = gradient(convolutions()), gradient(None)
    assert float(F.cosine_similarity(fast, exact, dim=0)) > 0.995
    assert 0.95 < float(fast.norm() / exact.norm()) < 1.05


@needs_compiler
def test_frozen_weights_that_change_are_noticed() -> None:
    x, weight, _, _ = example(SHAPES[0])
    with convolutions():
        F.conv2d(x, weight, padding=1)
        weight.mul_(2)
        doubled = F.conv2d(x, weight, padding=1)
        weight.data = weight.data / 4
        halved = F.conv2d(x, weight, padding=1)
    exact = F.conv2d(x, weight, padding=1)
    assert difference(halved, exact) < 1e-4
    assert difference(doubled, 4 * exact) < 1e-4


@needs_compiler
def test_what_follows_may_work_in_place() -> None:
    x, weight, _, grad = example(SHAPES[0])
    x.requires_grad_()
    with convolutions():
        F.relu(F.conv2d(x, weight, padding=1), inplace=True).backward(grad)
    wanted = torch.autograd.grad(F.relu(F.conv2d(x, weight, padding=1)), x, grad)[0]
    assert x.grad is not None
    assert float(F.cosine_similarity(x.grad.flatten(), wanted.flatten(), dim=0)) > 0.9999


@needs_compiler
def test_no_bias_and_frozen_weights() -> None:
    x, weight, _, grad = example(SHAPES[0])
    x.requires_grad_()
    with convolutions():
        y = F.conv2d(x, weight, padding=1)
    y.backward(grad)
    (wanted,) = torch.autograd.grad(F.conv2d(x, weight, padding=1), x, grad)
    assert x.grad is not None
    assert difference(x.grad, wanted) < 1e-4


@needs_compiler
def test_a_network_in_it_has_the_same_gradients_and_the_same_operations() -> None:
    torch.manual_seed(0)
    model = SRResNet(num_blocks=2, batch_norm=False, image_skip=True)
    lr = torch.rand(2, 3, 12, 12)

    def gradients(fast: bool) -> tuple[list[torch.Tensor], int]:
        model.zero_grad()
        with FlopCounterMode(display=False) as counter:
            if fast:
                with convolutions():
                    loss = model(lr).square().mean()
            else:
                loss = model(lr).square().mean()
            loss.backward()
        return [p.grad.clone() for p in model.parameters() if p.grad is not None], (
            counter.get_total_flops()
        )

    fast, fast_flops = gradients(True)
    plain, plain_flops = gradients(False)
    assert len(fast) == len(plain) == len(list(model.parameters()))
    assert all(difference(a, b) < 1e-3 for a, b in zip(fast, plain, strict=True))
    assert fast_flops == plain_flops  # as of direct convolutions, so that rates compare


@needs_compiler
def test_only_what_it_does_well_is_taken() -> None:
    x, weight = torch.zeros(1, 32, 8, 8), torch.zeros(16, 32, 3, 3)
    assert fits(x, weight, None, 1, 1)
    assert fits(x, weight, padding=(1, 1), stride=[1, 1])
    assert fits(x, torch.zeros(16, 32, 5, 5), None, (1, 1), (2, 2))
    assert not fits(x, weight)  # no padding
    assert not fits(x, weight, None, 2, 1)
    assert not fits(x, weight, None, 1, 1, 2)
    assert not fits(x, weight, None, 1, "same")
    assert not fits(x, torch.zeros(16, 16, 3, 3), None, 1, 1, 1, 2)
    assert not fits(x, torch.zeros(16, 32, 1, 1), None, 1, 0)
    assert not fits(x, torch.zeros(16, 32, 9, 9), None, 1, 4)
    assert not fits(x.double(), weight.double(), None, 1, 1)
    assert not fits(x[0], weight, None, 1, 1)
    assert not fits(torch.zeros(1, 3, 8, 8), torch.zeros(64, 3, 3, 3), None, 1, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert fits(x, weight, None, 1, 1) == (tiles.kernels(torch.bfloat16) is not None)
        assert not fits(x, torch.zeros(16, 32, 5, 5), None, 1, 2)  # torch's own is faster


def test_where_the_processor_has_a_unit_for_matrices_bfloat16_is_torchs_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    tiles.kernels.cache_clear()
    try:
        with caplog.at_level(logging.INFO):
            assert tiles.kernels(torch.bfloat16) is None
    finally:
        tiles.kernels.cache_clear()
    assert "this processor has AMX" in caplog.text


def script(folder: Path, text: str) -> str:
    path = folder / "compiler"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_without_a_compiler_the_reason_is_said() -> None:
    with pytest.raises(RuntimeError, match="no C compiler"):
        compile_kernels(torch.float32, "no-such-compiler")


@pytest.mark.skipif(sys.platform == "win32", reason="scripts as programs")
def test_a_compiler_that_fails_is_quoted(tmp_path: Path) -> None:
    failing = script(tmp_path, "import sys; sys.exit('error: it is Sunday')")
    with pytest.raises(RuntimeError, match="it is Sunday"):
        compile_kernels(torch.float32, failing)
    silent = script(tmp_path, "")  # says that all went well and writes nothing
    with pytest.raises(RuntimeError, match="compiler"):
        compile_kernels(torch.float32, silent)


@needs_compiler
def test_kernels_that_compute_something_else_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "wrong.c"
    wrong.write_text(tiles.SOURCE.read_text().replace("4 * d[0] - 5", "4 * d[0] - 4"))
    monkeypatch.setattr(tiles, "SOURCE", wrong)
    with pytest.raises(RuntimeError, match="3x3 convolution is off by"):
        compile_kernels(torch.float32)


def test_without_kernels_convolutions_are_torchs_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tiles.kernels.cache_clear()
    monkeypatch.setattr(
        tiles, "compile_kernels", lambda dtype: (_ for _ in ()).throw(RuntimeError("none here"))
    )
    x, weight, bias, _ = example(SHAPES[0])
    try:
        with caplog.at_level(logging.INFO), convolutions():
            y = F.conv2d(x, weight, bias, padding=1)
    finally:
        tiles.kernels.cache_clear()
    assert torch.equal(y, F.conv2d(x, weight, bias, padding=1))
    assert "none here" in caplog.text

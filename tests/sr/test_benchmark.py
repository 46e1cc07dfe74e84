"""The benchmark counts what it should."""

from __future__ import annotations

import pytest
import torch

from sr.benchmark import flops_per_output_pixel, plain_forward, sample_photo
from sr.models.srresnet import SRResNet


def test_operations_per_output_pixel_are_those_of_the_papers_layers() -> None:
    body = 3 * 64 * 81 + 33 * 64 * 64 * 9  # head, 16 blocks of two, one after: at 1 / 16
    expected = 2 * (body / 16 + 64 * 256 * 9 / 16 + 64 * 256 * 9 / 4 + 64 * 3 * 81)
    assert flops_per_output_pixel(SRResNet()) == pytest.approx(expected)


def test_the_plain_network_is_the_network() -> None:
    model = SRResNet(num_blocks=2, num_features=8, batch_norm=False, image_skip=True).eval()
    lr = torch.rand(1, 3, 12, 9)
    assert torch.allclose(plain_forward(model, lr), model(lr), atol=1e-5)


def test_the_sample_is_always_the_same() -> None:
    assert sample_photo(8).rgb.tobytes() == sample_photo(8).rgb.tobytes()

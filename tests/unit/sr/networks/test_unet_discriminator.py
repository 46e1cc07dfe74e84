"""The U-Net that judges every pixel."""

from __future__ import annotations

import pytest
import torch

from sr.base.errors import ShapeError
from sr.networks.unet_discriminator import UNetDiscriminator


def test_it_has_the_published_number_of_parameters() -> None:
    assert sum(p.numel() for p in UNetDiscriminator().parameters()) == 4_376_897


def test_every_pixel_is_judged_and_every_parameter_learns() -> None:
    network = UNetDiscriminator(num_features=8)
    logits = network(torch.rand(2, 3, 32, 24))
    assert logits.shape == (2, 1, 32, 24)
    logits.square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_the_step_of_a_layer_is_bounded_by_spectral_normalisation() -> None:
    network = UNetDiscriminator(num_features=8)
    for _ in range(20):
        network(torch.rand(1, 3, 16, 16))  # each pass brings the estimate nearer
    weight = network.down[0].weight.detach().flatten(1)
    assert float(torch.linalg.matrix_norm(weight, ord=2)) == pytest.approx(1, abs=0.05)


def test_other_sides_are_refused_in_words() -> None:
    with pytest.raises(ShapeError, match="20x16"):
        UNetDiscriminator(num_features=8)(torch.rand(1, 3, 16, 20))

"""What generator and discriminator lose by verdicts, and who can judge which crops."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from sr.base.errors import ConfigError
from sr.objectives.adversarial import (
    SIDES,
    build_discriminator,
    check_patch,
    discriminator_loss,
    generator_adversarial_loss,
)


def test_relativistic_verdicts_are_the_papers_equations() -> None:
    real, fake = torch.randn(4, 1), torch.randn(4, 1)
    is_real = F.binary_cross_entropy_with_logits
    ones, zeros = torch.ones(4, 1), torch.zeros(4, 1)
    found = discriminator_loss(real, fake, kind="relativistic")
    assert torch.allclose(found[0], is_real(real - fake.mean(), ones) / 2)
    assert torch.allclose(found[1], is_real(fake - real.mean(), zeros) / 2)
    swapped = is_real(real - fake.mean(), zeros) + is_real(fake - real.mean(), ones)
    assert torch.allclose(generator_adversarial_loss(fake, real, kind="relativistic"), swapped / 2)


def test_hinge_is_content_beyond_one() -> None:
    real, fake = torch.tensor([2.0, 0.0]), torch.tensor([-2.0, 0.0])
    assert [x.item() for x in discriminator_loss(real, fake, kind="hinge")] == [0.5, 0.5]
    assert generator_adversarial_loss(fake, kind="hinge").item() == 1


@pytest.mark.parametrize("kind", ["vanilla", "relativistic", "hinge"])
def test_a_better_fake_costs_the_generator_less(kind: str) -> None:
    real = torch.ones(4, 1)
    losses = [
        generator_adversarial_loss(torch.full((4, 1), value), real, kind=kind).item()
        for value in (-1.0, 0.0, 1.0)
    ]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("opponent", ["srgan", "patch", "esrgan", "unet"])
def test_an_opponent_judges_the_crops_it_says(opponent: str) -> None:
    smallest, multiple = SIDES[opponent]
    for side in (smallest, 2 * smallest + 3 * multiple):
        crops = torch.rand(2, 3, side, side)
        assert build_discriminator(opponent, hr_patch_px=side)(crops).shape[:2] == (2, 1)
    with pytest.raises(ConfigError, match=f"discriminator={opponent} needs {smallest} or more"):
        check_patch(opponent, smallest - 1)

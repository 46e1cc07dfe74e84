"""Generator against discriminator: who judges, and what each loses by a verdict."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sr.base.errors import ConfigError
from sr.metrics.backbones import load_vgg16_features
from sr.networks.discriminators import (
    ESRGANDiscriminator,
    SRGANDiscriminator,
    VggDiscriminator,
)
from sr.networks.microscopy.dfcan import DFGANDiscriminator
from sr.networks.unet_discriminator import UNetDiscriminator

Verdicts = tuple[Tensor, Tensor]
Mean = Callable[[Tensor], Tensor]

# Opponents by the names that recipes use, for crops of a side in pixels.
OPPONENTS: dict[str, Callable[[int], nn.Module]] = {
    "srgan": lambda side: SRGANDiscriminator(hr_patch_px=side),
    "patch": lambda side: SRGANDiscriminator(hr_patch_px=side, patches=True),
    "esrgan": lambda side: ESRGANDiscriminator(hr_patch_px=side),
    "vgg16": lambda side: VggDiscriminator(load_vgg16_features(last="conv3_3")),
    "unet": lambda side: UNetDiscriminator(),
    "dfgan": lambda side: DFGANDiscriminator(),
}
# The smallest crop that each judges, and what its side must be a multiple of.
SIDES = {
    "srgan": (16, 1),
    "patch": (16, 1),
    "esrgan": (32, 1),
    "vgg16": (8, 4),
    "unet": (8, 8),
    "dfgan": (1, 1),
}


def check_patch(opponent: str, hr_patch_px: int) -> None:
    """Refuse crops that an opponent cannot judge.

    Raises:
        ConfigError: says which it can.
    """
    smallest, multiple = SIDES[opponent]
    if hr_patch_px < smallest or hr_patch_px % multiple:
        raise ConfigError(
            f"hr_patch_px={hr_patch_px}: discriminator={opponent} needs {smallest} or more"
            + (f", a multiple of {multiple}" if multiple > 1 else "")
        )


def build_discriminator(opponent: str, *, hr_patch_px: int) -> nn.Module:
    """A fresh opponent of OPPONENTS.

    Raises:
        BackboneError: "vgg16" without its features.
        ConfigError: crops that it cannot judge.
    """
    check_patch(opponent, hr_patch_px)
    return OPPONENTS[opponent](hr_patch_px)


def discriminator_loss(
    real: Tensor, fake: Tensor, *, kind: str = "vanilla", others: Mean = torch.mean
) -> Verdicts:
    """What the discriminator loses on real and on generated images, from its logits.

    Args:
        real, fake: logits, of any equal shape.
        kind: "vanilla", binary cross entropy; "relativistic", the same of how much more real an
            image is than the others' mean, each half (Jolicoeur-Martineau 2018, arXiv:1807.00734;
            ESRGAN, section 3.2); "hinge" (Lim and Ye 2017, arXiv:1705.02894).
        others: the mean that "relativistic" compares with; of several processes, that of all of
            them, through which gradients pass.
    """
    if kind == "relativistic":
        return (
            F.softplus(others(fake) - real).mean() / 2,
            F.softplus(fake - others(real)).mean() / 2,
        )
    if kind == "hinge":
        return F.relu(1 - real).mean(), F.relu(1 + fake).mean()
    return F.softplus(-real).mean(), F.softplus(fake).mean()


def generator_adversarial_loss(
    fake: Tensor,
    real: Tensor | None = None,
    *,
    kind: str = "vanilla",
    others: Mean = torch.mean,
) -> Tensor:
    """What the generator loses where it was found out, from the discriminator's logits.

    Args:
        fake: logits of generated images, which the gradient reaches.
        real: those of real ones, constant; "relativistic" alone needs them.
        kind, others: as of `discriminator_loss`. "vanilla" is -log D(G(x)) (Ledig et al. 2017,
            equation 6).

    Returns:
        The mean over the batch.
    """
    if kind == "relativistic":
        assert real is not None
        return (F.softplus(others(real) - fake).mean() + F.softplus(real - others(fake)).mean()) / 2
    if kind == "hinge":
        return -fake.mean()
    return F.softplus(-fake).mean()

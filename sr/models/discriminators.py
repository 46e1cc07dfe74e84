"""The discriminator of SRGAN."""

from __future__ import annotations

from torch import Tensor, nn

from sr.errors import ShapeError


class SRGANDiscriminator(nn.Module):
    """Ledig et al. 2017 (arXiv:1609.04802v5), figure 4: eight 3x3 convolutions, two dense layers.

    23,563,649 parameters for 96x96 images.

    Args:
        hr_patch_px: side of the square images it judges, a multiple of 16.

    Departure: the last sigmoid is left to the loss (logits with binary cross entropy), which is
    the same function computed stably.
    """

    def __init__(self, *, hr_patch_px: int = 96) -> None:
        super().__init__()
        if hr_patch_px % 16:
            raise ShapeError(f"SRGANDiscriminator: side {hr_patch_px}; needed a multiple of 16")
        self.config = {"hr_patch_px": hr_patch_px}
        layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, padding=1), nn.LeakyReLU(0.2)]
        channels = 64
        for features, stride in (
            (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 2)
        ):  # fmt: skip
            layers += [
                nn.Conv2d(channels, features, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(features),
                nn.LeakyReLU(0.2),
            ]
            channels = features
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(512 * (hr_patch_px // 16) ** 2, 1024),
            nn.LeakyReLU(0.2),
            nn.Linear(1024, 1),
        )

    def forward(self, hr: Tensor) -> Tensor:
        """(N, 3, P, P) RGB in [0, 1] to (N, 1) logits; above zero means "a real photograph"."""
        return self.classifier(self.features(2 * hr - 1))

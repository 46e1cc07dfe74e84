"""The discriminator of Real-ESRGAN: a U-Net that judges every pixel."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from sr.base.errors import ShapeError


class UNetDiscriminator(nn.Module):
    """Wang et al. 2021 (arXiv:2107.10833), section 3.3: a U-Net with spectral normalisation.

    4,376,897 parameters with 64 features. Photographs that were degraded in many ways need an
    opponent that says where a picture is wrong, not only that it is.

    Args:
        num_features: of the first layer; doubled by each of the three steps down.
    """

    def __init__(self, *, num_features: int = 64) -> None:
        super().__init__()
        self.config = {"num_features": num_features}
        n = num_features
        self.first = nn.Conv2d(3, n, 3, padding=1)
        self.down = nn.ModuleList(_normalised(n << i, n << i + 1, 4, stride=2) for i in range(3))
        self.up = nn.ModuleList(_normalised(n << i + 1, n << i, 3) for i in (2, 1, 0))
        self.last = nn.Sequential(
            _normalised(n, n, 3), nn.LeakyReLU(0.2),
            _normalised(n, n, 3), nn.LeakyReLU(0.2),
            nn.Conv2d(n, 1, 3, padding=1),
        )  # fmt: skip

    def forward(self, hr: Tensor) -> Tensor:
        """(N, 3, H, W) RGB in [0, 1] to (N, 1, H, W) logits; above zero means "a real photograph".

        Raises:
            ShapeError: a side is not a multiple of 8.
        """
        height, width = hr.shape[2:]
        if height % 8 or width % 8:
            raise ShapeError(
                f"UNetDiscriminator: image {width}x{height}; needed sides that are multiples of 8"
            )
        x = F.leaky_relu(self.first(hr), 0.2)
        skips = []
        for layer in self.down:
            skips.append(x)
            x = F.leaky_relu(layer(x), 0.2)
        for layer, skip in zip(self.up, reversed(skips), strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear")
            x = F.leaky_relu(layer(x), 0.2) + skip
        logits: Tensor = self.last(x)
        return logits


def _normalised(channels: int, features: int, side: int, **options: Any) -> nn.Module:
    convolution = nn.Conv2d(channels, features, side, padding=1, bias=False, **options)
    normalised: nn.Module = spectral_norm(convolution)
    return normalised

"""The discriminators of SRGAN and ESRGAN, and one that sees through VGG16."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sr.base.errors import ShapeError
from sr.metrics.backbones import VggFeatures


class SRGANDiscriminator(nn.Module):
    """Ledig et al. 2017 (arXiv:1609.04802v5), figure 4: eight 3x3 convolutions, two dense layers.

    23,563,649 parameters for 96x96 images.

    Args:
        hr_patch_px: side of the square images it judges, 16 or more.
        patches: True puts a 1x1 convolution in the place of the dense layers (departure), so that
            every 16x16 pixels are judged by themselves: 36 answers in place of one for 96x96
            images, which teach more in few updates, and 4,687,745 parameters. After Isola et al.
            2017, arXiv:1611.07004.

    Departure in both forms: the last sigmoid is left to the loss (logits with binary cross
    entropy), which is the same function computed stably.
    """

    def __init__(self, *, hr_patch_px: int = 96, patches: bool = False) -> None:
        super().__init__()
        if hr_patch_px < 16:
            raise ShapeError(f"SRGANDiscriminator: side {hr_patch_px}; needed 16 or more")
        self.config = {"hr_patch_px": hr_patch_px, "patches": patches}
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
        if patches:
            self.classifier: nn.Module = nn.Conv2d(channels, 1, 1)
            return
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(512 * math.ceil(hr_patch_px / 16) ** 2, 1024),
            nn.LeakyReLU(0.2),
            nn.Linear(1024, 1),
        )

    def forward(self, hr: Tensor) -> Tensor:
        """(N, 3, P, P) RGB in [0, 1] to logits; above zero means "a real photograph".

        Returns:
            (N, 1), or with `patches` (N, 1, P / 16, P / 16).
        """
        return self.classifier(self.features(2 * hr - 1))


class ESRGANDiscriminator(nn.Module):
    """Wang et al. 2018 (arXiv:1809.00219), as published with the code: ten convolutions.

    Five times 3x3, then 4x4 of stride 2, each but the first with batch norm; two dense layers.
    14,499,401 parameters for 128x128 images. Its logit is not a probability by itself: the
    relativistic loss compares it with that of other images.

    Args:
        hr_patch_px: side of the square images it judges, 32 or more.
    """

    def __init__(self, *, hr_patch_px: int = 128) -> None:
        super().__init__()
        if hr_patch_px < 32:
            raise ShapeError(f"ESRGANDiscriminator: side {hr_patch_px}; needed 32 or more")
        self.config = {"hr_patch_px": hr_patch_px}
        layers: list[nn.Module] = []
        channels = 3
        for features in (64, 128, 256, 512, 512):
            for side, stride, came in ((3, 1, channels), (4, 2, features)):
                norm = bool(layers)  # all but the first
                layers.append(
                    nn.Conv2d(came, features, side, stride=stride, padding=1, bias=not norm)
                )
                layers += [nn.BatchNorm2d(features)] if norm else []
                layers.append(nn.LeakyReLU(0.2))
            channels = features
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(512 * (hr_patch_px // 32) ** 2, 100),
            nn.LeakyReLU(0.2),
            nn.Linear(100, 1),
        )

    def forward(self, hr: Tensor) -> Tensor:
        """(N, 3, P, P) RGB in [0, 1] to (N, 1) logits."""
        logits: Tensor = self.classifier(self.features(hr))
        return logits


class VggDiscriminator(nn.Module):
    """Small learned heads on frozen VGG16 features: a strong opponent from the first updates on.

    Heads on relu1_2, relu2_2 and relu3_3, each with one logit for every 4x4 pixels. After Sauer et
    al. 2021, "Projected GANs converge faster", arXiv:2111.01007. 371,139 learned parameters.

    Args:
        features: VGG16 up to conv3_3 or further (`sr.metrics.backbones.load_vgg16_features`).
    """

    LAYERS = ((3, 64, (2, 2)), (8, 128, (2, 1)), (15, 256, (1, 1)))  # index, channels, strides

    def __init__(self, features: VggFeatures) -> None:
        super().__init__()
        self.features = features.eval().requires_grad_(False)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, 64, 3, stride=strides[0], padding=1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(64, 64, 3, stride=strides[1], padding=1),
                nn.BatchNorm2d(64),
                nn.LeakyReLU(0.2),
                nn.Conv2d(64, 1, 3, padding=1),
            )
            for _, channels, strides in self.LAYERS
        )

    def train(self, mode: bool = True) -> VggDiscriminator:
        """As of any module; the features never learn."""
        super().train(mode)
        self.features.eval()
        return self

    def requires_grad_(self, requires_grad: bool = True) -> VggDiscriminator:
        """Of the heads; the features stay frozen."""
        self.heads.requires_grad_(requires_grad)
        return self

    def forward(self, hr: Tensor | Sequence[Tensor]) -> Tensor:
        """(N, 3, P, P) RGB in [0, 1], P a multiple of 4, to (N, 3, P / 4, P / 4) logits.

        In the place of images their features on LAYERS can be given; what follows is ignored.
        """
        indices = [index for index, _, _ in self.LAYERS]
        maps = self.features.maps(hr, indices) if isinstance(hr, Tensor) else hr[: len(indices)]
        return torch.cat([head(x) for head, x in zip(self.heads, maps, strict=True)], dim=1)

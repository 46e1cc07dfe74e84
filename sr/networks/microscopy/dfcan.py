"""DFCAN and the generator of DFGAN: fluorescence microscopy, Fourier channel attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sr.base.errors import ConfigError, ShapeError
from sr.networks.microscopy.fourier_attention import FourierAttentionBlock

SKIP_SHARE = 0.25  # of the input's level, for structures stand out more in high resolution


class DFCAN(nn.Module):
    """Qiao et al. 2021, Nature Methods 18, 194-202: residual groups of Fourier attention blocks.

    With the default arguments the published network, 1,930,753 parameters (1,935,361 with nine
    channels): a 3x3 convolution with GELU, four groups of four blocks with a skip around each, a
    3x3 convolution to 64 scale^2 with GELU, pixel shuffle, a 3x3 convolution to one channel and a
    sigmoid.

    Args:
        num_groups: residual groups.
        num_blocks: Fourier attention blocks in a group.
        num_features: channels of the body.
        channels: of the input: 1 for a wide-field frame, 9 for the raw frames of linear SIM (25 of
            nonlinear SIM). The output has one.
        scale: 1, 2 or 3.
        exponent: gamma of the attention; 0.8 for DFCAN, 0.1 for DFGAN.
        spectrum_px: side of the spectra that attention sees; 128, the paper's patches.
        image_skip: True adds SKIP_SHARE times the bilinearly enlarged mean of the input in the
            place of the sigmoid (departure), so that a short training starts from a picture.

    Departures: attention sees windows of `spectrum_px`, see `FourierAttention`.
    """

    def __init__(
        self,
        *,
        num_groups: int = 4,
        num_blocks: int = 4,
        num_features: int = 64,
        channels: int = 1,
        scale: int = 2,
        exponent: float = 0.8,
        spectrum_px: int = 128,
        image_skip: bool = False,
    ) -> None:
        super().__init__()
        if scale not in (1, 2, 3):
            raise ConfigError(f"{type(self).__name__}: scale {scale}; needed 1, 2 or 3")
        if min(num_groups, num_blocks, num_features, channels, spectrum_px) < 1:
            raise ConfigError(
                f"{type(self).__name__}: num_groups {num_groups}, num_blocks {num_blocks}, "
                f"num_features {num_features}, channels {channels}, spectrum_px {spectrum_px}; "
                "needed 1 or more of each"
            )
        self.scale = scale
        self.channels = channels
        self.image_skip = image_skip
        self.config: dict[str, int | float] = {
            "num_groups": num_groups,
            "num_blocks": num_blocks,
            "num_features": num_features,
            "channels": channels,
            "scale": scale,
            "exponent": exponent,
            "spectrum_px": spectrum_px,
            "image_skip": image_skip,
        }
        self.head = nn.Conv2d(channels, num_features, 3, padding=1)
        self.groups = nn.ModuleList(
            nn.Sequential(
                *(
                    FourierAttentionBlock(num_features, exponent=exponent, spectrum_px=spectrum_px)
                    for _ in range(num_blocks)
                )
            )
            for _ in range(num_groups)
        )
        self.upsample = nn.Conv2d(num_features, num_features * scale**2, 3, padding=1)
        self.tail = nn.Conv2d(num_features, 1, 3, padding=1)
        if image_skip:
            self.tail.weight.data.mul_(0.1)
            self.tail.bias.data.zero_()  # type: ignore[union-attr]

    def forward(self, lr: Tensor) -> Tensor:
        """Enlarge.

        Args:
            lr: (N, channels, H, W) float, [0, 1].

        Returns:
            (N, 1, scale H, scale W), in (0, 1) unless there is an image skip.

        Raises:
            ShapeError: not 4-D or another number of channels.
        """
        if lr.ndim != 4 or lr.shape[1] != self.channels:
            raise ShapeError(
                f"{type(self).__name__}: input {tuple(lr.shape)}; needed (N, {self.channels}, H, W)"
            )
        x = F.gelu(self.head(lr))
        for group in self.groups:
            x = x + group(x)
        x = F.pixel_shuffle(F.gelu(self.upsample(x)), self.scale)
        if not self.image_skip:
            return torch.sigmoid(self.tail(x))
        return self.tail(x) + SKIP_SHARE * enlarged_mean(lr, self.scale)


class DFGAN(DFCAN):
    """The generator of DFGAN: five groups of ten blocks, gamma 0.1. 5,717,129 parameters."""

    def __init__(
        self,
        *,
        num_groups: int = 5,
        num_blocks: int = 10,
        num_features: int = 64,
        channels: int = 1,
        scale: int = 2,
        exponent: float = 0.1,
        spectrum_px: int = 128,
        image_skip: bool = False,
    ) -> None:
        super().__init__(
            num_groups=num_groups,
            num_blocks=num_blocks,
            num_features=num_features,
            channels=channels,
            scale=scale,
            exponent=exponent,
            spectrum_px=spectrum_px,
            image_skip=image_skip,
        )


def enlarged_mean(lr: Tensor, scale: int) -> Tensor:
    """The mean of the channels, enlarged bilinearly: (N, C, H, W) to (N, 1, scale H, scale W)."""
    mean = lr.mean(dim=1, keepdim=True)
    return mean if scale == 1 else F.interpolate(mean, scale_factor=scale, mode="bilinear")


class DFGANDiscriminator(nn.Module):
    """The opponent of DFGAN: eleven 3x3 convolutions at full resolution, two dense layers.

    4,852,481 parameters with 32 features. Departure: the last sigmoid is left to the loss (logits).

    Args:
        num_features: of the first layer; doubled by each of the four blocks after the first.
    """

    def __init__(self, *, num_features: int = 32) -> None:
        super().__init__()
        self.config = {"num_features": num_features}
        layers: list[nn.Module] = [nn.Conv2d(1, num_features, 3, padding=1), nn.LeakyReLU(0.1)]
        channels = num_features
        for block in range(5):
            for features in (num_features << block, num_features << block):
                layers += [nn.Conv2d(channels, features, 3, padding=1), nn.LeakyReLU(0.1)]
                channels = features
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(channels, 256), nn.LeakyReLU(0.1), nn.Linear(256, 1)
        )

    def forward(self, hr: Tensor) -> Tensor:
        """(N, 1, H, W) in [0, 1] to (N, 1) logits; above zero means "a real one"."""
        logits: Tensor = self.classifier(self.features(hr).mean(dim=(2, 3)))
        return logits

"""A cascade of three U-Nets with Fourier attention, after Gong et al. 2021."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sr.base.errors import ConfigError, ShapeError
from sr.networks.microscopy.dfcan import SKIP_SHARE, enlarged_mean
from sr.networks.microscopy.fourier_attention import FourierAttentionBlock

DEEPEST = 4  # by which the sides are divided at the lowest level


class AttentionUNet(nn.Module):
    """A U-Net of three levels, N, 2 N and 4 N channels, a Fourier attention block on each way.

    Half as large by a 3x3 convolution of stride 2, back by a 1x1 convolution and pixel shuffle;
    what comes up is added to what is there.
    """

    def __init__(self, num_features: int, *, exponent: float, spectrum_px: int) -> None:
        super().__init__()

        def block(level: int) -> nn.Module:
            side = max(1, spectrum_px >> level)
            return FourierAttentionBlock(num_features << level, exponent=exponent, spectrum_px=side)

        self.down = nn.ModuleList(block(level) for level in range(3))
        self.reduce = nn.ModuleList(
            nn.Conv2d(num_features << level, num_features << level + 1, 3, stride=2, padding=1)
            for level in range(2)
        )
        self.enlarge = nn.ModuleList(
            nn.Conv2d(num_features << level + 1, 4 * (num_features << level), 1)
            for level in range(2)
        )
        self.up = nn.ModuleList(block(level) for level in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """(N, F, H, W) to the same; H and W are multiples of 4."""
        skips = []
        for block, reduce in zip(self.down[:-1], self.reduce, strict=True):
            x = block(x)
            skips.append(x)
            x = F.gelu(reduce(x))
        x = self.down[-1](x)
        for level in (1, 0):
            x = self.up[level](F.pixel_shuffle(self.enlarge[level](x), 2) + skips[level])
        return x


class UNetCascade(nn.Module):
    """Three stages, each of which refines the features of the one before by a U-Net.

    What is known of Gong et al. 2021 (PIER 171, 185-199) is its idea: three stages, a U-Net in
    each, Fourier channel attention in the U-Nets. Widths, depths and how stages are joined are
    ours: a stage is given the features of the first convolution and those of the stage before,
    concatenated, through a 1x1 convolution. It is not the network of that paper, nor are its
    numbers to be compared with the paper's.

    2,649,361 parameters with the default arguments.

    Args:
        num_stages: U-Nets.
        num_features: channels of the first level; doubled by each of the two levels below.
        channels: of the input, 1 or 9; the output has one.
        scale: 1, 2 or 3.
        exponent: gamma of the attention.
        spectrum_px: side of the spectra of the first level; half of it on each level below.
    """

    def __init__(
        self,
        *,
        num_stages: int = 3,
        num_features: int = 32,
        channels: int = 1,
        scale: int = 2,
        exponent: float = 0.8,
        spectrum_px: int = 128,
    ) -> None:
        super().__init__()
        if scale not in (1, 2, 3):
            raise ConfigError(f"UNetCascade: scale {scale}; needed 1, 2 or 3")
        if min(num_stages, num_features, channels, spectrum_px) < 1:
            raise ConfigError(
                f"UNetCascade: num_stages {num_stages}, num_features {num_features}, channels "
                f"{channels}, spectrum_px {spectrum_px}; needed 1 or more of each"
            )
        self.scale = scale
        self.channels = channels
        self.config: dict[str, int | float] = {
            "num_stages": num_stages,
            "num_features": num_features,
            "channels": channels,
            "scale": scale,
            "exponent": exponent,
            "spectrum_px": spectrum_px,
        }
        self.head = nn.Conv2d(channels, num_features, 3, padding=1)
        self.join = nn.ModuleList(
            nn.Conv2d(2 * num_features, num_features, 1) for _ in range(num_stages - 1)
        )
        self.stages = nn.ModuleList(
            AttentionUNet(num_features, exponent=exponent, spectrum_px=spectrum_px)
            for _ in range(num_stages)
        )
        self.upsample = nn.Conv2d(num_features, num_features * scale**2, 3, padding=1)
        self.tail = nn.Conv2d(num_features, 1, 3, padding=1)
        self.tail.weight.data.mul_(0.1)
        self.tail.bias.data.zero_()  # type: ignore[union-attr]

    def forward(self, lr: Tensor) -> Tensor:
        """Enlarge.

        Args:
            lr: (N, channels, H, W) float, [0, 1].

        Returns:
            (N, 1, scale H, scale W), not clamped: the bilinearly enlarged mean of the channels,
            SKIP_SHARE of it, and what the network adds to it.

        Raises:
            ShapeError: not 4-D or another number of channels.
        """
        if lr.ndim != 4 or lr.shape[1] != self.channels:
            raise ShapeError(
                f"UNetCascade: input {tuple(lr.shape)}; needed (N, {self.channels}, H, W)"
            )
        height, width = lr.shape[2:]
        padded = F.pad(lr, (0, -width % DEEPEST, 0, -height % DEEPEST), mode="replicate")
        shallow = F.gelu(self.head(padded))
        x = self.stages[0](shallow)
        for join, stage in zip(self.join, self.stages[1:], strict=True):
            x = stage(join(torch.cat([shallow, x], dim=1)))
        x = F.pixel_shuffle(F.gelu(self.upsample(x)), self.scale)
        added = self.tail(x)[:, :, : self.scale * height, : self.scale * width]
        return added + SKIP_SHARE * enlarged_mean(lr, self.scale)

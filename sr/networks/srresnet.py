"""The SRGAN generator, which is also SRResNet: one class, the paper's form by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sr.base.errors import ConfigError, ShapeError


class ResidualBlock(nn.Module):
    """conv3x3, [BN], PReLU, conv3x3, [BN], plus the input; no activation after the sum."""

    def __init__(self, num_features: int, *, batch_norm: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(num_features, num_features, 3, padding=1, bias=not batch_norm)
        self.norm1 = nn.BatchNorm2d(num_features) if batch_norm else nn.Identity()
        self.activation = nn.PReLU()
        self.conv2 = nn.Conv2d(num_features, num_features, 3, padding=1, bias=not batch_norm)
        self.norm2 = nn.BatchNorm2d(num_features) if batch_norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.activation(self.norm1(self.conv1(x)))
        return x + self.norm2(self.conv2(y))


class SRResNet(nn.Module):
    """SRResNet, the generator of SRGAN.

    With the default arguments this is the network of Ledig et al. 2017 (arXiv:1609.04802v5),
    section 2.1.1 and figure 4: 16 residual blocks of 64 features with batch norm and PReLU, two
    pixel-shuffle upsampling blocks, 9x9 first and last convolutions. 1,547,350 parameters. The
    paper enlarges four times; other scales are made of the same blocks.

    Args:
        num_blocks: residual blocks, B in the paper.
        num_features: channels of the body.
        scale: 2, 3, 4, 6 or 8; one pixel-shuffle block for each factor of 2 or 3, in that order.
        batch_norm: False leaves every batch norm out (departure, as EDSR and ESRGAN do) and
            gives the convolutions biases; the residual convolutions start 0.32 times smaller.
        image_skip: True adds the bilinearly enlarged input to the output (departure), so that
            the network only learns what bilinear misses.

    Departure in every form: images are [0, 1] on both sides (the paper: HR in [-1, 1]).
    """

    enlarged_radius_px = 3  # low-resolution pixels that `enlarged` reads around what it enlarges

    def __init__(
        self,
        *,
        num_blocks: int = 16,
        num_features: int = 64,
        scale: int = 4,
        batch_norm: bool = True,
        image_skip: bool = False,
    ) -> None:
        super().__init__()
        factors = shuffle_factors(scale)
        if num_blocks < 1 or num_features < 1:
            raise ConfigError(
                f"SRResNet: num_blocks {num_blocks}, num_features {num_features}; needed 1 or more"
            )
        self.scale = scale
        self.factors = factors
        self.image_skip = image_skip
        self.config: dict[str, int | bool] = {
            "num_blocks": num_blocks,
            "num_features": num_features,
            "scale": scale,
            "batch_norm": batch_norm,
            "image_skip": image_skip,
        }
        self.head = nn.Conv2d(3, num_features, 9, padding=4)
        self.head_activation = nn.PReLU()
        self.body = nn.Sequential(
            *(ResidualBlock(num_features, batch_norm=batch_norm) for _ in range(num_blocks))
        )
        self.body_conv = nn.Conv2d(num_features, num_features, 3, padding=1, bias=not batch_norm)
        self.body_norm = nn.BatchNorm2d(num_features) if batch_norm else nn.Identity()
        self.upsample = nn.ModuleList(
            nn.Conv2d(num_features, factor**2 * num_features, 3, padding=1) for factor in factors
        )
        self.upsample_activation = nn.ModuleList(nn.PReLU() for _ in factors)
        self.tail = nn.Conv2d(num_features, 3, 9, padding=4)
        if not batch_norm:
            self._initialise_without_norm()

    def _initialise_without_norm(self) -> None:
        """Kaiming normal for PReLU (slope 0.25); residual convolutions 0.32 times smaller."""
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, a=0.25)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
                if name.startswith("body."):
                    module.weight.data.mul_(0.32)
        if self.image_skip:
            self.tail.weight.data.mul_(0.1)  # start near the plain bilinear picture

    def forward(self, lr: Tensor) -> Tensor:
        """Enlarge.

        Args:
            lr: (N, 3, H, W) float, RGB in [0, 1].

        Returns:
            (N, 3, scale H, scale W), not clamped.

        Raises:
            ShapeError: not 4-D or not three channels.
        """
        if lr.ndim != 4 or lr.shape[1] != 3:
            raise ShapeError(f"SRResNet: input {tuple(lr.shape)}; needed (N, 3, H, W)")
        return self.enlarged(self.features(lr), lr)

    def features(self, lr: Tensor) -> Tensor:
        """Everything at low resolution: (N, 3, H, W) to (N, num_features, H, W)."""
        shallow = self.head_activation(self.head(lr))
        deep: Tensor = self.body_norm(self.body_conv(self.body(shallow)))
        return shallow + deep

    def enlarged(self, features: Tensor, lr: Tensor) -> Tensor:
        """Upsampling blocks, last convolution and image skip: to (N, 3, scale H, scale W)."""
        x = features
        blocks = list(zip(self.factors, self.upsample, self.upsample_activation, strict=True))
        for factor, conv, activation in blocks[:-1]:
            x = F.pixel_shuffle(activation(conv(x)), factor)
        # A PReLU with one slope commutes with the last shuffle, and so does the 9x9 convolution
        # when its weights are rearranged: same sums, in fewer and better filled channels.
        factor, conv, activation = blocks[-1]
        out = conv_of_shuffled(activation(conv(x)), self.tail.weight, self.tail.bias, factor)
        if self.image_skip:
            out = out + F.interpolate(
                lr, scale_factor=self.scale, mode="bilinear", align_corners=False
            )
        return out


def shuffle_factors(scale: int) -> list[int]:
    """The factors of 2 and 3 whose product is a scale, 2 first: 6 is [2, 3].

    Raises:
        ConfigError: a scale with other factors, or below 2.
    """
    rest, factors = scale, []
    for factor in (2, 3):
        while rest > 1 and rest % factor == 0:
            rest //= factor
            factors.append(factor)
    if rest != 1 or not factors:
        raise ConfigError(f"scale {scale}; needed a product of 2 and 3, such as 2, 3, 4, 6 or 8")
    return factors


def receptive_radius_px(config: Mapping[str, Any]) -> int:
    """How far an output pixel sees, in low-resolution pixels: 40 with 16 blocks.

    At x4: 4 (9x9) + 2 a block (3x3) + 1 (3x3) + 1 + 1/2 (upsampling) + 1 (9x9 on the output),
    rounded up; at x2 the last three are 1 + 2, and no scale has more.
    """
    return 2 * int(config["num_blocks"]) + 8


def conv_of_shuffled(x: Tensor, weight: Tensor, bias: Tensor | None, factor: int = 2) -> Tensor:
    """conv2d(pixel_shuffle(x, factor), weight, bias), zero padding "same", before the shuffle.

    The k x k kernel on the shuffled image is a smaller one on its phases (for k = 9 and a factor
    of 2: 5 x 5 on four). Three output channels fill a vector register badly, twelve do not: about
    three times faster on a CPU, and the shuffle moves 3 channels in place of 64.

    Args:
        x: (N, factor^2 C, H, W), channels ordered as for pixel_shuffle.
        weight: (O, C, k, k), k odd.
        bias: (O,) or None.

    Returns:
        (N, O, factor H, factor W), equal up to the order of the sums.
    """
    phase_bias = None if bias is None else bias.repeat_interleave(factor**2)
    phase_weight = shuffled_weight(weight, factor)
    y = F.conv2d(x, phase_weight, phase_bias, padding=phase_weight.shape[-1] // 2)
    return F.pixel_shuffle(y, factor)


def shuffled_weight(weight: Tensor, factor: int = 2) -> Tensor:
    """The kernel of `conv_of_shuffled`: (O, C, k, k) to (f^2 O, f^2 C, t, t), f the factor."""
    out_channels, in_channels, kernel, _ = weight.shape
    if kernel % 2 == 0:
        raise ShapeError(f"shuffled_weight: kernel side {kernel}; needed an odd one")
    half = kernel // 2
    reach = (half + factor - 1) // factor  # of a tap, on the phases
    # Output phase a reads shuffled offset u = f d + r - a, for phase r at offset d; there are
    # zeros around the kernel for offsets that it does not have.
    margin = factor * reach + factor - 1 - half
    padded = F.pad(weight, (margin, margin, margin, margin))
    d = torch.arange(-reach, reach + 1, device=weight.device)
    phase = torch.arange(factor, device=weight.device)
    offset = factor * d[None, None, :] + phase[None, :, None] - phase[:, None, None]
    offset = offset + half + margin
    rows = offset[:, None, :, None, :, None]  # (a, 1, r, 1, d, 1)
    columns = offset[None, :, None, :, None, :]  # (1, b, 1, s, 1, e)
    blocks = padded[:, :, rows, columns]  # (O, C, a, b, r, s, d, e)
    taps = 2 * reach + 1
    return blocks.permute(0, 2, 3, 1, 4, 5, 6, 7).reshape(
        factor**2 * out_channels, factor**2 * in_channels, taps, taps
    )

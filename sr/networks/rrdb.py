"""RRDBNet, the generator of ESRGAN and Real-ESRGAN: dense blocks in residual blocks, no norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sr.base.errors import ConfigError, ShapeError

RESIDUAL_SHARE = 0.2  # of what a block adds, in both kinds of block


class DenseBlock(nn.Module):
    """Five 3x3 convolutions, each of which sees all before it; 0.2 of the last plus the input."""

    def __init__(self, num_features: int, growth: int) -> None:
        super().__init__()
        for i in range(1, 6):
            conv = nn.Conv2d(
                num_features + (i - 1) * growth, num_features if i == 5 else growth, 3, padding=1
            )
            nn.init.kaiming_normal_(conv.weight)
            conv.weight.data.mul_(0.1)
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
            self.add_module(f"conv{i}", conv)

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for i in range(1, 5):
            y = F.leaky_relu(self.get_submodule(f"conv{i}")(seen), 0.2)
            seen = torch.cat([seen, y], dim=1)
        last: Tensor = self.get_submodule("conv5")(seen)
        return x + RESIDUAL_SHARE * last


class RRDB(nn.Module):
    """Three dense blocks; 0.2 of what they make plus the input."""

    def __init__(self, num_features: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(num_features, growth)
        self.rdb2 = DenseBlock(num_features, growth)
        self.rdb3 = DenseBlock(num_features, growth)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return x + RESIDUAL_SHARE * y


class RRDBNet(nn.Module):
    """The generator of ESRGAN (Wang et al. 2018, arXiv:1809.00219) and of Real-ESRGAN (2021).

    16,697,987 parameters at x4 with 23 blocks, 4,467,779 with 6. Tensors are named as in the
    authors' files, so those load as they are (`sr.networks.rrdb_layouts` for older ones).

    Args:
        num_blocks: RRDBs.
        num_features: channels of the body.
        growth: channels that every convolution of a dense block adds.
        scale: 4; or 2 or 1, where 2x2 or 4x4 pixels of the input become channels first, as in
            Real-ESRGAN, and the network is the same behind that.
    """

    def __init__(
        self, *, num_blocks: int = 23, num_features: int = 64, growth: int = 32, scale: int = 4
    ) -> None:
        super().__init__()
        if scale not in (1, 2, 4):
            raise ConfigError(f"RRDBNet: scale {scale}; needed 1, 2 or 4")
        if min(num_blocks, num_features, growth) < 1:
            raise ConfigError(
                f"RRDBNet: num_blocks {num_blocks}, num_features {num_features}, growth {growth}; "
                "needed 1 or more"
            )
        self.scale = scale
        self.multiple_px = 4 // scale  # of both sides of what goes in
        self.enlarged_radius_px = 2
        self.config = {
            "num_blocks": num_blocks,
            "num_features": num_features,
            "growth": growth,
            "scale": scale,
        }
        self.conv_first = nn.Conv2d(3 * self.multiple_px**2, num_features, 3, padding=1)
        self.body = nn.Sequential(*(RRDB(num_features, growth) for _ in range(num_blocks)))
        self.conv_body = nn.Conv2d(num_features, num_features, 3, padding=1)
        self.conv_up1 = nn.Conv2d(num_features, num_features, 3, padding=1)
        self.conv_up2 = nn.Conv2d(num_features, num_features, 3, padding=1)
        self.conv_hr = nn.Conv2d(num_features, num_features, 3, padding=1)
        self.conv_last = nn.Conv2d(num_features, 3, 3, padding=1)

    def forward(self, lr: Tensor) -> Tensor:
        """Enlarge.

        Args:
            lr: (N, 3, H, W) float, RGB in [0, 1]; at scale 2 and 1 sides are multiples of 2 and 4.

        Returns:
            (N, 3, scale H, scale W), not clamped.

        Raises:
            ShapeError: not 4-D, not three channels, or a side that is no such multiple.
        """
        if lr.ndim != 4 or lr.shape[1] != 3:
            raise ShapeError(f"RRDBNet: input {tuple(lr.shape)}; needed (N, 3, H, W)")
        if lr.shape[2] % self.multiple_px or lr.shape[3] % self.multiple_px:
            raise ShapeError(
                f"RRDBNet: input {lr.shape[3]}x{lr.shape[2]}; at scale {self.scale} sides are "
                f"multiples of {self.multiple_px}"
            )
        return self.enlarged(self.features(lr), lr)

    def features(self, lr: Tensor) -> Tensor:
        """Everything up to low resolution: (N, 3, H, W) to (N, num_features, H, W)."""
        x = lr if self.multiple_px == 1 else F.pixel_unshuffle(lr, self.multiple_px)
        shallow = self.conv_first(x)
        deep: Tensor = shallow + self.conv_body(self.body(shallow))
        for conv in (self.conv_up1, self.conv_up2)[: self._low_steps]:
            deep = self._twice(conv, deep)
        return deep

    def enlarged(self, features: Tensor, lr: Tensor) -> Tensor:
        """The rest, at higher resolution: to (N, 3, scale H, scale W)."""
        x = features
        for conv in (self.conv_up1, self.conv_up2)[self._low_steps :]:
            x = self._twice(conv, x)
        last: Tensor = self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2))
        return last

    @property
    def _low_steps(self) -> int:
        """How many of the two enlargements by 2 only undo the unshuffling."""
        return {4: 0, 2: 1, 1: 2}[self.scale]

    @staticmethod
    def _twice(conv: nn.Module, x: Tensor) -> Tensor:
        return F.leaky_relu(conv(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2)


def receptive_radius_px(config: Mapping[str, Any]) -> int:
    """How far an output pixel sees more than rounding, in low-resolution pixels.

    Fifteen convolutions in a row in every block see 349 px with 23 blocks, but 0.2 of each block
    is what is added: what lies further than 16 + 3 a block changes no 8-bit pixel (a test tries
    it on every network that ships). A multiple of 4, for the unshuffling.
    """
    blocks = int(config["num_blocks"])
    seen = min(15 * blocks + 4, 16 + 3 * blocks) * (4 // int(config["scale"]))
    return -(-seen // 4) * 4

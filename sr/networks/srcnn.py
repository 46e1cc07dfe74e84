"""SRCNN: three convolutions that sharpen an enlargement by bicubic, on luma alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sr.base.errors import ConfigError, ShapeError
from sr.images.color import LUMA_WEIGHTS
from sr.images.resize import bicubic_values

LUMA_SHARES = tuple(weight / sum(LUMA_WEIGHTS) for weight in LUMA_WEIGHTS)


class SRCNN(nn.Module):
    """SRCNN (Dong et al. 2014, arXiv:1501.00092): bicubic, then a 9-1-5 or 9-5-5 network.

    8,129 parameters as 9-1-5, 57,281 as 9-5-5. Chroma stays bicubic: in YCbCr a change of luma
    is the same change of R, G and B, so the network's is added to all three.

    Args:
        scale: 2, 3, 4, 6 or 8.
        kernel: side of the second convolution: 1 (9-1-5) or 5 (9-5-5).
        residual: True lets the network give what bicubic lacks, not the luma itself (departure,
            as VDSR does), and starts from Kaiming's normal values; else from the paper's, of
            standard deviation 0.001.

    Departure in every form: the convolutions pad, so that the picture keeps its size in training
    too.
    """

    bicubic: Tensor
    luma: Tensor

    def __init__(self, *, scale: int = 4, kernel: int = 1, residual: bool = False) -> None:
        super().__init__()
        if kernel not in (1, 3, 5):
            raise ConfigError(f"SRCNN: kernel {kernel}; needed 1 (9-1-5), 3 (9-3-5) or 5 (9-5-5)")
        if scale < 2:
            raise ConfigError(f"SRCNN: scale {scale}; needed 2 or more")
        self.scale = scale
        self.residual = residual
        self.config: dict[str, int | bool] = {
            "scale": scale,
            "kernel": kernel,
            "residual": residual,
        }
        self.patches = nn.Conv2d(1, 64, 9, padding=4)
        self.mapping = nn.Conv2d(64, 32, kernel, padding=kernel // 2)
        self.reconstruction = nn.Conv2d(32, 1, 5, padding=2)
        self.register_buffer("bicubic", bicubic_kernels(scale), persistent=False)
        self.register_buffer("luma", torch.tensor(LUMA_SHARES).view(1, 3, 1, 1), persistent=False)
        for conv in (self.patches, self.mapping, self.reconstruction):
            if residual:
                nn.init.kaiming_normal_(conv.weight)
            else:
                nn.init.normal_(conv.weight, std=0.001)
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        if residual:
            self.reconstruction.weight.data.mul_(0.1)  # start near the plain bicubic picture

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
            raise ShapeError(f"SRCNN: input {tuple(lr.shape)}; needed (N, 3, H, W)")
        enlarged = self._bicubic(lr)
        luma = (enlarged * self.luma).sum(dim=1, keepdim=True)
        x = F.relu(self.mapping(F.relu(self.patches(luma))))
        answer: Tensor = self.reconstruction(x)
        return enlarged + (answer if self.residual else answer - luma)

    def _bicubic(self, lr: Tensor) -> Tensor:
        """MATLAB's bicubic without its rounding: every phase of the output is a 5x5 kernel."""
        height, width = lr.shape[2:]
        planes = lr.reshape(-1, 1, height, width)
        phases = F.conv2d(F.pad(planes, (2, 2, 2, 2), mode="replicate"), self.bicubic)
        enlarged: Tensor = F.pixel_shuffle(phases, self.scale)
        return enlarged.reshape(-1, 3, self.scale * height, self.scale * width)


def bicubic_kernels(scale: int) -> Tensor:
    """MATLAB's bicubic by an integer: (scale^2, 1, 5, 5), a kernel for every phase."""
    pixel = np.zeros((5, 5, 1), np.float32)
    pixel[2, 2] = 1
    # What one pixel gives to its neighbours, read backwards, is what a pixel takes from them.
    given = torch.from_numpy(bicubic_values(pixel, scale)[..., 0]).reshape(5, scale, 5, scale)
    return given.flip(0, 2).permute(1, 3, 0, 2).reshape(scale**2, 1, 5, 5).contiguous()


def receptive_radius_px(config: Mapping[str, Any]) -> int:
    """How far an output pixel sees, in low-resolution pixels: bicubic's 2, and 6 to 8 enlarged."""
    return 2 + math.ceil((4 + int(config["kernel"]) // 2 + 2) / int(config["scale"]))

"""Pictures as networks and metrics take them, and back: the one place where ranges change."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

CPU = torch.device("cpu")


def to_tensor(rgb: np.ndarray, device: torch.device = CPU) -> Tensor:
    """(H, W, 3) uint8 to (1, 3, H, W) float32 in [0, 1] on `device`; the array is copied."""
    return torch.from_numpy(rgb.copy()).to(device).permute(2, 0, 1)[None].float().div_(255)


def to_rgb(image: Tensor) -> np.ndarray:
    """(1, 3, H, W) float, clamped to [0, 1] and rounded, to (H, W, 3) uint8."""
    return (image[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()

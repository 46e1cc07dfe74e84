"""DISTS: how alike two pictures are in structure and texture, as VGG16 sees them."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sr.base.errors import BackboneError, ShapeError
from sr.metrics.backbones import backbone_dir, load_vgg16_features

LAYERS = (3, 8, 15, 22, 29)  # relu1_2, 2_2, 3_3, 4_3, 5_3 of VGG16
CHANNELS = (3, 64, 128, 256, 512, 512)  # the picture itself is the first map
STABLE = 1e-6  # both constants of the two comparisons
MIN_PX = 16  # four poolings leave one pixel


class Dists(nn.Module):
    """Deep image structure and texture similarity; 0 is equal.

    Mean, variance and covariance of each feature map are compared, not its pixels, so that another
    piece of the same texture counts as alike. VGG16's poolings are replaced by a blur of squares.

    Raises:
        BackboneError: VGG16's features or the learned weights are not to be had.

    Source: Ding et al. 2020, arXiv:2004.07728. Departure: pictures are not resized to 256 pixels
    first (the published code does that; the paper's text leaves it open).
    """

    alpha: Tensor
    beta: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = load_vgg16_features().eval().requires_grad_(False)
        alpha, beta = load_dists_weights()
        total = alpha.sum() + beta.sum()
        self.register_buffer("alpha", alpha / total, persistent=False)
        self.register_buffer("beta", beta / total, persistent=False)
        taps = torch.tensor([0.5, 1.0, 0.5])
        window = torch.outer(taps, taps)
        self.register_buffer("window", (window / window.sum())[None, None], persistent=False)

    def maps(self, rgb: Tensor) -> list[Tensor]:
        """The picture (N, 3, H, W) in [0, 1] and its features on LAYERS."""
        found = [rgb]
        x = (rgb - self.features.mean) / self.features.std
        for index, layer in enumerate(self.features.features):
            x = self._pooled(x) if isinstance(layer, nn.MaxPool2d) else layer(x)
            if index in LAYERS:
                found.append(x)
        return found

    def _pooled(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        window = self.window.expand(channels, 1, -1, -1).to(x.dtype)
        energy = F.conv2d(x * x, window, stride=2, padding=1, groups=channels)
        return (energy + 1e-12).sqrt()

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The distance of each picture; the gradient reaches both.

        Args:
            prediction: (N, 3, H, W), RGB in [0, 1].
            target: the same shape.

        Returns:
            (N,), 0 to about 1.

        Raises:
            ShapeError: shapes differ, or a side under 16 px.
        """
        if prediction.shape != target.shape or prediction.ndim != 4 or prediction.shape[1] != 3:
            raise ShapeError(
                f"dists: prediction {tuple(prediction.shape)}, target {tuple(target.shape)}; "
                "needed two of the same (N, 3, H, W)"
            )
        if min(prediction.shape[2:]) < MIN_PX:
            height, width = prediction.shape[2:]
            raise ShapeError(f"dists: image {width}x{height}; needed {MIN_PX}x{MIN_PX} px or more")
        alphas, betas = (w.split(CHANNELS, dim=1) for w in (self.alpha, self.beta))
        likeness = torch.zeros(prediction.shape[0], device=prediction.device)
        both = zip(self.maps(prediction), self.maps(target), alphas, betas, strict=True)
        for x, y, alpha, beta in both:
            x, y = x.float(), y.float()
            mean_x, mean_y = (map_.mean(dim=(2, 3), keepdim=True) for map_ in (x, y))
            var_x = (x - mean_x).square().mean(dim=(2, 3), keepdim=True)
            var_y = (y - mean_y).square().mean(dim=(2, 3), keepdim=True)
            covariance = (x * y).mean(dim=(2, 3), keepdim=True) - mean_x * mean_y
            texture = (2 * mean_x * mean_y + STABLE) / (mean_x**2 + mean_y**2 + STABLE)
            structure = (2 * covariance + STABLE) / (var_x + var_y + STABLE)
            likeness = likeness + (alpha * texture + beta * structure).sum(dim=(1, 2, 3))
        return 1 - likeness


def load_dists_weights() -> tuple[Tensor, Tensor]:
    """The learned weights of texture and of structure, (1, 1475, 1, 1) each.

    From the folder NITIDEZ_BACKBONES (`dists_alpha_beta.safetensors`) or the `DISTS-pytorch`
    package, which is not needed for anything else.

    Raises:
        BackboneError: in neither place.
    """
    path = (backbone_dir() or Path()) / "dists_alpha_beta.safetensors"
    if path.is_file():
        from safetensors.torch import load_file

        state = load_file(path)
    else:
        path = _installed_weights()
        state = torch.load(path, map_location="cpu", weights_only=True)
    return state["alpha"].float(), state["beta"].float()


def _installed_weights() -> Path:
    spec = importlib.util.find_spec("DISTS_pytorch")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).with_name("weights.pt")
        if path.is_file():
            return path
    raise BackboneError("no weights of DISTS: pip install DISTS-pytorch brings them")


@lru_cache(maxsize=1)
def default_dists() -> Dists:
    """The distance, loaded once.

    Raises:
        BackboneError: what it needs is not to be had (asked again at the next call).
    """
    return Dists()

"""What a generator is trained for: pixels and perceptual content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import wrap_torch_function

from sr.base.errors import BackboneError, ConfigError
from sr.images.color import luma_y
from sr.metrics.backbones import (
    VggFeatures,
    load_lpips_heads,
    load_vgg16_features,
    load_vgg19_features,
)
from sr.metrics.dists import Dists

CHARBONNIER = 1e-3  # error below which the Charbonnier loss is no longer the absolute one
PSNR_CEILING_DB = 42  # perfect crops would have infinitely many
OUTSIDE_DB = 250.0  # what the PSNR loss takes for values 1 outside of [0, 1], as a mean over pixels
REAL_ESRGAN_LAYERS = {2: 0.1, 7: 0.1, 16: 1.0, 25: 1.0, 34: 1.0}  # conv1_2, 2_2, 3_4, 4_4, 5_4
LPIPS_LAYERS = (3, 8, 15, 22, 29)  # relu1_2, 2_2, 3_3, 4_3, 5_3 of VGG16


def pixel_loss(kind: str) -> Callable[[Tensor, Tensor], Tensor]:
    """Mean absolute ("l1") or mean squared ("mse") error of images in [0, 1]; `charbonnier_loss`,
    `psnr_loss`, `mse_ssim_loss`.
    """
    losses: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "l1": F.l1_loss,
        "mse": F.mse_loss,
        "charbonnier": charbonnier_loss,
        "psnr": psnr_loss,
        "mse_ssim": mse_ssim_loss,
    }
    return losses[kind]


def charbonnier_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of sqrt(d^2 + 0.001^2): the absolute error, smooth at zero; images in [0, 1].

    Source: Lai et al. 2017, arXiv:1704.03915, section 3.3.
    """
    return ((prediction - target).square() + CHARBONNIER**2).sqrt().mean()


def total_variation(image: Tensor) -> Tensor:
    """Mean absolute step to the next pixel, to the right and downwards; of (N, C, H, W).

    Ledig et al. 2017 add it to the loss of SRResNet-VGG22, as a sum with weight 2e-8.
    """
    return image.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()


def psnr_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Minus the mean over images of PSNR on luma, in dB: what papers report, as a loss.

    A mean of squared errors over a batch is ruled by its most detailed crops; this one counts the
    decibels of all crops alike. A tenth of the squared error of R, G and B holds the colours. The
    logarithm hardly minds an answer that runs away, so values that no picture has cost more: about
    as much as an ordinary error in proportion to how far outside they are.

    Args:
        prediction: (N, 3, H, W), RGB in [0, 1], unclamped.
        target: the same shape.

    Returns:
        A number in dB, usually negative. No crop counts as more than PSNR_CEILING_DB.
    """
    outside = (prediction - prediction.clamp(0, 1)).abs().mean()
    luma = ((luma_y(prediction) - luma_y(target)) / 255).square().mean(dim=(1, 2, 3))
    colour = (prediction - target).square().mean(dim=(1, 2, 3))
    decibels = 10 * torch.log10(luma + 0.1 * colour + 10 ** (-PSNR_CEILING_DB / 10)).mean()
    return decibels + OUTSIDE_DB * outside


def mse_ssim_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean squared error and a tenth of what SSIM lacks to 1 (Qiao et al. 2021).

    Departure: on the fixed range [0, 1], not on each batch's from minimum to maximum.

    Args:
        prediction: (N, C, H, W), sides of 11 or more.
        target: the same shape.
    """
    from pytorch_msssim import ssim

    return F.mse_loss(prediction, target) + 0.1 * (1 - ssim(prediction, target, data_range=1.0))


class FeatureLoss(nn.Module):
    """Mean squared difference of VGG features times (1 / 12.75)^2 is the paper's content loss.

    Args:
        features: frozen network, (N, 3, H, W) RGB in [0, 1] to feature maps.

    The weight, and with it the rescaling, is the caller's. Source: Ledig et al. 2017,
    section 2.2.1.
    """

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features.eval().requires_grad_(False)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1], unclamped; the gradient reaches `prediction`."""
        with torch.no_grad():
            wanted = self.features(target)
        return F.mse_loss(self.features(prediction), wanted)


class LayersLoss(nn.Module):
    """Mean absolute differences of VGG's convolutions before their ReLU, each with its weight.

    Args:
        features: VGG up to the last of the layers.
        weights: of layers, by their index in `features.features`.

    Source: Wang et al. 2018 (ESRGAN), section 3.3, on conv5_4 alone; Wang et al. 2021
    (Real-ESRGAN) on one layer of each size.
    """

    def __init__(self, features: VggFeatures, weights: Mapping[int, float]) -> None:
        super().__init__()
        self.features = features
        self.weights = dict(weights)

    def maps(self, image: Tensor) -> list[Tensor]:
        """Images (N, 3, H, W) in [0, 1] to the layers before their ReLU."""
        x = (image - self.features.mean) / self.features.std
        found = []
        for index, layer in enumerate(self.features.features):
            x = F.relu(x) if isinstance(layer, nn.ReLU) else layer(x)  # never in place
            if index in self.weights:
                found.append(x)
        return found

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1], unclamped; the gradient reaches `prediction`."""
        with torch.no_grad():
            wanted = self.maps(target)
        layers = zip(self.maps(prediction), wanted, self.weights.values(), strict=True)
        return torch.stack([weight * F.l1_loss(x, y) for x, y, weight in layers]).sum()


class LpipsLoss(nn.Module):
    """LPIPS on VGG16 with the learned heads of version 0.1, as a loss.

    Source: Zhang et al. 2018, arXiv:1801.03924, equation 1. Evaluate with another backbone
    (AlexNet): a network wins the very metric it was trained for.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = load_vgg16_features().eval().requires_grad_(False)
        for index, head in enumerate(load_lpips_heads("vgg")):
            self.register_buffer(f"head{index}", head.reshape(1, -1, 1, 1))

    def maps(self, image: Tensor) -> list[Tensor]:
        """Features of images (N, 3, H, W) in [0, 1] on all LPIPS_LAYERS."""
        return self.features.maps(image, LPIPS_LAYERS)

    def forward(
        self, prediction: Tensor | Sequence[Tensor], target: Tensor | Sequence[Tensor]
    ) -> Tensor:
        """Mean over the batch; images (N, 3, H, W) in [0, 1], unclamped, or their `maps`."""
        with torch.no_grad():
            wanted = self.maps(target) if isinstance(target, Tensor) else target
        found = self.maps(prediction) if isinstance(prediction, Tensor) else prediction
        heads = [getattr(self, f"head{index}") for index in range(len(LPIPS_LAYERS))]
        distances = [lpips_distance(*layer) for layer in zip(found, wanted, heads, strict=True)]
        return torch.stack(distances).sum()


class DistsLoss(nn.Module):
    """DISTS as a loss: alike in structure and texture, not pixel by pixel.

    Source: Ding et al. 2020, arXiv:2004.07728. Evaluate with another metric than it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.distance = Dists().eval().requires_grad_(False)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Mean over the batch of images (N, 3, H, W) in [0, 1], unclamped, of 16 px or more."""
        distances: Tensor = self.distance(prediction, target)
        return distances.mean()


@wrap_torch_function(lambda x, wanted, head: (x, wanted, head))  # a mode may do it in its place
def lpips_distance(x: Tensor, wanted: Tensor, head: Tensor) -> Tensor:
    """LPIPS on one layer: the mean over pixels; a scalar in float32.

    Args:
        x: (N, C, H, W) features of the prediction, which the gradient reaches.
        wanted: those of the target, taken as constant.
        head: (1, C, 1, 1), the weight of each channel.
    """
    difference = (_unit(x.float()) - _unit(wanted.detach().float())) ** 2
    return (difference * head).sum(dim=1).mean()


def _unit(x: Tensor) -> Tensor:
    """Each pixel's feature vector at length one."""
    return x * torch.rsqrt((x * x).sum(dim=1, keepdim=True) + 1e-10)


def build_content_loss(name: str) -> nn.Module | None:
    """The content loss of a preset; None for "none".

    Raises:
        BackboneError: its features are not to be had. Never random features.
        ConfigError: unknown name.
    """
    if name == "none":
        return None
    if name not in CONTENT_LOSSES:
        raise ConfigError(f"no content loss {name!r}; known: none, {', '.join(CONTENT_LOSSES)}")
    try:
        return CONTENT_LOSSES[name]()
    except BackboneError as error:
        others = [other for other in CONTENT_LOSSES if other != name and _is_there(other)]
        hint = " or ".join(f"--set content={other}" for other in others)
        raise BackboneError(
            f"content={name}: {error}" + (f"; with what is here, {hint} works" if hint else "")
        ) from error


CONTENT_LOSSES: dict[str, Callable[[], nn.Module]] = {
    "vgg19_54": lambda: FeatureLoss(load_vgg19_features(last="conv5_4")),
    "vgg19_22": lambda: FeatureLoss(load_vgg19_features(last="conv2_2")),
    "esrgan": lambda: LayersLoss(load_vgg19_features(last="conv5_4"), {34: 1.0}),
    "real_esrgan": lambda: LayersLoss(load_vgg19_features(last="conv5_4"), REAL_ESRGAN_LAYERS),
    "vgg16_53": lambda: FeatureLoss(load_vgg16_features(last="conv5_3")),
    "lpips_vgg16": LpipsLoss,
    "dists": DistsLoss,
}


def _is_there(name: str) -> bool:
    """Can this content loss be built here?"""
    try:
        CONTENT_LOSSES[name]()
    except BackboneError:
        return False
    return True

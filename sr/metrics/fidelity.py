"""PSNR, SSIM and LPIPS as the super-resolution papers compute them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sr.base.errors import BackboneError, ShapeError
from sr.images.color import luma_y
from sr.images.tensors import to_tensor
from sr.metrics.backbones import load_state
from sr.metrics.result import Measurement as Measurement

logger = logging.getLogger(__name__)

Channel = Literal["y", "rgb"]
LPIPS_MIN_PX = 32  # AlexNet's pooling leaves nothing of smaller images


def psnr(prediction: Tensor, target: Tensor, *, crop_px: int, channel: Channel = "y") -> Tensor:
    """Peak signal-to-noise ratio of each image, in dB.

    Args:
        prediction: (N, 3, H, W) float, RGB in [0, 1]; clamped before use.
        target: same shape and device.
        crop_px: pixels cut from every border first (4 for x4 in the paper).
        channel: "y" is BT.601 luma (16-235), peak 255; "rgb" pools the three.

    Returns:
        (N,) float64 on the same device. Identical images give inf, no epsilon.

    Raises:
        ShapeError: shapes differ, not (N, 3, H, W), or the crop leaves nothing.

    Source: Ledig et al. 2017, arXiv:1609.04802v5, section 3.1.
    """
    a, b = _prepare("psnr", prediction, target, crop_px, channel, min_px=1)
    mean_square = (a - b).square().mean(dim=(1, 2, 3))
    return 10 * torch.log10(255.0**2 / mean_square)


def ssim(prediction: Tensor, target: Tensor, *, crop_px: int, channel: Channel = "y") -> Tensor:
    """Structural similarity of each image.

    An 11x11 Gaussian window of sigma 1.5 on the valid area, C1 = (0.01 * 255)^2,
    C2 = (0.03 * 255)^2; per channel, then the mean.

    Args:
        prediction: (N, 3, H, W) float, RGB in [0, 1]; clamped before use.
        target: same shape and device.
        crop_px: pixels cut from every border first.
        channel: "y" is BT.601 luma (16-235); "rgb" the mean of three.

    Returns:
        (N,) float64, at most 1.

    Raises:
        ShapeError: shapes differ, not (N, 3, H, W), or less than 11x11 px after the crop.

    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural
    similarity".
    """
    x, y = _prepare("ssim", prediction, target, crop_px, channel, min_px=11)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    offset = torch.arange(11, dtype=torch.float64, device=x.device) - 5
    window = torch.exp(-(offset**2) / (2 * 1.5**2))
    window = window / window.sum()
    channels = x.shape[1]
    column = window.view(1, 1, 11, 1).expand(channels, 1, 11, 1)
    row = window.view(1, 1, 1, 11).expand(channels, 1, 1, 11)

    def blur(image: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(image, column, groups=channels), row, groups=channels)

    mean_x, mean_y = blur(x), blur(y)
    var_x, var_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    similarity = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    return similarity.mean(dim=(1, 2, 3))


def _prepare(
    name: str, prediction: Tensor, target: Tensor, crop_px: int, channel: Channel, *, min_px: int
) -> tuple[Tensor, Tensor]:
    """Check, clamp, to float64 in 0-255, to the channel, crop."""
    if prediction.shape != target.shape:
        raise ShapeError(
            f"{name}: prediction {tuple(prediction.shape)}, target {tuple(target.shape)}; cut the "
            "HR image with sr.images.resize.modcrop(image, scale) first"
        )
    if prediction.ndim != 4 or prediction.shape[1] != 3:
        raise ShapeError(f"{name}: images {tuple(prediction.shape)}; needed (N, 3, H, W)")
    height, width = (side - 2 * crop_px for side in prediction.shape[2:])
    if min(height, width) < min_px:
        raise ShapeError(
            f"{name}: {width}x{height} px are left after cutting {crop_px} px on each side; "
            f"needed {min_px}x{min_px} or more"
        )
    images = []
    for image in (prediction, target):
        image = image.double().clamp(0, 1)
        image = luma_y(image) if channel == "y" else image * 255
        images.append(
            image[:, :, crop_px : image.shape[2] - crop_px, crop_px : image.shape[3] - crop_px]
        )
    return images[0], images[1]


class Lpips:
    """Learned perceptual distance with the `lpips` package's version 0.1 heads.

    Args:
        net: "alex" (AlexNet, the usual one for reporting).

    Raises:
        BackboneError: AlexNet's features are not to be had; never random features.

    Source: Zhang et al. 2018, arXiv:1801.03924.
    """

    def __init__(self, net: Literal["alex"] = "alex") -> None:
        import warnings

        state = load_state("alexnet")
        try:
            import lpips
        except ImportError as error:
            raise BackboneError(f"the lpips package cannot be imported ({error})") from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model: nn.Module = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
        backbone: nn.Module = model.net  # type: ignore[assignment]
        slices = {key.split(".", 1)[1]: key for key in backbone.state_dict()}  # "0.weight": ...
        try:
            wanted = {slices[key.removeprefix("features.")]: value for key, value in state.items()}
            backbone.load_state_dict(wanted, strict=True)
        except (KeyError, RuntimeError) as error:
            raise BackboneError(
                f"the alexnet features are not torchvision's ({' '.join(str(error).split())}); see "
                "that NITIDEZ_BACKBONES holds the right alexnet_*.safetensors"
            ) from error
        self.model = model.eval().requires_grad_(False)

    def __call__(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Distance of each image; 0 is equal.

        Args:
            prediction: (N, 3, H, W) float, RGB in [0, 1]; clamped; not cropped.
            target: same shape.

        Returns:
            (N,) float64.

        Raises:
            ShapeError: shapes differ, or a side under 32 px.
        """
        if prediction.shape != target.shape or prediction.ndim != 4 or prediction.shape[1] != 3:
            raise ShapeError(
                f"lpips: prediction {tuple(prediction.shape)}, target {tuple(target.shape)}; "
                "needed two of the same (N, 3, H, W)"
            )
        if min(prediction.shape[2:]) < LPIPS_MIN_PX:
            raise ShapeError(
                f"lpips: image {prediction.shape[3]}x{prediction.shape[2]}; "
                f"needed {LPIPS_MIN_PX}x{LPIPS_MIN_PX} px or more"
            )
        with torch.inference_mode():
            distance: Tensor = self.model(
                2 * prediction.float().clamp(0, 1) - 1, 2 * target.float().clamp(0, 1) - 1
            )
        return distance.flatten().double()


@lru_cache(maxsize=1)
def default_lpips() -> Lpips:
    """The AlexNet distance, loaded once.

    Raises:
        BackboneError: its features are not to be had; a failed download is not tried again
            for ten minutes.
    """
    return Lpips()


def measure(
    prediction: np.ndarray,
    reference: np.ndarray,
    *,
    crop_px: int,
    lpips: Callable[[Tensor, Tensor], Tensor] | Literal["auto"] | None = "auto",
) -> Measurement:
    """PSNR-Y, SSIM-Y (cropped) and LPIPS-Alex (whole image) of one picture.

    Args:
        prediction: (H, W, 3) uint8, RGB.
        reference: same shape.
        crop_px: for PSNR and SSIM; by convention the scale.
        lpips: a loaded distance, None to leave it out, "auto" to load it if it is to be had.

    Raises:
        ShapeError: not two uint8 (H, W, 3) of the same size, or nothing left after the crop.
    """
    for array in (prediction, reference):
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
            raise ShapeError(f"measure: {array.dtype} array {array.shape}; needed uint8 (H, W, 3)")
    a, b = to_tensor(prediction), to_tensor(reference)
    notes: list[str] = []
    psnr_y = float(psnr(a, b, crop_px=crop_px))
    ssim_y: float | None = None
    lpips_alex: float | None = None
    try:
        ssim_y = float(ssim(a, b, crop_px=crop_px))
    except ShapeError as error:
        notes.append(str(error))
    if lpips is not None:
        try:
            distance = default_lpips() if lpips == "auto" else lpips
            lpips_alex = float(distance(a, b))
        except (BackboneError, ShapeError) as error:
            notes.append(str(error))
    return Measurement(psnr_y, ssim_y, lpips_alex, "; ".join(notes) or None)

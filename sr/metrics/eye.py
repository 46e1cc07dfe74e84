"""What an eye can see of a difference at so many pixels per degree of visual angle.

One model of the eye serves all: contrast sensitivity as fitted by Andersson et al. 2020 (FLIP) to
Johnson and Fairchild 2003, on linear opponent colours. Pictures are filtered with it, and compared
afterwards.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sr.base.errors import ConfigError, ShapeError
from sr.metrics.threshold import SEEN_SHARE, check_ppd

# Sensitivity of each channel: the sum of a exp(-b f^2), f in cycles per degree.
# Source: Andersson et al. 2020, "FLIP: a difference evaluator for alternating images", table 1.
SENSITIVITY = (
    ((1.0, 0.0047),),  # achromatic
    ((1.0, 0.0053),),  # red-green
    ((34.1, 0.04), (13.5, 0.025)),  # blue-yellow
)
CPU = torch.device("cpu")
# Linear sRGB to XYZ, IEC 61966-2-1; white is D65.
RGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)


def contrast_filter(images: Tensor, *, ppd: float) -> Tensor:
    """What the eye leaves of pictures: detail too fine to be seen is gone.

    Args:
        images: (N, 3, H, W) float, sRGB in [0, 1].
        ppd: pixels per degree of visual angle, 5 to 500.

    Returns:
        The same shape and range, float64. Even areas are unchanged.

    Raises:
        ShapeError: not (N, 3, H, W).
        ConfigError: ppd out of range.

    Source: Andersson et al. 2020 (see SENSITIVITY), section 4.1.1.
    """
    opponent = _filtered(_linear_opponent(images), ppd)
    return _srgb(_from_opponent(opponent)).clamp(0, 1)


def colour_difference(prediction: Tensor, target: Tensor, *, ppd: float) -> Tensor:
    """S-CIELAB: CIE 1976 colour difference of every pixel after the contrast filter.

    Args:
        prediction: (N, 3, H, W) float, sRGB in [0, 1].
        target: same shape.
        ppd: pixels per degree, 5 to 500.

    Returns:
        (N, H, W) float64; 2.3 is just noticeable.

    Raises:
        ShapeError: shapes differ, or not (N, 3, H, W).
        ConfigError: ppd out of range.

    Source: Zhang and Wandell 1997, "A spatial extension of CIELAB for digital color-image
    reproduction", with the contrast sensitivity of `contrast_filter`.
    """
    _check_pair("colour_difference", prediction, target)
    first, second = (seen_lab(image, ppd=ppd) for image in (prediction, target))
    return (first - second).square().sum(dim=1).sqrt()


def seen_lab(images: Tensor, *, ppd: float) -> Tensor:
    """CIE 1976 L*a*b* of pictures after the contrast filter.

    Args, Raises: as `contrast_filter`.

    Returns:
        The same shape, float64.
    """
    return _lab(_from_opponent(_filtered(_linear_opponent(images), ppd)).clamp(0, 1))


def visible_difference(prediction: Tensor, target: Tensor, *, ppd: float) -> Tensor:
    """The colour difference that 5 % of the pixels reach.

    Args, Raises: as `colour_difference`.

    Returns:
        (N,) float64; under 2.3 the two can hardly be told apart.
    """
    _check_pair("visible_difference", prediction, target)
    return reached_difference(seen_lab(prediction, ppd=ppd), seen_lab(target, ppd=ppd))


def reached_difference(first: Tensor, second: Tensor) -> Tensor:
    """The colour difference that 5 % of the pixels reach, of two results of `seen_lab`: (N,)."""
    difference = (first - second).square().sum(dim=1).sqrt().flatten(1)
    return torch.from_numpy(np.quantile(difference.numpy(), 1 - SEEN_SHARE, axis=1))


def flip(prediction: Tensor, target: Tensor, *, ppd: float) -> Tensor:
    """Mean FLIP of each image, by NVIDIA's own program.

    Args, Raises: as `colour_difference`; also ConfigError where flip-evaluator is missing.

    Returns:
        (N,) float64, 0 (equal) to 1.

    Source: Andersson et al. 2020, doi:10.1145/3406183.
    """
    _check_pair("flip", prediction, target)
    check_ppd(ppd)
    try:
        import flip_evaluator
    except ImportError as error:
        raise ConfigError(
            f"FLIP needs flip-evaluator ({error}): python -m pip install -r requirements.txt"
        ) from error
    found = []
    for test, reference in zip(prediction, target, strict=True):
        arrays = [
            np.ascontiguousarray(image.clamp(0, 1).permute(1, 2, 0).float().numpy())
            for image in (reference, test)
        ]
        _, mean, _ = flip_evaluator.evaluate(
            *arrays, "LDR", applyMagma=False, parameters={"ppd": float(ppd)}
        )
        found.append(float(mean))
    return torch.tensor(found, dtype=torch.float64)


def colorvideovdp(prediction: Tensor, target: Tensor, *, ppd: float) -> Tensor:
    """Quality by ColorVideoVDP, where it is installed: `python -m pip install cvvdp`.

    Of a display of 200 cd/m2 in office light (its "standard_4k"), at the given density.

    Args, Raises: as `colour_difference`; also ConfigError where cvvdp is missing.

    Returns:
        (N,) float64 in JOD: 10 is no difference, one less is seen by three of four people.

    Source: Mantiuk et al. 2024, doi:10.1145/3658144.
    """
    _check_pair("colorvideovdp", prediction, target)
    metric = _colorvideovdp(check_ppd(ppd))
    found = [
        float(metric.predict(test[None].float(), reference[None].float(), dim_order="BCHW")[0])
        for test, reference in zip(prediction, target, strict=True)
    ]
    return torch.tensor(found, dtype=torch.float64)


@lru_cache(maxsize=16)
def _colorvideovdp(ppd: float) -> Any:
    try:
        import pycvvdp
    except ImportError as error:
        raise ConfigError(
            f"ColorVideoVDP needs cvvdp ({error}): python -m pip install cvvdp"
        ) from error
    geometry = pycvvdp.vvdp_display_geometry((3840, 2160), ppd=ppd)
    return pycvvdp.cvvdp("standard_4k", display_geometry=geometry, quiet=True, device=CPU)


def _check_pair(name: str, prediction: Tensor, target: Tensor) -> None:
    if prediction.shape != target.shape:
        raise ShapeError(
            f"{name}: prediction {tuple(prediction.shape)}, target {tuple(target.shape)}; needed "
            "the same size"
        )


def _linear_opponent(images: Tensor) -> Tensor:
    """sRGB to the linear opponent space YCxCz, relative to white."""
    if images.ndim != 4 or images.shape[1] != 3:
        raise ShapeError(f"images {tuple(images.shape)}; needed (N, 3, H, W)")
    rgb = images.double().clamp(0, 1)
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x, y, z = _xyz(linear).unbind(dim=1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=1)


def _xyz(linear: Tensor) -> Tensor:
    """XYZ divided by that of white."""
    matrix = linear.new_tensor(RGB_TO_XYZ)
    matrix = matrix / matrix.sum(dim=1, keepdim=True)
    return torch.einsum("ij,njhw->nihw", matrix, linear)


def _from_opponent(opponent: Tensor) -> Tensor:
    """YCxCz to linear RGB, not cut to [0, 1]."""
    first, second, third = opponent.unbind(dim=1)
    y = (first + 16) / 116
    xyz = torch.stack((y + second / 500, y, y - third / 200), dim=1)
    matrix = xyz.new_tensor(RGB_TO_XYZ)
    inverse = torch.linalg.inv(matrix / matrix.sum(dim=1, keepdim=True))
    return torch.einsum("ij,njhw->nihw", inverse, xyz)


def _srgb(linear: Tensor) -> Tensor:
    linear = linear.clamp(0, 1)
    return torch.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp_min(1e-9) ** (1 / 2.4) - 0.055
    )


def _lab(linear: Tensor) -> Tensor:
    """CIE 1976 L*a*b* under D65."""
    xyz = _xyz(linear)
    edge = 6 / 29
    root = torch.where(xyz > edge**3, xyz.clamp_min(1e-9) ** (1 / 3), xyz / (3 * edge**2) + 4 / 29)
    x, y, z = root.unbind(dim=1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=1)


def _filtered(channels: Tensor, ppd: float) -> Tensor:
    """Every channel through its own sensitivity, edges repeated outwards."""
    check_ppd(ppd)
    widest = max(b for parts in SENSITIVITY for _, b in parts)
    radius = math.ceil(4 * math.sqrt(widest / 2) / math.pi * ppd)  # four standard deviations
    padded = F.pad(channels, (radius,) * 4, mode="replicate")
    height, width = padded.shape[2:]
    vertical = torch.fft.fftfreq(height, dtype=torch.float64)[:, None] * ppd
    horizontal = torch.fft.rfftfreq(width, dtype=torch.float64)[None, :] * ppd
    square = vertical**2 + horizontal**2
    gain = torch.stack(
        [
            sum((a * torch.exp(-b * square) for a, b in parts), torch.zeros_like(square))
            / sum(a for a, _ in parts)
            for parts in SENSITIVITY
        ]
    )
    filtered = torch.fft.irfft2(torch.fft.rfft2(padded) * gain, s=(height, width))
    return filtered[:, :, radius : height - radius, radius : width - radius]

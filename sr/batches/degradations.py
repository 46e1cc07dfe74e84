"""What happens to a picture between the lens and the file: blur, resizing, noise, JPEG, ringing.

The second-order model of Real-ESRGAN: a picture is blurred, resized, made noisy and compressed, and
then all that once more, as if it had been sent on. Everything is drawn from one generator, so that
a seed gives the same picture again.

Source: Wang et al. 2021, arXiv:2107.10833, section 3 and its published settings. Departures: the
target is the photograph itself, not a sharpened copy; some pictures are reduced by bicubic alone,
so that clean ones stay clean (`Recipe.clean_share`).
"""

from __future__ import annotations

import dataclasses
import io
import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy.special import j1
from torch import Tensor
from torch.nn import functional as F

from sr.data.pairs import Strength
from sr.images.tensors import to_tensor

Range = tuple[float, float]
RESIZE_MODES = ("area", "bilinear", "bicubic")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The ranges of one of the two rounds."""

    blur_share: float  # of pictures that are blurred
    sigma: Range  # of the blur, pixels
    resize_shares: tuple[float, float, float]  # up, down, as it is
    resize: Range  # factor of each side
    gaussian: Range  # standard deviation of the noise, grey levels
    poisson: Range  # scale of the photon noise
    jpeg: Range  # quality
    sinc_share: float = 0.1  # of the blurs that ring instead
    beta_gaussian: Range = (0.5, 4.0)  # exponent of the generalised Gaussian kernel
    beta_plateau: Range = (1.0, 2.0)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Both rounds, and what stands at the end."""

    first: Stage
    second: Stage
    gaussian_share: float = 0.5  # of the noise; the rest is photon noise
    grey_share: float = 0.4  # of the noise that is equal in all channels
    final_sinc_share: float = 0.8
    clean_share: float = 0.0  # of pictures that bicubic alone reduces


REAL_ESRGAN = Recipe(
    first=Stage(
        blur_share=1.0,
        sigma=(0.2, 3.0),
        resize_shares=(0.2, 0.7, 0.1),
        resize=(0.15, 1.5),
        gaussian=(1, 30),
        poisson=(0.05, 3.0),
        jpeg=(30, 95),
    ),
    second=Stage(
        blur_share=0.8,
        sigma=(0.2, 1.5),
        resize_shares=(0.3, 0.4, 0.3),
        resize=(0.3, 1.2),
        gaussian=(1, 25),
        poisson=(0.05, 2.5),
        jpeg=(30, 95),
    ),
    clean_share=0.1,
)


def _strength(sigma: Range, resize: Range, noise: Range, quality: Range) -> Recipe:
    """Both rounds in a narrow range, so that pictures of a test set are alike; nothing rings."""
    first = Stage(
        blur_share=1.0,
        sigma=sigma,
        sinc_share=0.0,
        resize_shares=(0.0, 1.0, 0.0),
        resize=resize,
        gaussian=noise,
        poisson=(noise[0] / 20, noise[1] / 20),
        jpeg=quality,
    )
    second = dataclasses.replace(first, sigma=(sigma[0] / 2, sigma[1] / 2))
    return Recipe(first=first, second=second, final_sinc_share=0.0)


# What test sets are degraded by: a good phone, a usual one, a messenger in the dark.
STRENGTHS: dict[Strength, Recipe] = {
    "light": _strength((0.2, 0.8), (0.7, 1.0), (0.5, 2.0), (80, 95)),
    "middle": _strength((0.6, 1.4), (0.5, 1.0), (2.0, 6.0), (55, 80)),
    "strong": _strength((1.2, 2.4), (0.3, 0.7), (5.0, 15.0), (30, 55)),
}


def degraded_pixels(rgb: np.ndarray, scale: int, recipe: Recipe, *, seed: int) -> np.ndarray:
    """`degrade` of a picture (H, W, 3) uint8; the same seed gives the same picture."""
    small = degrade(to_tensor(rgb)[0], scale, np.random.default_rng(seed), recipe)
    return small.mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def degrade(hr: Tensor, scale: int, rng: np.random.Generator, recipe: Recipe) -> Tensor:
    """A low-resolution version as a phone and two messengers would leave it.

    Args:
        hr: (3, H, W) RGB in [0, 1]; both sides multiples of `scale`.
        scale: integer factor.
        rng: all chance comes from it.
        recipe: the ranges.

    Returns:
        (3, H / scale, W / scale) in [0, 1], of 256 levels, on the device of `hr`.
    """
    size = (hr.shape[1] // scale, hr.shape[2] // scale)
    if rng.random() < recipe.clean_share:
        return _eight_bit(_resized(hr, size, "bicubic", antialias=True))
    image = hr
    stage = recipe.first
    image = _blurred(image, stage, rng)
    factor = _factor(stage, rng)
    image = _resized(image, _scaled(hr.shape[1:], factor), str(rng.choice(RESIZE_MODES)))
    image = _jpeg(_noisy(image, stage, recipe, rng), stage, rng)
    stage = recipe.second
    image = _blurred(image, stage, rng)
    factor = _factor(stage, rng)
    image = _resized(image, _scaled(size, factor), str(rng.choice(RESIZE_MODES)))
    image = _noisy(image, stage, recipe, rng)
    mode = str(rng.choice(RESIZE_MODES))
    rings = rng.random() < recipe.final_sinc_share
    if rng.random() < 0.5:
        image = _jpeg(_rung(_resized(image, size, mode), rng, rings), stage, rng)
    else:
        image = _rung(_resized(_jpeg(image, stage, rng), size, mode), rng, rings)
    return _eight_bit(image)


def degraded(
    hr: Tensor,
    scale: int,
    recipe: Recipe,
    *,
    generator: torch.Generator,
    part: tuple[int, int] = (0, 1),
) -> Tensor:
    """Low-resolution versions of a batch (N, 3, H, W), each by `degrade` with chance of its own.

    Args:
        generator: of the CPU, in the same state in every process.
        part: which part of the batch this is, and of how many.
    """
    index, parts = part
    size = hr.shape[0]
    seeds = torch.randint(2**62, (size * parts,), generator=generator)
    rngs = [np.random.default_rng(seed) for seed in seeds[index * size :][:size].tolist()]
    small = [degrade(image, scale, rng, recipe) for image, rng in zip(hr, rngs, strict=True)]
    return torch.stack(small).contiguous(memory_format=torch.channels_last)


def _eight_bit(image: Tensor) -> Tensor:
    return image.clamp(0, 1).mul(255).round().div(255)


def _scaled(size: tuple[int, ...], factor: float) -> tuple[int, int]:
    return max(8, round(size[0] * factor)), max(8, round(size[1] * factor))


def _factor(stage: Stage, rng: np.random.Generator) -> float:
    way = rng.choice(3, p=stage.resize_shares)
    low, high = stage.resize
    limits = ((1.0, max(1.0, high)), (low, min(1.0, high)), (1.0, 1.0))[way]
    return float(rng.uniform(*limits))


def _resized(image: Tensor, size: tuple[int, int], mode: str, antialias: bool = False) -> Tensor:
    if tuple(image.shape[1:]) == size:
        return image
    return F.interpolate(image[None], size=size, mode=mode, antialias=antialias)[0].clamp(0, 1)


def _blurred(image: Tensor, stage: Stage, rng: np.random.Generator) -> Tensor:
    if rng.random() >= stage.blur_share:
        return image
    return filtered(image, blur_kernel(stage, rng))


def _rung(image: Tensor, rng: np.random.Generator, rings: bool) -> Tensor:
    if not rings:
        return image
    side = 2 * int(rng.integers(3, 11)) + 1
    return filtered(image, sinc_kernel(side, float(rng.uniform(math.pi / 3, math.pi))))


def filtered(image: Tensor, kernel: np.ndarray) -> Tensor:
    """(3, H, W) convolved with an odd square kernel, borders mirrored; clamped to [0, 1]."""
    margin = kernel.shape[0] // 2
    weight = torch.from_numpy(kernel).to(image).expand(3, 1, -1, -1)
    fits = margin < min(image.shape[1:])
    padded = F.pad(image[None], (margin,) * 4, mode="reflect" if fits else "replicate")
    return F.conv2d(padded, weight, groups=3)[0].clamp(0, 1)


def blur_kernel(stage: Stage, rng: np.random.Generator) -> np.ndarray:
    """A kernel as cameras have them: Gaussian, generalised Gaussian, plateau, or one that rings."""
    side = 2 * int(rng.integers(3, 11)) + 1
    if rng.random() < stage.sinc_share:
        low = math.pi / 3 if side < 13 else math.pi / 5
        return sinc_kernel(side, float(rng.uniform(low, math.pi)))
    kind = rng.choice(6, p=np.array([0.45, 0.25, 0.12, 0.03, 0.12, 0.03]))
    sigma_x = float(rng.uniform(*stage.sigma))
    is_round = kind in (0, 2, 4)
    sigma_y = sigma_x if is_round else float(rng.uniform(*stage.sigma))
    angle = 0.0 if is_round else float(rng.uniform(-math.pi, math.pi))
    if kind < 2:
        return gaussian_kernel(side, sigma_x, sigma_y, angle)
    if kind < 4:
        beta = _beta(stage.beta_gaussian, rng)
        return gaussian_kernel(side, sigma_x, sigma_y, angle, beta=beta)
    beta = _beta(stage.beta_plateau, rng)
    return gaussian_kernel(side, sigma_x, sigma_y, angle, beta=beta, plateau=True)


def _beta(limits: Range, rng: np.random.Generator) -> float:
    """Under and above one equally often."""
    low, high = limits
    return float(rng.uniform(low, 1) if rng.random() < 0.5 else rng.uniform(1, high))


def gaussian_kernel(
    side: int, sigma_x: float, sigma_y: float, angle: float, *, beta: float = 1.0,
    plateau: bool = False,
) -> np.ndarray:  # fmt: skip
    """(side, side), sum 1: exp(-q^beta / 2), or 1 / (1 + q^beta), of the quadratic form q."""
    axis = np.arange(side) - side // 2
    x, y = np.meshgrid(axis, axis)
    u = (x * math.cos(angle) + y * math.sin(angle)) / sigma_x
    v = (-x * math.sin(angle) + y * math.cos(angle)) / sigma_y
    form = (u * u + v * v) ** beta
    kernel = 1 / (1 + form) if plateau else np.exp(-0.5 * form)
    return kernel / kernel.sum()


def sinc_kernel(side: int, cutoff: float) -> np.ndarray:
    """(side, side), sum 1: a circular low-pass filter, which rings at edges; cutoff up to pi."""
    axis = np.arange(side) - side // 2
    radius = np.hypot(*np.meshgrid(axis, axis))
    radius[side // 2, side // 2] = 1
    kernel = cutoff * j1(cutoff * radius) / (2 * math.pi * radius)
    kernel[side // 2, side // 2] = cutoff**2 / (4 * math.pi)
    return kernel / kernel.sum()


def _noisy(image: Tensor, stage: Stage, recipe: Recipe, rng: np.random.Generator) -> Tensor:
    is_grey = rng.random() < recipe.grey_share
    shape = (1 if is_grey else 3, *image.shape[1:])
    if rng.random() < recipe.gaussian_share:
        noise = rng.standard_normal(shape, np.float32) * np.float32(
            rng.uniform(*stage.gaussian) / 255
        )
        return (image + torch.from_numpy(noise).to(image)).clamp(0, 1)
    strength = float(rng.uniform(*stage.poisson))
    source = image.mean(dim=0, keepdim=True) if is_grey else image
    levels = np.rint(255 * source.cpu().numpy())
    photons = 2.0 ** math.ceil(math.log2(max(2, len(np.unique(levels)))))
    counted = rng.poisson(levels / 255 * photons) / photons
    noise = (counted - levels / 255).astype(np.float32) * strength
    return (image + torch.from_numpy(noise).to(image)).clamp(0, 1)


def _jpeg(image: Tensor, stage: Stage, rng: np.random.Generator) -> Tensor:
    return jpeg(image, round(rng.uniform(*stage.jpeg)))


def jpeg(image: Tensor, quality: int) -> Tensor:
    """(3, H, W) in [0, 1] after a trip through a JPEG file (4:2:0)."""
    pixels = image.mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=quality)
    return to_tensor(np.array(Image.open(file)), image.device)[0]

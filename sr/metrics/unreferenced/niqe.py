"""NIQE: how far a picture's local statistics are from those of good photographs, by itself.

Around every pixel the luma is made to have mean 0 and spread 1; of photographs what is left has a
known shape, which blur, noise and compression change. Patches are described by that shape, all of
them by a Gaussian, and the distance of that Gaussian from one of good photographs is the measure.

Source: A. Mittal, R. Soundararajan, A. C. Bovik. Making a "completely blind" image quality
analyzer. IEEE Signal Processing Letters 20(3), 2013. Departures: the good photographs are ours
(weights/README.md), so that values are not those of MATLAB's niqe; luma is BT.601's in full range.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.ndimage import correlate1d
from scipy.special import gamma

from sr.base.errors import ShapeError, WeightsError

PATCH_PX = 96  # 48 at the second scale
SCALES = 2
WINDOW = 3  # pixels to either side of the 7x7 Gaussian, whose sd is 7/6
FEATURES = 18 * SCALES
SHARP = 0.75  # of a photograph's sharpest patch, from which on a patch is taken for the model
LEAST_PX = 2 * PATCH_PX  # a side; fewer patches have no covariance
LUMA = (0.299, 0.587, 0.114)
SHAPES = np.arange(0.2, 10.001, 0.001)  # of generalised Gaussians, among which the nearest is taken
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))  # along rows, columns and both diagonals
PRISTINE = Path(__file__).parents[3] / "weights" / "niqe_pristine.safetensors"


@dataclass(frozen=True)
class Pristine:
    """The patches of good photographs.

    Attributes:
        mean: (36,) float64.
        covariance: (36, 36) float64.
    """

    mean: np.ndarray
    covariance: np.ndarray


def niqe(rgb: np.ndarray, *, crop_px: int = 0, pristine: Pristine | None = None) -> float:
    """The distance of a picture from good photographs: 0 and up, lower is better.

    Args:
        rgb: (H, W, 3) uint8.
        crop_px: pixels cut from every border first.
        pristine: in the place of ours.

    Raises:
        ShapeError: another array, or what is left is smaller than 192x192 or has no structure.
        WeightsError: our good photographs' model is missing or damaged.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ShapeError(f"niqe: {rgb.dtype} array {rgb.shape}; needed uint8 (H, W, 3)")
    height, width = (side - 2 * crop_px for side in rgb.shape[:2])
    if min(height, width) < LEAST_PX:
        raise ShapeError(
            f"niqe: {width}x{height} px after {crop_px} px were cut from every border; needed "
            f"{LEAST_PX}x{LEAST_PX} or more"
        )
    known = pristine or default_pristine()
    features, _ = patches_of(rgb[crop_px : crop_px + height, crop_px : crop_px + width])
    features = features[np.isfinite(features).all(axis=1)]
    if len(features) < 2:
        raise ShapeError("niqe: no two patches of 96x96 px with any structure in them")
    apart = features.mean(axis=0) - known.mean
    spread = (np.cov(features, rowvar=False) + known.covariance) / 2
    return float(np.sqrt(max(0.0, apart @ np.linalg.pinv(spread) @ apart)))


def fit_pristine(photographs: Iterable[np.ndarray]) -> tuple[Pristine, int]:
    """The model of good photographs, of their sharp patches; and how many those are.

    Args:
        photographs: (H, W, 3) uint8 each; smaller ones than a patch are passed over.

    Raises:
        ShapeError: fewer than 100 patches.
    """
    chosen = []
    for rgb in photographs:
        if min(rgb.shape[:2]) < PATCH_PX:
            continue
        features, sharpness = patches_of(rgb)
        is_good = (sharpness > SHARP * sharpness.max()) & np.isfinite(features).all(axis=1)
        chosen.append(features[is_good])
    patches = np.concatenate(chosen) if chosen else np.empty((0, FEATURES))
    if len(patches) < 100:
        raise ShapeError(f"niqe: {len(patches)} sharp patches of 96x96 px; needed 100 or more")
    return Pristine(patches.mean(axis=0), np.cov(patches, rowvar=False)), len(patches)


def patches_of(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What describes every whole patch of 96x96 pixels: (patches, 36), and its sharpness, the mean
    local spread: (patches,). Patches without structure have NaN.
    """
    from sr.images.resize import bicubic_values

    luma = rgb.astype(np.float64) @ np.array(LUMA)
    rows, columns = (side // PATCH_PX for side in luma.shape)
    luma = luma[: rows * PATCH_PX, : columns * PATCH_PX]
    found, sharpness = [], np.empty(0)
    for scale in range(SCALES):
        if scale:
            luma = bicubic_values(luma[..., None].astype(np.float32), 0.5)[..., 0].astype(float)
        normal, spread = normalised(luma)
        side = PATCH_PX >> scale
        found.append(_features(_cut(normal, side)))
        if not scale:
            sharpness = _cut(spread, side).mean(axis=(1, 2))
    return np.concatenate(found, axis=1), sharpness


def normalised(luma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luma less its local mean over its local spread (plus 1), and that spread; (H, W) each."""
    taps = np.exp(-(np.arange(-WINDOW, WINDOW + 1) ** 2) / (2 * (7 / 6) ** 2))
    taps /= taps.sum()

    def blurred(values: np.ndarray) -> np.ndarray:
        along = correlate1d(values, taps, axis=0, mode="nearest")
        return np.asarray(correlate1d(along, taps, axis=1, mode="nearest"))

    mean = blurred(luma)
    spread = np.sqrt(np.maximum(blurred(luma**2) - mean**2, 0.0))
    return (luma - mean) / (spread + 1), spread


def _cut(values: np.ndarray, side: int) -> np.ndarray:
    """(H, W) as patches in rows: (patches, side, side)."""
    rows, columns = (length // side for length in values.shape)
    grid = values.reshape(rows, side, columns, side).swapaxes(1, 2)
    return grid.reshape(rows * columns, side, side)


def _features(patches: np.ndarray) -> np.ndarray:
    """(patches, side, side) to (patches, 18): two numbers of the values, four of the products of
    neighbours in each direction.
    """
    shape, _, left, right = asymmetric_gaussian(patches)
    found = [shape, (left + right) / 2]
    side = patches.shape[1]
    for down, across in NEIGHBOURS:
        one = patches[:, : side - down, max(0, -across) : side - max(0, across)]
        other = patches[:, down:, max(0, across) : side + min(0, across)]
        shape, mean, left, right = asymmetric_gaussian(one * other)
        found += [shape, mean, left, right]
    return np.stack(found, axis=1)


def asymmetric_gaussian(values: np.ndarray) -> tuple[np.ndarray, ...]:
    """The asymmetric generalised Gaussian of each patch's values, by moments.

    Args:
        values: (patches, ...) float.

    Returns:
        shape, mean, and the scales of the left and the right side: (patches,) each; NaN where one
        side is empty.

    Source: N.-E. Lasmar, Y. Stitou, Y. Berthoumieu. Multiscale skewed heavy tailed model for
    texture analysis. ICIP 2009.
    """
    flat = values.reshape(len(values), -1)
    squares = flat**2
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = (
            np.sqrt(np.where(side, squares, 0).sum(axis=1) / side.sum(axis=1))
            for side in (flat < 0, flat > 0)
        )
        skew = left / right
        ratio = np.abs(flat).mean(axis=1) ** 2 / squares.mean(axis=1)
        ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
        shape = np.interp(ratio, _ratios(), SHAPES)
        scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
        left, right = left * scale, right * scale
        mean = (right - left) * gamma(2 / shape) / gamma(1 / shape)
    return shape, mean, left, right


@lru_cache(maxsize=1)
def _ratios() -> np.ndarray:
    """Squared mean of magnitudes over mean square, of each of SHAPES; it grows with them."""
    return np.asarray(gamma(2 / SHAPES) ** 2 / (gamma(1 / SHAPES) * gamma(3 / SHAPES)))


@lru_cache(maxsize=1)
def default_pristine() -> Pristine:
    """Ours, of weights/niqe_pristine.safetensors.

    Raises:
        WeightsError: it is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        values = load_file(PRISTINE)
        mean, covariance = values["mean"], values["covariance"]
    except (OSError, KeyError, SafetensorError) as error:
        raise WeightsError(f"{PRISTINE}: {error}; put it back from the repository") from None
    if mean.shape != (FEATURES,) or covariance.shape != (FEATURES, FEATURES):
        raise WeightsError(f"{PRISTINE}: arrays of {mean.shape}; needed {FEATURES} numbers")
    return Pristine(mean, covariance)

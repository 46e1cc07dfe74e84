"""How much fine texture an image has, and whether models find such images harder.

Two measures, both of the high-resolution original alone:

* `high_frequency_share`: the part of the luma's energy that a smaller image cannot hold, because
  it lies beyond that image's Nyquist frequency (Shannon 1949, "Communication in the presence of
  noise"). The power spectra of photographs fall about as 1/f^2 (Field 1987, "Relations between
  the statistics of natural images and the response properties of cortical cells"), so the share
  is small, and what makes images differ. It does not depend on contrast.
* `laplacian_variance`: the variance of the Laplacian (Pech-Pacheco et al. 2000, "Diatom
  autofocusing in brightfield microscopy", ICPR), which grows with contrast too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sr.base.errors import ShapeError

if TYPE_CHECKING:
    from sr.evaluation.measure import ImageRow

MEASURES = ("high_frequency_share", "laplacian_variance")
METRICS = ("lpips_alex", "psnr_y")
ALL_SETS = "all"
PERMUTATIONS = 9_999
EXACT_UP_TO = 7  # images, whose 5,040 orders are all tried
CAPTION = (
    "rho is Spearman's rank correlation over n images between a metric and the texture of the "
    "original; p is two-sided, from "
    f"{PERMUTATIONS:,} random permutations (all of them up to {EXACT_UP_TO} images), and is not "
    "corrected for the number of rows. high_frequency_share: part of the luma's energy beyond the "
    "Nyquist frequency of the low-resolution image; laplacian_variance: variance of the Laplacian "
    "of luma (Pech-Pacheco et al. 2000)"
)


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of a metric with a texture measure over the images of a set.

    rho and p are None when there are fewer than three images, or one side is the same for all.
    """

    dataset: str
    model: str
    metric: str
    measure: str
    n: int
    rho: float | None
    p: float | None


def high_frequency_share(rgb: np.ndarray, *, scale: int = 4) -> float:
    """Part of the energy of an image's luma that an image `scale` times smaller cannot hold.

    The mean is taken off, a Hann window keeps the borders from counting as edges, and energy at
    more than 1 / (2 scale) cycles per pixel along either axis is divided by all of it.

    Args:
        rgb: (H, W, 3) uint8.
        scale: how many times smaller.

    Returns:
        0 to 1; 0 for an image of one colour.

    Raises:
        ShapeError: not uint8 (H, W, 3), or a side under 2 * scale.
    """
    _check("high_frequency_share", rgb, min_px=2 * scale)
    y = luma(rgb)
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in y.shape))
    mean = float((y * window).sum() / window.sum())
    power = np.abs(np.fft.fft2((y - mean) * window)) ** 2
    total = float(power.sum())
    if total <= 1e-9 * y.size:  # rounding of a flat image
        return 0.0
    nyquist = 1 / (2 * scale)
    rows, columns = (np.abs(np.fft.fftfreq(side)) <= nyquist for side in y.shape)
    kept = float(power[np.ix_(rows, columns)].sum())
    return 1 - kept / total


def laplacian_variance(rgb: np.ndarray) -> float:
    """Variance of the 4-neighbour Laplacian of an image's luma (16-235), on its inside.

    Args:
        rgb: (H, W, 3) uint8.

    Raises:
        ShapeError: not uint8 (H, W, 3), or a side under 3.
    """
    _check("laplacian_variance", rgb, min_px=3)
    y = luma(rgb)
    around = y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:]
    return float((around - 4 * y[1:-1, 1:-1]).var())


def correlations(
    images: Sequence[ImageRow],
    *,
    metrics: Iterable[str] = METRICS,
    measures: Iterable[str] = MEASURES,
) -> list[Correlation]:
    """Every metric against every measure, for each model on each data set, and on all together.

    Rows without the metric (LPIPS was left out) are not counted; what has no rows is left out.
    """
    data_sets = list(dict.fromkeys(row.dataset for row in images))
    models = list(dict.fromkeys(row.model for row in images))
    if len(data_sets) > 1:
        data_sets.append(ALL_SETS)
    found = []
    for measure, metric, data_set, model in itertools.product(measures, metrics, data_sets, models):
        pairs = [
            (getattr(row, measure), getattr(row, metric))
            for row in images
            if row.model == model
            and data_set in (row.dataset, ALL_SETS)
            and getattr(row, metric) is not None
        ]
        if pairs:
            texture, values = (np.array(side, float) for side in zip(*pairs, strict=True))
            rho, p = spearman(texture, values)
            found.append(Correlation(data_set, model, metric, measure, len(pairs), rho, p))
    return found


def spearman(x: np.ndarray, y: np.ndarray) -> tuple[float | None, float | None]:
    """Spearman's rho with a two-sided permutation p.

    Args:
        x: (n,) float; infinities rank as the largest, ties share their mean rank.
        y: same length.

    Returns:
        rho in [-1, 1] and p in (0, 1]; None and None under three values or for a constant side.
    """
    from scipy.stats import rankdata

    if len(x) < 3:
        return None, None
    a, b = (rankdata(side) for side in (x, y))
    a, b = a - a.mean(), b - b.mean()
    length = math.sqrt(float(a @ a) * float(b @ b))
    if length == 0:
        return None, None
    rho = float(a @ b) / length
    if len(x) <= EXACT_UP_TO:
        orders = np.array(list(itertools.permutations(b)))
        added = 0
    else:
        orders = np.random.default_rng(0).permuted(np.tile(b, (PERMUTATIONS, 1)), axis=1)
        added = 1  # the order that was observed counts as one of them
    as_extreme = int((np.abs(orders @ a) / length >= abs(rho) - 1e-12).sum())
    return rho, (as_extreme + added) / (len(orders) + added)


def luma(rgb: np.ndarray) -> np.ndarray:
    """BT.601 luma of an (H, W, 3) uint8 image: (H, W) float64, 16 (black) to 235 (white)."""
    from sr.images.color import LUMA_OFFSET, LUMA_WEIGHTS

    weighted: np.ndarray = rgb @ (np.array(LUMA_WEIGHTS) / 255)
    return weighted + LUMA_OFFSET


def _check(name: str, rgb: np.ndarray, *, min_px: int) -> None:
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or min(rgb.shape[:2]) < min_px:
        raise ShapeError(
            f"{name}: {rgb.dtype} array {rgb.shape}; needed uint8 (H, W, 3) of {min_px} px or more"
        )

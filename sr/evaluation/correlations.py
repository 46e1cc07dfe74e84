"""Do models find images of fine texture harder? Rank correlation of results with texture."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sr.evaluation.results import ImageRow
from sr.metrics.texture import MEASURES

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


def telling(found: Sequence[Correlation]) -> list[Correlation]:
    """Those of the widest choice of images, with the first measure of texture."""
    widest = found[-1].dataset if found else ""
    return [
        one
        for one in found
        if one.rho is not None and (one.dataset, one.measure) == (widest, MEASURES[0])
    ]

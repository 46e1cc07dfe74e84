"""Intervals for other raters looking at other photographs: both are drawn, not fixed.

Raters and photographs cross: every answer has one of either. The variance of a mean is that over
raters, plus that over photographs, less that of single answers, which both contain: the two-way
analysis of variance, here by two jackknives, so that it also holds with missing answers.

Sources: Cornfield and Tukey 1956 (crossed designs), Satterthwaite 1946 (degrees of freedom),
Owen 2007, "The pigeonhole bootstrap" (why resampling raters alone is too narrow).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from survey.statistics.estimates.interval import (
    CONFIDENCE,
    CONSTANT,
    NO_DATA,
    ONE_RATER,
    Estimate,
    Jackknife,
    combine,
    mean_of_cells,
    on_logit,
    quantile_t,
)

ONE_IMAGE = "one_image"
SWEEPS = 200  # at most, of taking out raters' and images' means in turn
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Crossed:
    """A statistic without each rater, and without each image.

    Attributes:
        raters, images: of the same value.
        single: variance of the value that comes from single answers, which both others contain.
    """

    raters: Jackknife
    images: Jackknife
    single: float

    @property
    def value(self) -> float:
        """The statistic itself."""
        return self.raters.value

    @property
    def variance(self) -> float:
        """Over raters and images; never less than over either alone."""
        over_raters, over_images = self.raters.se**2, self.images.se**2
        return max(over_raters + over_images - self.single, over_raters, over_images)

    @property
    def degrees(self) -> float:
        """Satterthwaite's degrees of freedom of `variance`."""
        raters, images = self.raters.units - 1, self.images.units - 1
        parts = (self.raters.se**4 / raters, self.images.se**4 / images)
        total = sum(parts) + self.single**2 / (raters * images)
        return (
            max(self.variance**2 / total, min(raters, images)) if total > 0 else min(raters, images)
        )


def crossed_mean(values: np.ndarray) -> Crossed:
    """The mean over images of their means over raters.

    Args:
        values: (raters, images) float, NaN where there is no answer.
    """
    return Crossed(mean_of_cells(values), without_images(values), single_variance(values))


def without_images(values: np.ndarray) -> Jackknife:
    """`mean_of_cells` with, and without, each image."""
    present = ~np.isnan(values)
    count = present.sum(axis=0)
    total = np.where(present, values, 0.0).sum(axis=0)
    mean = np.divide(total, count, out=np.zeros(len(count)), where=count > 0)
    known = count > 0
    left = known.sum() - known
    without = np.divide(mean.sum() - mean, left, out=np.full(len(count), math.nan), where=left > 0)
    value = float(mean.sum() / known.sum()) if known.any() else math.nan
    return Jackknife(value, np.where(known, without, value), known, int(count.sum()))


def crossed_difference(a: np.ndarray, b: np.ndarray) -> Crossed:
    """The difference of two such means, of the same raters and images."""
    return Crossed(
        mean_of_cells(a).minus(mean_of_cells(b)),
        without_images(a).minus(without_images(b)),
        single_variance(a - b),
    )


def crossed_of(
    function: Callable[[np.ndarray], np.ndarray], single: float, *parts: np.ndarray
) -> Crossed:
    """A function of several such means; see `survey.statistics.estimates.interval.combine`."""
    return Crossed(
        combine(function, *(mean_of_cells(part) for part in parts)),
        combine(function, *(without_images(part) for part in parts)),
        single,
    )


def single_variance(values: np.ndarray) -> float:
    """The variance that single answers give the mean of images' means.

    It is what is left of the answers after raters' and images' own means; 0 where nothing is.
    """
    rest, degrees = additive_rest(values)
    if degrees < 1:
        return 0.0
    count = (~np.isnan(values)).sum(axis=0)
    count = count[count > 0]
    return float(np.nansum(rest**2) / degrees * (1 / count).sum() / len(count) ** 2)


def additive_rest(values: np.ndarray) -> tuple[np.ndarray, int]:
    """What raters' and columns' effects leave of answers, and its degrees of freedom.

    Args:
        values: (raters, columns) float, NaN where there is no answer.
    """
    present = ~np.isnan(values)
    rows, columns = present.sum(axis=1), present.sum(axis=0)
    rest = np.where(present, values, 0.0)
    for _ in range(SWEEPS):
        before = rest
        rest = np.where(present, rest - (rest.sum(axis=1) / np.maximum(rows, 1))[:, None], 0.0)
        rest = np.where(present, rest - rest.sum(axis=0) / np.maximum(columns, 1), 0.0)
        if float(np.abs(rest - before).max(initial=0.0)) < TOLERANCE:
            break
    degrees = int(present.sum() - (rows > 0).sum() - (columns > 0).sum()) + 1
    return np.where(present, rest, np.nan), degrees


def crossed_student(
    found: Crossed, *, scale: tuple[float, float] | None = None, confidence: float = CONFIDENCE
) -> Estimate:
    """Student's t over raters and images.

    Args:
        scale: its ends, such as (1, 5); the interval is then made on the logit of the place
            within it, as `student_on_scale` does.
    """
    n, raters = found.raters.n, found.raters.units
    if n == 0 or math.isnan(found.value):
        return Estimate(math.nan, n=n, raters=raters, reason=NO_DATA)
    if reason := _no_spread(found):
        return Estimate(found.value, n=n, raters=raters, reason=reason)
    se = math.sqrt(found.variance)
    bent = _bend(found, scale) if scale is not None else None
    if bent is None:
        half = quantile_t(found.degrees, confidence) * se
        low, high = found.value - half, found.value + half
        if scale is not None:
            low, high = max(low, scale[0]), min(high, scale[1])
        return Estimate(found.value, low, high, n, raters, se)
    assert scale is not None
    half = quantile_t(bent.degrees, confidence) * math.sqrt(bent.variance)
    low, high = (
        scale[0] + (scale[1] - scale[0]) / (1 + math.exp(-bent.value - side * half))
        for side in (-1, 1)
    )
    return Estimate(found.value, low, high, n, raters, se)


def crossed_p(
    found: Crossed, expected: float = 0.0, *, scale: tuple[float, float] | None = None
) -> float:
    """p of the value being as expected, two-sided; NaN where there is no interval.

    Args:
        scale: as for `crossed_student`, with which it then agrees.
    """
    if math.isnan(found.value) or _no_spread(found):
        return math.nan
    from scipy.special import logit, stdtr

    distance, bent = found.value - expected, found
    if scale is not None and (on_scale := _bend(found, scale)) is not None:
        bent = on_scale
        distance = bent.value - float(logit((expected - scale[0]) / (scale[1] - scale[0])))
    return float(2 * stdtr(bent.degrees, -abs(distance) / math.sqrt(bent.variance)))


def _no_spread(found: Crossed) -> str:
    """Why there is no interval; empty where there is one."""
    if found.raters.units < 2 or np.isnan(found.raters.without).any():
        return ONE_RATER
    if found.images.units < 2 or np.isnan(found.images.without).any():
        return ONE_IMAGE
    return CONSTANT if not found.variance > 1e-24 else ""


def _bend(found: Crossed, scale: tuple[float, float]) -> Crossed | None:
    raters, images = on_logit(found.raters, scale), on_logit(found.images, scale)
    if raters is None or images is None:
        return None
    place = (found.value - scale[0]) / (scale[1] - scale[0])
    slope = 1 / (place * (1 - place) * (scale[1] - scale[0]))
    return replace(found, raters=raters, images=images, single=found.single * slope**2)

"""Estimates with 95 % intervals over raters, these photographs given.

One engine serves all: the statistic is computed again without each rater in turn (the jackknife).
For a mean of complete ratings that is exactly Student's t on the raters' own means; it also holds
when ratings are missing, when sides must be balanced, and for differences of two such means.
`survey.statistics.estimates.crossed` adds other photographs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

CONFIDENCE = 0.95
MIN_RATERS = 2
ONE_RATER, NO_DATA, CONSTANT = "one_rater", "no_data", "constant"


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; `reason` says why there is none.

    Attributes:
        value: NaN without data.
        low, high: of the 95 % interval, NaN when it cannot be told.
        n: answers it rests on.
        raters: people who gave them.
        se: standard error, on the scale of the value.
        reason: "", "no_data", "one_rater", "constant" or what a function adds.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    raters: int = 0
    se: float = math.nan
    reason: str = ""

    @property
    def is_known(self) -> bool:
        """There is an interval."""
        return not (math.isnan(self.low) or math.isnan(self.high))

    def row(self, name: str = "value") -> dict[str, Any]:
        """As columns of a table."""
        return {
            name: self.value,
            "ci95_low": self.low,
            "ci95_high": self.high,
            "n": self.n,
            "raters": self.raters,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Jackknife:
    """A statistic of all raters, and of all but each one; or of photographs in their place.

    Attributes:
        value: of all.
        without: (units,) of all but one; the value itself for those that contribute nothing.
        contributes: (units,) bool.
        n: answers.
    """

    value: float
    without: np.ndarray
    contributes: np.ndarray
    n: int

    @property
    def units(self) -> int:
        """People, or photographs, that contribute."""
        return int(self.contributes.sum())

    @property
    def se(self) -> float:
        """Standard error; NaN for fewer than two."""
        if self.units < MIN_RATERS:
            return math.nan
        spread = float(((self.without - self.value) ** 2).sum())
        return math.sqrt((self.units - 1) / self.units * spread)

    def minus(self, other: Jackknife) -> Jackknife:
        """The difference of two statistics of the same raters."""
        return combine(lambda x: x[0] - x[1], self, other)


def combine(function: Callable[[np.ndarray], np.ndarray], *parts: Jackknife) -> Jackknife:
    """A function of statistics of the same raters.

    Args:
        function: (parts, k) float to (k,).
    """
    stacked = np.stack([np.append(part.without, part.value) for part in parts])
    result = np.asarray(function(stacked))
    contributes = np.any([part.contributes for part in parts], axis=0)
    return Jackknife(float(result[-1]), result[:-1], contributes, sum(part.n for part in parts))


def mean_of_cells(values: np.ndarray) -> Jackknife:
    """The mean over cells of each cell's mean over raters, whoever answered which.

    Args:
        values: (raters, cells) float, NaN where there is no answer; cells without any are left
            out.

    Returns:
        NaN where nothing is left.
    """
    present = ~np.isnan(values)
    known = np.where(present, values, 0.0)
    total, count = known.sum(axis=0), present.sum(axis=0)
    return Jackknife(
        float(_mean_of_means(total[None], count[None])[0]),
        _mean_of_means(total - known, count - present),
        present.any(axis=1),
        int(count.sum()),
    )


def _mean_of_means(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    cells = (count > 0).sum(axis=1)
    return np.divide(mean.sum(axis=1), cells, out=np.full(len(total), np.nan), where=cells > 0)


def student(found: Jackknife, *, within: tuple[float, float] | None = None) -> Estimate:
    """Student's t with raters - 1 degrees of freedom, cut at the ends of the scale."""
    problem = _problem(found)
    if problem is not None:
        return problem
    half = quantile_t(found.units - 1) * found.se
    low, high = found.value - half, found.value + half
    if within is not None:
        low, high = max(low, within[0]), min(high, within[1])
    return Estimate(found.value, low, high, found.n, found.units, found.se)


def student_on_scale(found: Jackknife, scale: tuple[float, float]) -> Estimate:
    """Student's t on the logit of the place within a scale, back on the scale.

    Near an end of the scale means are skewed; on the logit they are less so, and the interval
    stays inside.

    Args:
        scale: its ends, such as (1, 5) or (0, 1).
    """
    problem = _problem(found)
    if problem is not None:
        return problem
    low, high = scale
    bent = on_logit(found, scale)
    if bent is None:
        return student(found, within=scale)
    half = quantile_t(found.units - 1) * bent.se
    ends = [low + (high - low) / (1 + math.exp(-bent.value - side * half)) for side in (-1, 1)]
    return Estimate(found.value, ends[0], ends[1], found.n, found.units, found.se)


def on_logit(found: Jackknife, scale: tuple[float, float]) -> Jackknife | None:
    """The logit of the place within a scale; None where one lies on an end."""
    low, high = scale
    place = (np.append(found.without, found.value) - low) / (high - low)
    if not ((place > 0) & (place < 1)).all():
        return None
    logit = np.log(place / (1 - place))
    return Jackknife(float(logit[-1]), logit[:-1], found.contributes, found.n)


def _problem(found: Jackknife) -> Estimate | None:
    """The estimate without an interval, where there can be none."""
    n, raters = found.n, found.units
    if n == 0 or math.isnan(found.value):
        return Estimate(math.nan, n=n, raters=raters, reason=NO_DATA)
    if raters < MIN_RATERS or bool(np.isnan(found.without).any()):
        return Estimate(found.value, n=n, raters=raters, reason=ONE_RATER)
    if found.se < 1e-12:
        return Estimate(found.value, n=n, raters=raters, se=0.0, reason=CONSTANT)
    return None


def quantile_t(degrees: float, confidence: float = CONFIDENCE) -> float:
    """Student's t of a two-sided interval."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + confidence) / 2))

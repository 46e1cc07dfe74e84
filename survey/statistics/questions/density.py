"""Scores against pixels per degree: does a method's worth depend on how finely a display shows it.

The density is each rater's own, nobody is assigned one: what is found here is an association.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from survey.statistics.estimates.data import Pairs, Ratings
from survey.statistics.estimates.interval import Estimate, quantile_t

if TYPE_CHECKING:
    import pandas as pd

MIN_RATERS = 8
MIN_SPREAD = 0.25  # standard deviation of log2(ppd) below which there is nothing to see
FEW, ALIKE, NO_SLOPE, OUTSIDE, CONSTANT = (
    "few_raters", "displays_alike", "no_slope", "outside", "constant",
)  # fmt: skip
NEW, OLD = "srgan_x4", "srresnet_x4"
SLOPE_COLUMNS = ["method", "slope", "ci95_low", "ci95_high", "raters", "reason"]


@dataclass(frozen=True)
class Line:
    """A least-squares line of y over log2(ppd), the covariance of its two numbers, and the rest.

    Attributes:
        at: log2 of the density that `intercept` is for.
    """

    intercept: float
    slope: float
    covariance: np.ndarray
    at: float
    degrees: int
    low_ppd: float
    high_ppd: float


def usable(ppd: np.ndarray) -> str:
    """Why these densities tell nothing; empty when they do."""
    known = ppd[~np.isnan(ppd)]
    if len(known) < MIN_RATERS:
        return FEW
    return ALIKE if float(np.log2(known).std()) < MIN_SPREAD else ""


def slopes(ratings: Ratings) -> pd.DataFrame:
    """By how much a method's score changes when the density doubles, one row a method.

    A linear mixed model of the raters' means: method x log2(ppd), with a random intercept for
    each rater. Intervals are Student's t with raters - 2 degrees of freedom.
    """
    import pandas as pd

    reason = usable(ratings.ppd)
    if reason:
        rows = [[m, math.nan, math.nan, math.nan, 0, reason] for m in ratings.methods]
        return pd.DataFrame(rows, columns=SLOPE_COLUMNS)
    part = ratings.only(~np.isnan(ratings.ppd))
    means = means_by_rater(part.scores)
    x = np.log2(part.ppd) - np.log2(part.ppd).mean()
    rater, method = np.nonzero(~np.isnan(means))
    y, k = means[rater, method], len(part.methods)
    design = np.zeros((len(y), 2 * k))
    design[np.arange(len(y)), method] = 1
    design[np.arange(len(y)), k + method] = x[rater]
    fitted = _mixed_model(y, design, rater)
    if fitted is None:
        rows = [[m, math.nan, math.nan, math.nan, len(means), CONSTANT] for m in part.methods]
        return pd.DataFrame(rows, columns=SLOPE_COLUMNS)
    value, error = fitted
    half = quantile_t(len(means) - 2) * error[k:]
    rows = [
        [m, value[k + i], value[k + i] - half[i], value[k + i] + half[i], len(means), ""]
        for i, m in enumerate(part.methods)
    ]
    return pd.DataFrame(rows, columns=SLOPE_COLUMNS)


def _mixed_model(
    y: np.ndarray, design: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Fixed effects and their standard errors; None when the data allow no fit."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    if float(y.std()) < 1e-12:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a random effect of zero is a result, not a problem
        try:
            result = MixedLM(y, design, groups=groups).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError):
            return None
    value, error = np.asarray(result.fe_params), np.asarray(result.bse_fe)
    return (value, error) if np.isfinite(error).all() else None


def means_by_rater(scores: np.ndarray) -> np.ndarray:
    """(raters, columns) means over images, of the deviations from each cell's mean, plus its mean.

    So a rater who missed a good image is not thought severe.
    """
    present = ~np.isnan(scores)
    count = present.sum(axis=0)
    known = np.where(present, scores, 0.0)
    mean = np.divide(known.sum(axis=0), count, out=np.zeros(count.shape), where=count > 0)
    deviation = np.where(present, scores - mean, 0.0).sum(axis=1)
    own = present.sum(axis=1)
    level = mean.sum(axis=0) / np.maximum((count > 0).sum(axis=0), 1)
    return np.asarray(
        np.divide(deviation, own, out=np.full(own.shape, np.nan), where=own > 0) + level
    )


def fit_line(y: np.ndarray, ppd: np.ndarray) -> Line | None:
    """Ordinary least squares of y over log2(ppd), one point a rater; None without spread."""
    known = ~np.isnan(y) & ~np.isnan(ppd)
    if usable(np.where(known, ppd, np.nan)):
        return None
    x, y = np.log2(ppd[known]), y[known]
    at = float(x.mean())
    design = np.stack([np.ones_like(x), x - at], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    (intercept, slope) = inverse @ design.T @ y
    residual = y - design @ (intercept, slope)
    degrees = len(y) - 2
    covariance = inverse * float((residual**2).sum()) / degrees
    low, high = float(ppd[known].min()), float(ppd[known].max())
    return Line(float(intercept), float(slope), covariance, at, degrees, low, high)


def crossing(line: Line | None, raters: int) -> Estimate:
    """The density at which a line crosses zero, with Fieller's 95 % interval, in pixels per degree.

    Without a clear slope there is no such density; one outside of the displays seen is not told.

    Source: Fieller 1954, "Some problems in interval estimation".
    """
    if line is None:
        return Estimate(math.nan, raters=raters, reason=FEW if raters < MIN_RATERS else ALIKE)
    t2 = quantile_t(line.degrees) ** 2
    (vaa, vab), (_, vbb) = line.covariance
    a, b = line.intercept, line.slope
    if b * b <= t2 * vbb or vbb <= 0:
        return Estimate(math.nan, raters=raters, reason=NO_SLOPE)
    where = float(2 ** (line.at - a / b))
    # (a + b x)^2 = t^2 var(a + b x)
    second, first, rest = b * b - t2 * vbb, 2 * (a * b - t2 * vab), a * a - t2 * vaa
    root = math.sqrt(max(0.0, first * first - 4 * second * rest))
    low, high = ((-first + sign * root) / (2 * second) for sign in (-1, 1))
    ends = float(2 ** (line.at + low)), float(2 ** (line.at + high))
    if not line.low_ppd <= where <= line.high_ppd:
        return Estimate(where, raters=raters, reason=OUTSIDE)
    return Estimate(where, ends[0], ends[1], raters, raters)


def score_advantage(ratings: Ratings) -> np.ndarray:
    """(raters,) how much higher each rates SRGAN than SRResNet; NaN where unknown."""
    if NEW not in ratings.methods or OLD not in ratings.methods:
        return np.full(len(ratings.raters), np.nan)
    return means_by_rater((ratings.of(NEW) - ratings.of(OLD))[:, :, None])[:, 0]


def choice_advantage(pairs: Pairs) -> np.ndarray:
    """(raters,) how much more often than half each prefers SRGAN to SRResNet."""
    if (OLD, NEW) not in pairs.compared:
        return np.full(len(pairs.raters), np.nan)
    won = pairs.won[:, :, pairs.compared.index((OLD, NEW))]
    return np.asarray(0.5 - means_by_rater(won[:, :, None])[:, 0])


def crossings(ratings: Ratings, pairs: Pairs) -> dict[str, Estimate]:
    """Where SRGAN stops or starts to be preferred to SRResNet, by scores and by choices."""
    by_score, by_choice = score_advantage(ratings), choice_advantage(pairs)
    result = {}
    for name, y, ppd in (("scores", by_score, ratings.ppd), ("choices", by_choice, pairs.ppd)):
        known = int((~np.isnan(y) & ~np.isnan(ppd)).sum())
        result[name] = crossing(fit_line(y, ppd), known)
    return result

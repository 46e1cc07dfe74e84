"""Scores against pixels per degree: does a method's worth depend on how finely a display shows it.

The density is each rater's own, nobody is assigned one: what is found here is an association. It
is measured with an error, which makes slopes flatter than they are (`reliability`).

Sources: MacKinnon and White 1985 (HC3: standard errors when spreads differ), Fieller 1954,
Fuller 1987, "Measurement error models" (attenuation), Li et al. 2020 (distance by blind spot).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from survey.statistics.estimates.data import Pairs, Ratings
from survey.statistics.estimates.interval import Estimate, quantile_t
from survey.statistics.estimates.ranks import holm
from survey.statistics.estimates.verdicts import ALPHA

if TYPE_CHECKING:
    import pandas as pd

MIN_RATERS = 8
MIN_SPREAD = 0.25  # standard deviation of log2(ppd) below which there is nothing to see
FEW, ALIKE, NO_SLOPE, OUTSIDE, CONSTANT = (
    "few_raters", "displays_alike", "no_slope", "outside", "constant",
)  # fmt: skip
CROSSINGS = 2  # by scores and by choices: they share the 5 %
SLOPE_COLUMNS = [
    "method",
    "slope",
    "ci95_low",
    "ci95_high",
    "p_value",
    "p_holm",
    "raters",
    "reason",
]
# How far off a measured density may be, as a share (sd); assumed, for the report's estimate of how
# much that flattens slopes. The blind spot's is Li et al.'s 3.25 cm at 50 cm.
PPI_ERROR = {"card": 0.02, "preset": 0.03, "manual": 0.03}
DISTANCE_ERROR = {"ruler": 0.05, "blind_spot": 0.07, "arm": 0.12}


@dataclass(frozen=True)
class Line:
    """A least-squares line of y over log2(ppd), the covariance of its two numbers, and the rest.

    Attributes:
        covariance: (2, 2), HC3: it holds where the spread changes with density.
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

    Least squares of the raters' means on log2(ppd), each method with a spread of its own that may
    change with density (HC3), Student's t with raters - 2 degrees of freedom; `p_holm` is
    corrected over all methods. These photographs are given.
    """
    import pandas as pd

    rows = []
    for method in ratings.methods:
        means = means_by_rater(ratings.of(method)[:, :, None])[:, 0]
        known = ~np.isnan(means) & ~np.isnan(ratings.ppd)
        line = fit_line(means, ratings.ppd)
        nothing = [math.nan] * 4
        if line is None:
            reason = usable(np.where(known, ratings.ppd, np.nan))
            rows.append([method, *nothing, int(known.sum()) if not reason else 0, reason])
            continue
        error = math.sqrt(line.covariance[1, 1])
        if error < 1e-12:
            rows.append([method, *nothing, int(known.sum()), CONSTANT])
            continue
        half = quantile_t(line.degrees) * error
        p = _two_sided(line.slope / error, line.degrees)
        ends = line.slope - half, line.slope + half
        rows.append([method, line.slope, *ends, p, int(known.sum()), ""])
    table = pd.DataFrame(rows, columns=[c for c in SLOPE_COLUMNS if c != "p_holm"])
    table["p_holm"] = holm(table["p_value"].to_numpy(dtype=float))
    return table[SLOPE_COLUMNS]


def _two_sided(t: float, degrees: int) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(t)))


def reliability(responses: pd.DataFrame) -> float:
    """The share of the measured densities' spread that is theirs and not the measurement's.

    Slopes come out about that much of what they are. NaN where displays are too few or too alike.
    """
    rows = responses[responses["ppd"].notna()]
    people = rows.groupby("participant")
    medians = people["ppd"].median().to_numpy(dtype=float)
    if usable(medians):
        return math.nan
    spread = float(np.log2(medians).std())
    parts = [people["ppi_method"].first().map(PPI_ERROR)]
    parts.append(people["distance_method"].first().map(DISTANCE_ERROR))
    worst = max(PPI_ERROR.values()), max(DISTANCE_ERROR.values())
    error = sum(
        (part.astype(float).fillna(most) / math.log(2)) ** 2
        for part, most in zip(parts, worst, strict=True)
    )
    return max(0.0, 1 - float(error.mean()) / spread**2)


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
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    residual = (y - design @ (intercept, slope)) / np.maximum(1 - leverage, 1e-6)
    degrees = len(y) - 2
    covariance = inverse @ (design.T * residual**2) @ design @ inverse
    low, high = float(ppd[known].min()), float(ppd[known].max())
    return Line(float(intercept), float(slope), covariance, at, degrees, low, high)


def crossing(line: Line | None, raters: int, reason: str = FEW) -> Estimate:
    """The density at which a line crosses zero, with Fieller's 95 % interval, in pixels per degree.

    Without a clear slope there is no such density; one outside of the displays seen is not told.
    A slope is clear at 5 % over both ways to ask for a crossing, by scores and by choices.

    Args:
        reason: why there is no line.

    Source: Fieller 1954, "Some problems in interval estimation".
    """
    if line is None:
        return Estimate(math.nan, raters=raters, reason=reason)
    (vaa, vab), (_, vbb) = line.covariance
    a, b = line.intercept, line.slope
    clear = quantile_t(line.degrees, 1 - ALPHA / CROSSINGS)
    if b * b <= clear**2 * vbb or vbb <= 0:
        return Estimate(math.nan, raters=raters, reason=NO_SLOPE)
    t2 = quantile_t(line.degrees) ** 2
    where = float(2 ** (line.at - a / b))
    # (a + b x)^2 = t^2 var(a + b x)
    second, first, rest = b * b - t2 * vbb, 2 * (a * b - t2 * vab), a * a - t2 * vaa
    root = math.sqrt(max(0.0, first * first - 4 * second * rest))
    low, high = ((-first + sign * root) / (2 * second) for sign in (-1, 1))
    ends = float(2 ** (line.at + low)), float(2 ** (line.at + high))
    if not line.low_ppd <= where <= line.high_ppd:
        return Estimate(where, raters=raters, reason=OUTSIDE)
    return Estimate(where, ends[0], ends[1], raters, raters)


def score_advantage(ratings: Ratings, old: str, new: str) -> np.ndarray:
    """(raters,) how much higher each rates the second; NaN where unknown."""
    if new not in ratings.methods or old not in ratings.methods:
        return np.full(len(ratings.raters), np.nan)
    return means_by_rater((ratings.of(new) - ratings.of(old))[:, :, None])[:, 0]


def choice_advantage(pairs: Pairs, old: str, new: str) -> np.ndarray:
    """(raters,) how much more often than half each prefers the second."""
    if (old, new) not in pairs.compared:
        return np.full(len(pairs.raters), np.nan)
    won = pairs.won[:, :, pairs.compared.index((old, new))]
    return np.asarray(0.5 - means_by_rater(won[:, :, None])[:, 0])


def crossing_pair(pairs: Pairs, asked: tuple[str, str] | None) -> tuple[str, str] | None:
    """The pair whose density of equal worth is asked for: the protocol's, else the last compared.

    Args:
        asked: the protocol's pair; None where that is not known.
    """
    if asked in pairs.compared:
        return asked
    return pairs.compared[-1] if pairs.compared else None


def crossings(
    ratings: Ratings, pairs: Pairs, asked: tuple[str, str] | None = None
) -> dict[str, Estimate]:
    """Where the two methods of `crossing_pair` are worth the same, by scores and by choices."""
    old, new = crossing_pair(pairs, asked) or ("", "")
    answers = {
        "scores": (score_advantage(ratings, old, new), ratings.ppd),
        "choices": (choice_advantage(pairs, old, new), pairs.ppd),
    }
    result = {}
    for name, (y, ppd) in answers.items():
        known = ~np.isnan(y) & ~np.isnan(ppd)
        reason = usable(np.where(known, ppd, np.nan)) or CONSTANT
        result[name] = crossing(fit_line(y, ppd), int(known.sum()), reason)
    return result

"""Methods on one scale, from choices between two of them.

Sources: Bradley and Terry 1952 (scale), Davidson 1970 (ties), Perez-Ortiz and Mantiuk 2017,
arXiv:1712.03686 (JOD).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from survey.statistics.estimates.crossed import Crossed, crossed_student
from survey.statistics.estimates.data import Pairs
from survey.statistics.estimates.interval import NO_DATA, Estimate, Jackknife, student
from survey.statistics.estimates.pairs import crossed_preference, is_sure, wilson

if TYPE_CHECKING:
    import pandas as pd

LOGITS_PER_JOD = math.log(3)  # one JOD: three of four prefer the better one
PRIOR = 1.0  # answers added to each pair, half for either, so that a sure winner stays finite
STEP = 1e-3  # of a share, to see how scores follow it
JOD_COLUMNS = (
    "method", "jod", "ci95_low", "ci95_high", "any95_low", "any95_high", "jod_davidson", "n",
    "raters", "reason",
)  # fmt: skip


def bradley_terry(shares: np.ndarray, counts: np.ndarray, compared: np.ndarray) -> np.ndarray:
    """Bradley-Terry strengths as log odds, the mean of all methods at 0; many fits at once.

    Ties are half a win for each; `PRIOR` is added to every pair.

    Args:
        shares: (fits, pairs) how often the first of a pair is preferred.
        counts: (pairs,) answers; a pair without answers has no influence but the prior's.
        compared: (pairs, 2) int, the methods of each pair from 0.

    Returns:
        (fits, methods) float64.

    Source: Hunter 2004, "MM algorithms for generalized Bradley-Terry models", section 2.
    """
    methods = int(compared.max()) + 1
    a, b = compared[:, 0], compared[:, 1]
    total = counts + PRIOR
    wins_a = np.nan_to_num(shares, nan=0.5) * counts + PRIOR / 2
    wins = np.zeros((len(shares), methods))
    for k in range(len(compared)):
        wins[:, a[k]] += wins_a[:, k]
        wins[:, b[k]] += total[k] - wins_a[:, k]
    strength = np.ones_like(wins)
    for _ in range(2000):
        share = total / (strength[:, a] + strength[:, b])
        below = np.zeros_like(wins)
        for k in range(len(compared)):
            below[:, a[k]] += share[:, k]
            below[:, b[k]] += share[:, k]
        new = wins / below
        new /= np.exp(np.log(new).mean(axis=1, keepdims=True))
        if float(np.abs(np.log(new / strength)).max()) < 1e-9:
            strength = new
            break
        strength = new
    return np.asarray(np.log(strength))


@dataclass(frozen=True)
class Scale:
    """Methods on a common scale in JOD, the first at 0; `score[i]` is of `methods[i]`.

    Attributes:
        scores: with intervals over raters, for these photographs.
        crossed: the same values, with intervals for other photographs, too.
        davidson: (methods,) what Davidson's model of ties makes of the same answers.
    """

    methods: tuple[str, ...]
    scores: tuple[Estimate, ...]
    crossed: tuple[Estimate, ...]
    davidson: np.ndarray


def jod_scale(pairs: Pairs) -> Scale:
    """Bradley-Terry scores in just-objectionable differences: 1 JOD is a preference of 75 %.

    The interval is the jackknife's, with Student's t. Where all agree on a pair, or all but one,
    there is no spread that it could see; the ends of that pair's Wilson interval, with one answer
    a person (or a photograph, if those are fewer), are then added to it.
    """
    methods = pairs.methods
    found = [crossed_preference(pairs, k) for k in range(len(pairs.compared))]
    n = sum(part.raters.n for part in found)
    if not n:
        nothing = tuple(Estimate(math.nan, reason=NO_DATA) for _ in methods)
        return Scale(methods, nothing, nothing, np.full(len(methods), math.nan))
    compared = np.array([[methods.index(m) for m in pair] for pair in pairs.compared])
    counts = np.array([part.raters.n for part in found], dtype=float)
    value = np.array([part.value for part in found])

    def scale(shares: np.ndarray) -> np.ndarray:
        logits = bradley_terry(shares, counts, compared)
        return np.asarray((logits - logits[:, :1]) / LOGITS_PER_JOD)

    parts = [
        value[None],
        np.stack([part.raters.without for part in found], axis=1),
        np.stack([part.images.without for part in found], axis=1),
        value + STEP * np.eye(len(value)),
    ]
    fitted = scale(np.concatenate(parts))
    middle, by_rater, by_image, nudged = np.split(fitted, np.cumsum([len(p) for p in parts])[:-1])
    slope = (nudged - middle) / STEP  # (pairs, methods)
    single = np.nan_to_num(np.array([part.single for part in found])) @ slope**2
    raters = np.any([part.raters.contributes for part in found], axis=0)
    images = np.any([part.images.contributes for part in found], axis=0)
    narrow, wide = [_anchor(n, raters)], [_anchor(n, raters)]
    unsure = [_ends(found, scale, value, slope, people_only=only) for only in (True, False)]
    for m in range(1, len(methods)):
        over_raters = Jackknife(float(middle[0, m]), by_rater[:, m], raters, n)
        over_images = Jackknife(float(middle[0, m]), by_image[:, m], images, n)
        narrow.append(_widened(student(over_raters), unsure[0][:, m]))
        both = crossed_student(Crossed(over_raters, over_images, float(single[m])))
        wide.append(_widened(both, unsure[1][:, m]))
    return Scale(methods, tuple(narrow), tuple(wide), davidson(pairs))


def _anchor(n: int, raters: np.ndarray) -> Estimate:
    return Estimate(0.0, n=n, raters=int(raters.sum()), reason="anchor")


def _ends(
    found: list[Crossed],
    scale: Callable[[np.ndarray], np.ndarray],
    value: np.ndarray,
    slope: np.ndarray,
    *,
    people_only: bool,
) -> np.ndarray:
    """(2, methods): how far down and up the ends of pairs on which all agree move each method."""
    low, high, any_sure = value.copy(), value.copy(), False
    for k, part in enumerate(found):
        sure, fewer = is_sure(part.raters), part.raters.units
        if not people_only:
            sure, fewer = sure or is_sure(part.images), min(fewer, part.images.units)
        if sure:
            low[k], high[k] = wilson(part.value, fewer)
            any_sure = True
    moved = np.zeros((2, slope.shape[1]))
    if any_sure:
        middle = scale(value[None])[0]
        for m in range(1, slope.shape[1]):
            up = slope[:, m] > 0
            ends = scale(np.stack([np.where(up, low, high), np.where(up, high, low)]))[:, m]
            moved[:, m] = np.maximum(0, (middle[m] - ends) * (1, -1))
    return moved


def _widened(found: Estimate, moved: np.ndarray) -> Estimate:
    """An interval with what pairs on which all agree add to it."""
    if not moved.any() or math.isnan(found.value):
        return found
    low, high = (found.low, found.high) if found.is_known else (found.value, found.value)
    return replace(
        found,
        low=found.value - math.hypot(found.value - low, moved[0]),
        high=found.value + math.hypot(high - found.value, moved[1]),
        reason="",
    )


def davidson(pairs: Pairs) -> np.ndarray:
    """(methods,) JOD by Davidson's model, in which a tie is an answer of its own.

    Ties there do not pull methods together: one JOD is three of four among those who decide.
    `PRIOR` is added to every pair, a third of it as a tie.

    Source: Davidson 1970, "On extending the Bradley-Terry model to accommodate ties".
    """
    from scipy.optimize import minimize

    methods = pairs.methods
    a, b = np.array([[methods.index(m) for m in pair] for pair in pairs.compared]).T
    wins = [(pairs.won == outcome).sum(axis=(0, 1)) + PRIOR / 3 for outcome in (1, 0, 0.5)]

    def loss(parameters: np.ndarray) -> float:
        worth, tie = np.append(0, parameters[:-1]), parameters[-1]
        logits = np.stack([worth[a], worth[b], tie + (worth[a] + worth[b]) / 2])
        total = np.log(np.exp(logits - logits.max(axis=0)).sum(axis=0)) + logits.max(axis=0)
        return float(sum((n * (total - x)).sum() for n, x in zip(wins, logits, strict=True)))

    found = minimize(loss, np.zeros(len(methods)), method="BFGS").x
    return np.append(0, found[:-1]) / LOGITS_PER_JOD


def scale_table(pairs: Pairs) -> pd.DataFrame:
    """`jod_scale` as a table."""
    import pandas as pd

    scale = jod_scale(pairs)
    rows = [
        {
            "method": method,
            **score.row("jod"),
            "any95_low": wide.low,
            "any95_high": wide.high,
            "jod_davidson": float(with_ties),
        }
        for method, score, wide, with_ties in zip(
            scale.methods, scale.scores, scale.crossed, scale.davidson, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=list(JOD_COLUMNS))

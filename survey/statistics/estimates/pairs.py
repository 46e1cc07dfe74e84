"""Which of two versions people prefer: shares, a common scale, contradictions.

A preference weighs both sides alike, image by image: someone who leans to the left then leans
towards both methods equally.

Sources: Bradley and Terry 1952 (scale), Kendall and Babington Smith 1940 (circular triads), Wilson
1927 (interval of a share), Perez-Ortiz and Mantiuk 2017, arXiv:1712.03686 (JOD).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.data import Pairs, Ratings, flat
from survey.statistics.estimates.interval import (
    NO_DATA,
    Estimate,
    Jackknife,
    combine,
    mean_of_cells,
    student,
    student_on_scale,
)
from survey.statistics.estimates.ranks import holm, signed_rank

if TYPE_CHECKING:
    import pandas as pd

LOGITS_PER_JOD = math.log(3)  # one JOD: three of four prefer the better one
PRIOR = 1.0  # answers added to each pair, half for either, so that a sure winner stays finite
ALL_TIES = "all_ties"
PAIR_COLUMNS = (
    "method_a", "method_b", "n", "raters", "a", "b", "tie", "preference_a", "ci95_low",
    "ci95_high", "wilson95_low", "wilson95_high", "p_value", "p_holm", "reason",
    "a_left", "chose_left",
)  # fmt: skip


def preference_jackknife(pairs: Pairs, pair: int) -> Jackknife:
    """How often a is preferred to b, a tie counting half: sides alike, on a side images alike."""
    won, left = pairs.won[:, :, pair], pairs.a_left[:, :, pair]
    return combine(
        _middle,
        mean_of_cells(np.where(left, won, np.nan)),
        mean_of_cells(np.where(~left, won, np.nan)),
    )


def _middle(sides: np.ndarray) -> np.ndarray:
    """(2, k) to (k,): the mean of two, or the one that is there."""
    known = ~np.isnan(sides)
    total, count = np.where(known, sides, 0.0).sum(axis=0), known.sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def preference(pairs: Pairs, pair: int) -> Estimate:
    """The share that prefers a pair's first method, with its interval over raters.

    Where all agree, or all but one person, the interval is Wilson's with one answer a person.
    """
    found = preference_jackknife(pairs, pair)
    won = pairs.won[:, :, pair]
    if found.n and bool((won[~np.isnan(won)] == 0.5).all()):
        return Estimate(found.value, n=found.n, raters=found.raters, reason=ALL_TIES)
    inside = (found.without > 0) & (found.without < 1)
    if found.raters > 1 and not inside.all():
        low, high = wilson(found.value, found.raters)
        return Estimate(found.value, low, high, found.n, found.raters, found.se)
    return student_on_scale(found, (0, 1))


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n independent answers; NaN for none."""
    if n <= 0:
        return math.nan, math.nan
    z2 = 1.959963984540054**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2) / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def p_value(pairs: Pairs, pair: int) -> float:
    """Of "neither is preferred": the larger p of two tests, which have to agree.

    Student's t of the preference over raters, and Wilcoxon's signed-rank test of the raters' own
    shares. With fewer than six raters Wilcoxon's cannot fall below 0.05.
    """
    found = preference_jackknife(pairs, pair)
    if found.raters < 2:
        return math.nan
    won = pairs.won[:, :, pair]
    own = np.array([row[~np.isnan(row)].mean() for row in won if not np.isnan(row).all()])
    by_ranks = signed_rank(own - 0.5)
    if not found.se > 1e-12:
        return by_ranks
    from scipy.special import stdtr

    by_t = float(2 * stdtr(found.raters - 1, -abs(found.value - 0.5) / found.se))
    return max(by_t, by_ranks)


def overall_p(pairs: Pairs) -> float:
    """Of "none of the pairs has a preferred side": Hotelling's one-sample T squared.

    Over raters who met every pair; NaN with fewer than two more of them than pairs, or where
    nobody differs.

    Source: Hotelling 1931, "The generalization of Student's ratio".
    """
    answered = ~np.isnan(pairs.won)
    met = answered.any(axis=1).all(axis=1)
    won = np.where(answered, pairs.won, 0.0).sum(axis=1)[met]
    own = won / answered.sum(axis=1)[met] - 0.5
    n, k = own.shape
    if not 0 < k <= n - 2:
        return math.nan
    spread = np.atleast_2d(np.cov(own.T))
    k = int(np.linalg.matrix_rank(spread))
    if k == 0:
        return math.nan
    from scipy.special import fdtrc

    mean = own.mean(axis=0)
    t_squared = n * float(mean @ np.linalg.pinv(spread) @ mean)
    return float(fdtrc(k, n - k, (n - k) / (k * (n - 1)) * t_squared))


def adjusted_p(pairs: Pairs) -> np.ndarray:
    """(pairs,) p after Holm's correction, and never below that of all pairs together."""
    each = holm(np.array([p_value(pairs, k) for k in range(len(pairs.compared))]))
    return np.asarray(np.maximum(each, np.nan_to_num(overall_p(pairs))))


def pair_table(pairs: Pairs) -> pd.DataFrame:
    """One row a pair of methods. Counts are of answers; `preference_a` weighs sides alike."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for k, (a, b) in enumerate(pairs.compared):
        won, left = pairs.won[:, :, k], pairs.a_left[:, :, k]
        answered = ~np.isnan(won)
        found = preference(pairs, k)
        low, high = wilson(found.value, found.n)
        decided = answered & (won != 0.5)
        chose_left = (won == 1) == left
        rows.append(
            {
                "method_a": a,
                "method_b": b,
                "a": int((won == 1).sum()),
                "b": int((won == 0).sum()),
                "tie": int((won == 0.5).sum()),
                **found.row("preference_a"),
                "wilson95_low": low,
                "wilson95_high": high,
                "p_value": p_value(pairs, k),
                "a_left": int((answered & left).sum()),
                "chose_left": float(chose_left[decided].mean()) if decided.any() else math.nan,
            }
        )
    table = pd.DataFrame(rows, columns=[c for c in PAIR_COLUMNS if c != "p_holm"])
    table["p_holm"] = adjusted_p(pairs)
    return table[list(PAIR_COLUMNS)]


def left_share(pairs: Pairs) -> Estimate:
    """How often the left side was chosen when one was: 0.5 for people without a lean."""
    chose_left = np.where(pairs.a_left, pairs.won, 1 - pairs.won)
    chose_left = np.where(pairs.won == 0.5, np.nan, chose_left)
    if np.isnan(chose_left).all():
        return Estimate(math.nan, reason=NO_DATA)
    return student_on_scale(mean_of_cells(flat(chose_left)), (0, 1))


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
    """Methods on a common scale in JOD, the first at 0; `score[i]` is of `methods[i]`."""

    methods: tuple[str, ...]
    scores: tuple[Estimate, ...]


def jod_scale(pairs: Pairs) -> Scale:
    """Bradley-Terry scores in just-objectionable differences: 1 JOD is a preference of 75 %.

    The interval is the jackknife's over raters, with Student's t.
    """
    methods = pairs.methods
    found = [preference_jackknife(pairs, k) for k in range(len(pairs.compared))]
    n = sum(part.n for part in found)
    if not n:
        return Scale(methods, tuple(Estimate(math.nan, reason=NO_DATA) for _ in methods))
    compared = np.array([[methods.index(m) for m in pair] for pair in pairs.compared])
    shares = np.stack([np.append(part.without, part.value) for part in found], axis=1)
    logits = bradley_terry(shares, np.array([part.n for part in found], dtype=float), compared)
    jod = (logits - logits[:, :1]) / LOGITS_PER_JOD
    contributes = np.any([part.contributes for part in found], axis=0)
    scores = [Estimate(0.0, n=n, raters=int(contributes.sum()), reason="anchor")]
    for column in jod.T[1:]:
        scores.append(student(Jackknife(float(column[-1]), column[:-1], contributes, n)))
    return Scale(methods, tuple(scores))


def scale_table(pairs: Pairs) -> pd.DataFrame:
    """`jod_scale` as a table."""
    import pandas as pd

    scale = jod_scale(pairs)
    rows = [
        {"method": method, **score.row("jod")}
        for method, score in zip(scale.methods, scale.scores, strict=True)
    ]
    columns = ["method", "jod", "ci95_low", "ci95_high", "n", "raters", "reason"]
    return pd.DataFrame(rows, columns=columns)


def circular_triads(pairs: Pairs) -> dict[str, float | int]:
    """How often one person contradicts the own order: a over b, b over c, c over a.

    Returns:
        `triads` that were answered without a tie, `circular` among them, their `share`, and the
        share that answers at random would give, 0.25.
    """
    circular = triads = 0
    column = {pair: k for k, pair in enumerate(pairs.compared)}
    for a, b, c in combinations(pairs.methods, 3):
        if not {(a, b), (b, c), (a, c)} <= set(column):
            continue
        ab, bc, ac = (pairs.won[:, :, column[p]] for p in ((a, b), (b, c), (a, c)))
        decided = np.isin(ab, (0, 1)) & np.isin(bc, (0, 1)) & np.isin(ac, (0, 1))
        triads += int(decided.sum())
        circular += int((decided & (ab == bc) & (ac != ab)).sum())
    share = circular / triads if triads else math.nan
    return {"triads": triads, "circular": circular, "share": share, "by_chance": 0.25}


def agreement_with_ratings(pairs: Pairs, ratings: Ratings) -> dict[str, float | int]:
    """Whether a person's choice is the version the same person rated higher.

    Returns:
        `n` choices where neither the choice nor the scores tie, and the `share` that agrees.
    """
    agree = n = 0
    raters = [r for r in pairs.raters if r in ratings.raters]
    images = [i for i in pairs.images if i in ratings.images]
    rows = [pairs.raters.index(r) for r in raters], [ratings.raters.index(r) for r in raters]
    columns = [pairs.images.index(i) for i in images], [ratings.images.index(i) for i in images]
    for k, (a, b) in enumerate(pairs.compared):
        if a not in ratings.methods or b not in ratings.methods:
            continue
        difference = (ratings.of(a) - ratings.of(b))[np.ix_(rows[1], columns[1])]
        won = pairs.won[:, :, k][np.ix_(rows[0], columns[0])]
        usable = ~np.isnan(difference) & (difference != 0) & np.isin(won, (0, 1))
        n += int(usable.sum())
        agree += int((usable & ((difference > 0) == (won == 1))).sum())
    return {"n": n, "share": agree / n if n else math.nan}

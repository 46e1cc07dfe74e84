"""Which of two versions people prefer: shares, tests, contradictions.

A preference weighs both sides alike, image by image: someone who leans to the left then leans
towards both methods equally.

Sources: Kendall and Babington Smith 1940 (circular triads), Wilson 1927 (interval of a share).
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.crossed import (
    Crossed,
    crossed_of,
    crossed_p,
    crossed_student,
    single_variance,
)
from survey.statistics.estimates.data import Pairs, Ratings, flat
from survey.statistics.estimates.interval import (
    NO_DATA,
    Estimate,
    Jackknife,
    combine,
    mean_of_cells,
    student_on_scale,
)
from survey.statistics.estimates.ranks import holm, over_ways, signed_rank
from survey.statistics.estimates.verdicts import SHARE_MARGIN, alike_p, verdicts

if TYPE_CHECKING:
    import pandas as pd

ALL_TIES = "all_ties"
PAIR_COLUMNS = (
    "method_a", "method_b", "n", "raters", "a", "b", "tie", "preference_a", "ci95_low",
    "ci95_high", "any95_low", "any95_high", "wilson95_low", "wilson95_high", "p_value",
    "p_crossed", "p_holm", "p_alike", "verdict", "reason", "a_left", "chose_left",
)  # fmt: skip


def preference_jackknife(pairs: Pairs, pair: int) -> Jackknife:
    """How often a is preferred to b, a tie counting half: sides alike, on a side images alike."""
    won, left = pairs.won[:, :, pair], pairs.a_left[:, :, pair]
    return combine(
        _middle,
        mean_of_cells(np.where(left, won, np.nan)),
        mean_of_cells(np.where(~left, won, np.nan)),
    )


def crossed_preference(pairs: Pairs, pair: int) -> Crossed:
    """The same over raters and photographs."""
    won, left = pairs.won[:, :, pair], pairs.a_left[:, :, pair]
    sides = [np.where(side, won, np.nan) for side in (left, ~left)]
    means = [mean_of_cells(side).value for side in sides]
    lean = np.where(left, *means) - np.nanmean(means) if not np.isnan(means).any() else 0.0
    return crossed_of(_middle, single_variance(won - lean), *sides)


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
        return Estimate(found.value, n=found.n, raters=found.units, reason=ALL_TIES)
    if is_sure(found):
        low, high = wilson(found.value, found.units)
        return Estimate(found.value, low, high, found.n, found.units, found.se)
    return student_on_scale(found, (0, 1))


def is_sure(found: Jackknife) -> bool:
    """Whether all agree, or all but one: then no spread tells how sure that is."""
    return found.units > 1 and not bool(((found.without > 0) & (found.without < 1)).all())


def any_preference(pairs: Pairs, pair: int) -> Estimate:
    """`preference` with its interval for other photographs, too.

    Where all agree, or all but one person or photograph, the interval is Wilson's with one answer
    a person or a photograph, whichever are fewer.
    """
    found = crossed_preference(pairs, pair)
    given = pairs.won[:, :, pair]
    if found.raters.n and bool((given[~np.isnan(given)] == 0.5).all()):
        return Estimate(found.value, n=found.raters.n, raters=found.raters.units, reason=ALL_TIES)
    if is_sure(found.raters) or is_sure(found.images):
        fewer = min(found.raters.units, found.images.units)
        low, high = wilson(found.value, fewer)
        return Estimate(found.value, low, high, found.raters.n, found.raters.units)
    return crossed_student(found, scale=(0, 1))


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
    if found.units < 2:
        return math.nan
    won = pairs.won[:, :, pair]
    own = np.array([row[~np.isnan(row)].mean() for row in won if not np.isnan(row).all()])
    by_ranks = signed_rank(own - 0.5)
    if not found.se > 1e-12:
        return by_ranks
    from scipy.special import stdtr

    by_t = float(2 * stdtr(found.units - 1, -abs(found.value - 0.5) / found.se))
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


def p_crossed(pairs: Pairs, pair: int) -> float:
    """Of "neither is preferred" by other raters on other photographs.

    Where all agree, or all but one, it is that of a sign test with as many answers as there are
    people or photographs, whichever are fewer.
    """
    found = crossed_preference(pairs, pair)
    if found.raters.units < 2 or found.images.units < 2:
        return math.nan
    if is_sure(found.raters) or is_sure(found.images):
        fewer = min(found.raters.units, found.images.units)
        return min(1.0, 2 * 0.5**fewer * (1 if found.value in (0, 1) else fewer + 1))
    p = crossed_p(found, 0.5, scale=(0, 1))
    return 1.0 if math.isnan(p) and found.value == 0.5 else p


def adjusted_p(pairs: Pairs, ways: int = 1) -> np.ndarray:
    """(pairs,) p that verdicts rest on: other raters and other photographs, after Holm.

    The larger of `p_value` and `p_crossed`, corrected, and never below that of all pairs together.

    Args:
        ways: in which differences are asked for, ratings and choices; they share the 5 %.
    """
    both = [(p_value(pairs, k), p_crossed(pairs, k)) for k in range(len(pairs.compared))]
    each = holm(np.array([max(p) if not np.isnan(p).any() else math.nan for p in both]))
    return np.asarray(np.maximum(over_ways(each, ways), np.nan_to_num(overall_p(pairs))))


def pair_table(pairs: Pairs, margin: float = SHARE_MARGIN, ways: int = 1) -> pd.DataFrame:
    """One row a pair of methods. Counts are of answers; `preference_a` weighs sides alike.

    `ci95_*` speaks of other raters on these photographs, `any95_*` of other photographs, too;
    `verdict` rests on the latter, see `adjusted_p` and `survey.statistics.estimates.verdicts`.

    Args:
        margin: from one half, from which on a preference matters.
        ways: as for `adjusted_p`.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for k, (a, b) in enumerate(pairs.compared):
        won, left = pairs.won[:, :, k], pairs.a_left[:, :, k]
        answered = ~np.isnan(won)
        found = preference(pairs, k)
        low, high = wilson(found.value, found.n)
        wide = any_preference(pairs, k)
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
                "any95_low": wide.low,
                "any95_high": wide.high,
                "wilson95_low": low,
                "wilson95_high": high,
                "p_value": p_value(pairs, k),
                "p_crossed": p_crossed(pairs, k),
                "p_alike": alike_p(crossed_preference(pairs, k), margin, 0.5, scale=(0, 1)),
                "a_left": int((answered & left).sum()),
                "chose_left": float(chose_left[decided].mean()) if decided.any() else math.nan,
            }
        )
    made_later = ("p_holm", "verdict")
    table = pd.DataFrame(rows, columns=[c for c in PAIR_COLUMNS if c not in made_later])
    table["p_holm"] = adjusted_p(pairs, ways)
    table["p_alike"] = over_ways(holm(table["p_alike"].to_numpy(dtype=float)), ways)
    table["verdict"] = verdicts(table["p_holm"], table["p_alike"])
    return table[list(PAIR_COLUMNS)]


def left_share(pairs: Pairs) -> Estimate:
    """How often the left side was chosen when one was: 0.5 for people without a lean."""
    chose_left = np.where(pairs.a_left, pairs.won, 1 - pairs.won)
    chose_left = np.where(pairs.won == 0.5, np.nan, chose_left)
    if np.isnan(chose_left).all():
        return Estimate(math.nan, reason=NO_DATA)
    return student_on_scale(mean_of_cells(flat(chose_left)), (0, 1))


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

"""Who rates how: screening, bias and inconsistency, attention. Nobody is deleted, all is reported.

Sources: ITU-R BT.500 (screening), ITU-T P.910 (10/2023) annex E and Li et al. 2020,
arXiv:2004.02067 (subject model), ITU-T P.910's crowdsourcing notes (straight-lining).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.data import flat, read_ratings

if TYPE_CHECKING:
    import pandas as pd

STRAIGHT_LINE_VARIANCE = 0.15
LOW_CORRELATION = 0.25
GOLDEN_PASS = 0.7
FAST_SHARE = 0.25
INCONSISTENT = 1.75  # times the median inconsistency
MIN_RATED = 5  # ratings below which a rater is not judged
COLUMNS = (
    "participant", "n_ratings", "n_pairs", "mean_score", "variance", "bias", "inconsistency",
    "rank", "weight", "correlation_with_others", "bt500_p", "bt500_q", "bt500_rejects",
    "golden_n", "golden_passed", "instructed_passed", "repeats_n", "repeat_mean_difference",
    "median_rt_ms", "fast_share", "ppd", "simulated", "reasons", "vision", "comment",
)  # fmt: skip
TOLD = ("vision", "comment")  # by the person at the end, the same in all rows of one


@dataclass(frozen=True)
class SubjectModel:
    """score = quality of the version + bias of the rater + inconsistency of the rater x noise.

    Attributes:
        quality: (images, methods), NaN for versions nobody rated.
        quality_se: the same, their standard errors.
        bias: (raters,), of mean 0.
        inconsistency: (raters,), a standard deviation; NaN with fewer than two ratings.
    """

    quality: np.ndarray
    quality_se: np.ndarray
    bias: np.ndarray
    inconsistency: np.ndarray


def subject_model(
    scores: np.ndarray, *, tolerance: float = 1e-8, limit: int = 1000
) -> SubjectModel:
    """Fit ITU-T P.910's subject model by alternating projection.

    It tells raters apart from about eight on; of four, one can be fitted as if never unsteady.

    Args:
        scores: (raters, images, methods) float, NaN where there is no score.
        tolerance: on the Euclidean length of a step of the qualities.
        limit: of the steps.

    Source: Li et al. 2020, arXiv:2004.02067, algorithm 1; P.910 annex E.
    """
    table = flat(scores)
    present = ~np.isnan(table)
    quality = _mean(table, present, axis=0)
    bias = _mean(table - quality, present, axis=1)
    for _ in range(limit):
        residual = table - quality - bias[:, None]
        spread = _spread(residual, present)
        weight = np.where(present, 1 / (spread**2 + 1e-8)[:, None], 0.0)
        before = quality
        quality = _weighted_mean(table - bias[:, None], weight)
        bias = _mean(table - quality, present, axis=1)
        if float(np.nansum((quality - before) ** 2)) < tolerance**2:
            break
    residual = table - quality - bias[:, None]
    spread = _spread(residual, present)
    known = ~np.isnan(bias)
    shift = float(bias[known].mean()) if known.any() else 0.0
    total = np.where(present, 1 / (spread**2 + 1e-8)[:, None], 0.0).sum(axis=0)
    error = np.divide(1.0, np.sqrt(total), out=np.full(len(total), np.nan), where=total > 0)
    spread = np.where(present.sum(axis=1) > 1, spread, np.nan)
    shape = scores.shape[1:]
    return SubjectModel(
        (quality + shift).reshape(shape), error.reshape(shape), bias - shift, spread
    )


def _mean(values: np.ndarray, present: np.ndarray, *, axis: int) -> np.ndarray:
    count = present.sum(axis=axis)
    total = np.where(present, values, 0.0).sum(axis=axis)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _spread(residual: np.ndarray, present: np.ndarray) -> np.ndarray:
    """(raters,) standard deviation over versions, around its own mean."""
    centred = residual - _mean(residual, present, axis=1)[:, None]
    return np.sqrt(np.nan_to_num(_mean(centred**2, present, axis=1)))


def _weighted_mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    total = weight.sum(axis=0)
    summed = np.where(weight > 0, values * weight, 0.0).sum(axis=0)
    return np.divide(summed, total, out=np.full(total.shape, np.nan), where=total > 0)


@dataclass(frozen=True)
class Screening:
    """BT.500's counts: shares of a rater's scores far above (p) and far below (q) the others'."""

    p: np.ndarray
    q: np.ndarray
    rejects: np.ndarray


def bt500(scores: np.ndarray) -> Screening:
    """ITU-R BT.500's screening, reported and never applied.

    A score is far when it is 2 standard deviations from its version's mean, or sqrt(20) where the
    scores' kurtosis is not between 2 and 4. A rater is rejected with more than 5 % far scores
    that are about as often high as low (|p - q| / (p + q) < 0.3).

    Args:
        scores: (raters, images, methods) float, NaN where there is no score.

    Returns:
        (raters,) arrays; p and q as shares of the rater's own scores.
    """
    table = flat(scores)
    present = ~np.isnan(table)
    mean = _mean(table, present, axis=0)
    centred = np.where(present, table - mean, 0.0)
    second = _mean(centred**2, present, axis=0)
    fourth = _mean(centred**4, present, axis=0)
    kurtosis = np.divide(fourth, second**2, out=np.zeros_like(fourth), where=second > 0)
    factor = np.where((kurtosis >= 2) & (kurtosis <= 4), 2.0, np.sqrt(20.0))
    border = factor * np.sqrt(second)
    varied = present & (second > 0)
    own = present.sum(axis=1)
    high = (varied & (centred >= border)).sum(axis=1)
    low = (varied & (centred <= -border)).sum(axis=1)
    far = high + low
    lopsided = np.divide(np.abs(high - low), far, out=np.ones(len(far)), where=far > 0)
    share = np.divide(far, own, out=np.zeros(len(far)), where=own > 0)
    rejects = (share > 0.05) & (lopsided < 0.3)
    if rejects.all():
        rejects[:] = False
    return Screening(_share(high, own), _share(low, own), rejects)


def _share(count: np.ndarray, total: np.ndarray) -> np.ndarray:
    return np.divide(count, total, out=np.full(len(count), np.nan), where=total > 0)


def weights(inconsistency: np.ndarray) -> np.ndarray:
    """What a rater weighs: 1 up to the median inconsistency, then less with its square."""
    known = inconsistency[~np.isnan(inconsistency)]
    if not len(known) or np.median(known) == 0:
        return np.ones(len(inconsistency))
    ratio = np.nan_to_num(inconsistency, nan=float(np.median(known))) / np.median(known)
    return np.asarray(1 / np.maximum(ratio, 1.0) ** 2)


def correlation_with_others(scores: np.ndarray) -> np.ndarray:
    """(raters,) Pearson's r of a rater's scores with the others' mean of the same versions."""
    table = flat(scores)
    present = ~np.isnan(table)
    known = np.where(present, table, 0.0)
    others = np.divide(
        known.sum(axis=0) - known,
        present.sum(axis=0) - present,
        out=np.full(table.shape, np.nan),
        where=(present.sum(axis=0) - present) > 0,
    )
    result = np.full(len(table), np.nan)
    for rater, (own, rest) in enumerate(zip(table, others, strict=True)):
        both = ~np.isnan(own) & ~np.isnan(rest)
        if both.sum() >= MIN_RATED and own[both].std() > 0 and rest[both].std() > 0:
            result[rater] = np.corrcoef(own[both], rest[both])[0, 1]
    return result


def rater_table(responses: pd.DataFrame) -> pd.DataFrame:
    """One row a rater: how consistent, how attentive, what weight, and the reasons.

    `rank` is by inconsistency, 1 the most consistent. `reasons` is empty where nothing is wrong.
    `vision` and `comment` are as told at the end; responses.csv is without them.
    """
    import pandas as pd

    ratings = read_ratings(responses)
    model, screening = subject_model(ratings.scores), bt500(ratings.scores)
    weight = weights(model.inconsistency)
    correlation = correlation_with_others(ratings.scores)
    place = {rater: index for index, rater in enumerate(ratings.raters)}
    median = float(np.median(_known(model.inconsistency))) if len(ratings.raters) else np.nan
    rows = []
    for participant, own in sorted(responses.groupby("participant"), key=lambda item: str(item[0])):
        row = _attention(own) | {name: own[name].iloc[0] for name in TOLD if name in own}
        row["participant"] = participant
        index = place.get(str(participant))
        if index is not None:
            scores = ratings.scores[index]
            given = scores[~np.isnan(scores)]
            row |= {
                "n_ratings": len(given),
                "mean_score": float(given.mean()),
                "variance": float(given.var(ddof=1)) if len(given) > 1 else np.nan,
                "bias": model.bias[index],
                "inconsistency": model.inconsistency[index],
                "weight": weight[index],
                "correlation_with_others": correlation[index],
                "bt500_p": screening.p[index],
                "bt500_q": screening.q[index],
                "bt500_rejects": bool(screening.rejects[index]),
            }
        row["reasons"] = ";".join(reasons(row, median))
        rows.append(row)
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c != "rank"])
    table["rank"] = table["inconsistency"].astype(float).rank(method="min").astype("Int64")
    return table[list(COLUMNS)]


def _known(values: np.ndarray) -> np.ndarray:
    known = values[~np.isnan(values)]
    return known if len(known) else np.array([np.nan])


def _attention(own: pd.DataFrame) -> dict[str, Any]:
    """What one person's rows say about attention."""
    golden, told = own[own["role"] == "golden"], own[own["role"] == "instructed"]
    main = own[own["role"] == "main"]
    answered = own.set_index("trial_id")
    repeats = own[(own["role"] == "repeat") & (own["kind"] == "rating") & own["score"].notna()]
    first = repeats["repeat_of"].map(answered["score"])
    change = (repeats["score"].astype(float) - first.astype(float)).abs().dropna()
    fast = main["flags"].fillna("").str.split(";").map(lambda flags: "fast" in flags)
    return {
        "n_ratings": 0,
        "n_pairs": int((main["kind"] == "pair").sum()),
        "golden_n": int(golden["correct"].notna().sum()),
        "golden_passed": _rate(golden["correct"]),
        "instructed_passed": _rate(told["correct"]),
        "repeats_n": len(change),
        "repeat_mean_difference": float(change.mean()) if len(change) else np.nan,
        "median_rt_ms": float(main["rt_ms"].median()) if len(main) else np.nan,
        "fast_share": float(fast.mean()) if len(main) else np.nan,
        "ppd": float(main["ppd"].median()) if main["ppd"].notna().any() else np.nan,
        "simulated": bool(own["simulated"].any()),
    }


def _rate(values: pd.Series) -> float:
    known = values.dropna()
    return float(known.astype(float).mean()) if len(known) else np.nan


def reasons(row: dict[str, Any], median_inconsistency: float) -> list[str]:
    """Why a rater's answers should be looked at."""

    def value(name: str) -> float:
        return float(row.get(name, np.nan))

    is_judged = row["n_ratings"] >= MIN_RATED
    found = {
        "few_answers": not is_judged,
        "inconsistent": is_judged and value("inconsistency") > INCONSISTENT * median_inconsistency,
        "unlike_others": is_judged and value("correlation_with_others") < LOW_CORRELATION,
        "straight_lining": is_judged and value("variance") < STRAIGHT_LINE_VARIANCE,
        "bt500": bool(row.get("bt500_rejects", False)),
        "golden": value("golden_passed") < GOLDEN_PASS,
        "instructed": value("instructed_passed") < 1,
        "fast": value("fast_share") > FAST_SHARE,
    }
    return [name for name, is_so in found.items() if is_so]

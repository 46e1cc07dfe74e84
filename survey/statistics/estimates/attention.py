"""Who answers with care: what each rater's answers say of it. Nobody is deleted, all is reported.

Careless people rarely fail the easy trials; what gives them away is that their answers to the hard
ones agree with others' no more than chance does. docs/validity.md has, for each way to be careless,
how often that is seen, and how often honest people are suspected.

Sources: ITU-T P.910's crowdsourcing notes (straight-lining), Perez-Ortiz and Mantiuk 2017,
arXiv:1712.03686 (likelihood of choices), Stouffer et al. 1949 (adding up z).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.data import (
    Pairs,
    Ratings,
    flat,
    progress,
    read_pairs,
    read_ratings,
)
from survey.statistics.estimates.raters import bt500, subject_model, weights

if TYPE_CHECKING:
    import pandas as pd

STRAIGHT_LINE_VARIANCE = 0.15
LOW_CORRELATION = 0.25
GOLDEN_PASS = 0.7
FAST_SHARE = 0.25
UNSTEADY = 1.75  # times the median unsteadiness, as a share of the scale a rater uses
MIN_RATED = 5  # ratings below which a rater is not judged
MIN_RANKED = 10  # ratings below which a rater has no rank
CHANCE_Z = 1.645  # 5 % of those who answer at random agree with others more than that
TELLING_Z = 3.3  # of half of the raters, or agreement tells nothing here
OUTLIER = 3.0  # robust standard deviations below the others' agreement
REPEAT_DIFFERENCE, MIN_REPEATS = 1.5, 3  # of scores; at random it would be 1.6
COLUMNS = (
    "participant", "n_ratings", "n_pairs", "mean_score", "variance", "bias", "inconsistency",
    "rank", "weight", "correlation_with_others", "unsteadiness", "agreement_z",
    "bt500_p", "bt500_q", "bt500_rejects",
    "golden_n", "golden_passed", "instructed_passed", "repeats_n", "repeat_mean_difference",
    "median_rt_ms", "fast_share", "ppd", "answered", "trials", "finished", "stopped_in",
    "simulated", "reasons", "vision", "comment",
)  # fmt: skip
TOLD = ("vision", "comment")  # by the person at the end, the same in all rows of one


def correlation_with_others(scores: np.ndarray) -> np.ndarray:
    """(raters,) Pearson's r of a rater's scores with the others' mean of the same versions."""
    table = flat(scores)
    others = _others(table)
    result = np.full(len(table), np.nan)
    for rater, (own, rest) in enumerate(zip(table, others, strict=True)):
        both = ~np.isnan(own) & ~np.isnan(rest)
        if both.sum() >= MIN_RATED and own[both].std() > 0 and rest[both].std() > 0:
            result[rater] = np.corrcoef(own[both], rest[both])[0, 1]
    return result


def _others(table: np.ndarray) -> np.ndarray:
    """(raters, ...) of each cell the mean of all others' answers; NaN where there is none."""
    present = ~np.isnan(table)
    known, count = np.where(present, table, 0.0), present.sum(axis=0) - present
    total = known.sum(axis=0) - known
    return np.divide(total, count, out=np.full(table.shape, np.nan), where=count > 0)


def unsteadiness(correlation: np.ndarray) -> np.ndarray:
    """(raters,) spread around the others' means, as a share of the scale that a rater uses.

    Who makes more of each difference than others do spreads more, and is no less steady for it.

    Args:
        correlation: of `correlation_with_others`.
    """
    r = np.clip(correlation, 0.0, 1.0)
    return np.where(r > 0, np.sqrt(1 - r**2) / np.where(r > 0, r, 1.0), np.where(r == 0, np.inf, r))


def agreement_z(ratings: Ratings, pairs: Pairs) -> dict[str, float]:
    """How far each rater agrees with the others beyond chance, on what is hard; by rater.

    Ratings: within each photograph, without the methods that are rated lowest and highest on the
    whole (most people get those right), the sum of products of a rater's and the others' scores,
    as distances from the photograph's mean, over its spread if the rater's scores were dealt out at
    random. Choices: the same of choices and the others' preference. Both are about standard normal
    for who answers at random; where there are both, they are added up and divided by the root of 2.
    """
    parts: dict[str, list[float]] = {}
    for raters, z in ((ratings.raters, _score_z(ratings)), (pairs.raters, _choice_z(pairs))):
        for rater, value in zip(raters, z, strict=True):
            if not math.isnan(value):
                parts.setdefault(rater, []).append(float(value))
    return {rater: sum(found) / math.sqrt(len(found)) for rater, found in parts.items()}


def _score_z(ratings: Ratings) -> np.ndarray:
    """(raters,) NaN for those of whom nothing can be compared."""
    scores = ratings.scores
    if len(ratings.methods) > 3:
        means = [np.nanmean(ratings.of(method)) for method in ratings.methods]
        middle = np.setdiff1d(np.arange(len(means)), [np.argmin(means), np.argmax(means)])
        scores = scores[:, :, middle]
    others = _others(scores)
    both = ~np.isnan(scores) & ~np.isnan(others)
    count = both.sum(axis=2)
    own, theirs = (_centred(part, both, count) for part in (scores, others))
    usable = count > 1
    spread = (own**2).sum(axis=2) * (theirs**2).sum(axis=2) / np.maximum(count - 1, 1)
    total = (own * theirs).sum(axis=2)
    return _ratio(
        np.where(usable, total, 0).sum(axis=1),
        np.where(usable, spread, 0).sum(axis=1),
        usable.any(axis=1),
    )


def _centred(values: np.ndarray, both: np.ndarray, count: np.ndarray) -> np.ndarray:
    known = np.where(both, values, 0.0)
    mean = known.sum(axis=2) / np.maximum(count, 1)
    return np.where(both, known - mean[:, :, None], 0.0)


def _choice_z(pairs: Pairs) -> np.ndarray:
    """(raters,) NaN for those of whom nothing can be compared."""
    own, theirs = 2 * flat(pairs.won) - 1, 2 * _others(flat(pairs.won)) - 1
    both = ~np.isnan(own) & ~np.isnan(theirs)
    product = np.where(both, own * theirs, 0.0)
    return _ratio(product.sum(axis=1), (product**2).sum(axis=1), both.any(axis=1))


def _ratio(total: np.ndarray, variance: np.ndarray, known: np.ndarray) -> np.ndarray:
    z = np.divide(total, np.sqrt(variance), out=np.zeros(len(total)), where=variance > 1e-12)
    return np.where(known, z, np.nan)


def suspicions(z: np.ndarray, unsteady: np.ndarray) -> dict[str, np.ndarray]:
    """Reasons that compare raters: name to (raters,) bool.

    Args:
        z: of `agreement_z`, NaN where unknown.
        unsteady: of `unsteadiness`, NaN where unknown.
    """
    nobody = np.zeros(len(z), dtype=bool)
    found = {"like_chance": nobody, "agrees_less": nobody, "inconsistent": nobody}
    if (~np.isnan(z)).any():
        middle = float(np.nanmedian(z))
        spread = 1.4826 * float(np.nanmedian(np.abs(z - middle)))
        found["like_chance"] = (z < CHANCE_Z) & (middle > TELLING_Z)
        found["agrees_less"] = (middle - z > OUTLIER * max(spread, 1.0)) & (middle > TELLING_Z)
    if (~np.isnan(unsteady)).any():
        found["inconsistent"] = unsteady > UNSTEADY * float(np.nanmedian(unsteady))
    return found


def rater_table(responses: pd.DataFrame, order: Sequence[str] = ()) -> pd.DataFrame:
    """One row a rater: how consistent, how attentive, what weight, and the reasons.

    `rank` is by inconsistency, 1 the most consistent, of raters with `MIN_RANKED` ratings or more.
    `reasons` is empty where nothing is wrong. `vision` and `comment` are as told at the end;
    responses.csv is without them.

    Args:
        order: of the methods, as for `read_ratings`.
    """
    import pandas as pd

    ratings, choices = read_ratings(responses, order), read_pairs(responses, order)
    people = sorted({str(participant) for participant in responses["participant"]})
    agreement = agreement_z(ratings, choices)
    z = np.array([agreement.get(person, math.nan) for person in people])
    model, screening = subject_model(ratings.scores), bt500(ratings.scores)
    weight = weights(model.inconsistency)
    correlation = correlation_with_others(ratings.scores)
    place = {rater: index for index, rater in enumerate(ratings.raters)}
    unsteady = unsteadiness(correlation)
    own_unsteady = np.array([unsteady[place[p]] if p in place else math.nan for p in people])
    compared = suspicions(z, own_unsteady)
    rows = []
    everybody = sorted(responses.groupby("participant"), key=lambda item: str(item[0]))
    for at, (participant, own) in enumerate(everybody):
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
                "unsteadiness": unsteady[index],
                "bt500_p": screening.p[index],
                "bt500_q": screening.q[index],
                "bt500_rejects": bool(screening.rejects[index]),
            }
        row["agreement_z"] = z[at]
        row["reasons"] = ";".join(reasons(row, [n for n, who in compared.items() if who[at]]))
        rows.append(row)
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c != "rank"])
    ranked = table["inconsistency"].astype(float).where(table["n_ratings"] >= MIN_RANKED)
    table["rank"] = ranked.rank(method="min").astype("Int64")
    stopped = progress(responses).reindex(table["participant"])
    table[list(stopped.columns)] = stopped.to_numpy()
    return table[list(COLUMNS)]


def _attention(own: pd.DataFrame) -> dict[str, Any]:
    """What one person's rows say about attention."""
    golden, told = own[own["role"] == "golden"], own[own["role"] == "instructed"]
    main = own[own["role"] == "main"]
    answered = own.set_index("trial_id")
    repeats = own[(own["role"] == "repeat") & (own["kind"] != "pair") & own["score"].notna()]
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


def reasons(row: dict[str, Any], compared: list[str]) -> list[str]:
    """Why a rater's answers should be looked at.

    Args:
        row: of `rater_table`.
        compared: this rater's `suspicions`.
    """

    def value(name: str) -> float:
        return float(row.get(name, np.nan))

    is_judged = row["n_ratings"] >= MIN_RATED
    repeats = value("repeat_mean_difference") if value("repeats_n") >= MIN_REPEATS else 0.0
    found = {
        "few_answers": not is_judged,
        **dict.fromkeys(compared, is_judged),
        "unlike_others": is_judged and value("correlation_with_others") < LOW_CORRELATION,
        "straight_lining": is_judged and value("variance") < STRAIGHT_LINE_VARIANCE,
        "repeats": repeats >= REPEAT_DIFFERENCE,
        "bt500": bool(row.get("bt500_rejects", False)),
        "golden": value("golden_passed") < GOLDEN_PASS,
        "instructed": value("instructed_passed") < 1,
        "fast": value("fast_share") > FAST_SHARE,
    }
    return [name for name, is_so in found.items() if is_so]

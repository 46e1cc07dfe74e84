"""Proof that nothing but the methods differs: coverage, sides, order, drift; and who left."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.data import counted, progress
from survey.statistics.estimates.interval import CONSTANT, NO_DATA, ONE_RATER, Estimate, quantile_t

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["check", "group", "value", "low", "high", "expected", "p_value"]


def balance_table(responses: pd.DataFrame) -> pd.DataFrame:
    """The certificate of a study, one row a check.

    - `ratings_per_version`: mean, fewest, most.
    - `choices_per_pair`: the same for every image and pair.
    - `left`: how often a pair's first method was on the left, and the p of a fair coin.
    - `place`: where in their block a method's ratings came, 0 first to 1 last; p of Kruskal and
      Wallis that all methods come equally early.
    - `drift`: by how much scores rise from the first to the second half, with its interval.
    """
    import pandas as pd

    rated, chosen = counted(responses, "rating"), counted(responses, "pair")
    rows = [_coverage("ratings_per_version", rated.groupby(["image", "method"]).size())]
    compared = _pair_names(chosen)
    rows.append(_coverage("choices_per_pair", chosen.groupby([chosen["image"], compared]).size()))
    rows += _sides(chosen, compared)
    rows += _places(rated)
    drifted = drift(rated)
    rows.append(_row("drift", "", drifted.value, drifted.low, drifted.high, expected=0.0))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    check: str, group: str, value: float, low: float, high: float, **more: float
) -> dict[str, Any]:
    empty = {"expected": math.nan, "p_value": math.nan}
    return {"check": check, "group": group, "value": value, "low": low, "high": high} | empty | more


def _coverage(check: str, count: pd.Series) -> dict[str, Any]:
    if not len(count):
        return _row(check, "", 0.0, 0.0, 0.0)
    return _row(check, "", float(count.mean()), float(count.min()), float(count.max()))


def _pair_names(chosen: pd.DataFrame) -> pd.Series:
    import pandas as pd

    both = zip(chosen["method_left"], chosen["method_right"], strict=True)
    names = [" / ".join(sorted(pair)) for pair in both]
    return pd.Series(names, index=chosen.index, name="pair", dtype=object)


def _sides(chosen: pd.DataFrame, compared: pd.Series) -> list[dict[str, Any]]:
    from scipy.stats import binomtest

    rows = []
    for name, part in chosen.groupby(compared, sort=True):
        first = str(name).split(" / ")[0]
        left = int((part["method_left"] == first).sum())
        test = binomtest(left, len(part))
        low, high = test.proportion_ci(method="wilson")
        rows.append(
            _row(
                "left",
                str(name),
                left / len(part),
                float(low),
                float(high),
                expected=0.5,
                p_value=float(test.pvalue),
            )
        )
    return rows


def _places(rated: pd.DataFrame) -> list[dict[str, Any]]:
    if rated.empty:
        return []
    order = rated.groupby("participant")["seq"]
    count = order.transform("count")
    place = (order.rank() - 1) / (count - 1).where(count > 1, 1)
    groups = {str(m): place[rated["method"] == m].to_numpy() for m in rated["method"].unique()}
    p = math.nan
    if len(groups) > 1 and np.ptp(place.to_numpy()) > 0:
        from scipy.stats import kruskal

        p = float(kruskal(*groups.values()).pvalue)
    return [
        _row("place", m, float(v.mean()), float(v.min()), float(v.max()), expected=0.5, p_value=p)
        for m, v in sorted(groups.items())
    ]


def drift(rated: pd.DataFrame) -> Estimate:
    """Second half - first half of each rater's scores, as distances from their versions' means.

    Student's t over raters.
    """
    if rated.empty:
        return Estimate(math.nan, reason=NO_DATA)
    score = rated["score"].astype(float)
    distance = score - score.groupby([rated["image"], rated["method"]]).transform("mean")
    order = rated.groupby("participant")["seq"]
    is_late = order.rank() > order.transform("count") / 2
    late = distance[is_late].groupby(rated["participant"]).mean()
    early = distance[~is_late].groupby(rated["participant"]).mean()
    change = (late - early).dropna().to_numpy()
    raters = len(change)
    if raters < 2:
        value = float(change[0]) if raters else math.nan
        return Estimate(value, n=len(rated), raters=raters, reason=ONE_RATER)
    error = float(change.std(ddof=1)) / math.sqrt(raters)
    if error < 1e-12:
        return Estimate(float(change.mean()), n=len(rated), raters=raters, reason=CONSTANT)
    half, value = quantile_t(raters - 1) * error, float(change.mean())
    return Estimate(value, value - half, value + half, len(rated), raters, error)


def leaving(responses: pd.DataFrame, started: int | None = None) -> dict[str, Any]:
    """Who has not come to the end, where they are, and whether those people rate differently.

    Args:
        started: people who began, those without an answer included; None when unknown.

    Returns:
        `started`, `answered` (anything), `finished`, `left` (after an answer, or still rating),
        `left_in` (block to people, "end" for who answered all and did not close),
        `median_share` (of the trials that those who left answered), `difference` (of the scores
        of those with trials left from what the others gave the same versions, with its interval),
        and `is_informative`: that interval leaves out 0.
    """
    stopped = progress(responses)
    is_left, share = ~stopped["finished"], stopped["answered"] / stopped["trials"]
    found = _severity_of(counted(responses, "rating"), set(stopped.index[is_left & (share < 1)]))
    where = stopped.loc[is_left, "stopped_in"].value_counts().sort_index()
    return {
        "started": started if started is not None else len(stopped),
        "answered": len(stopped),
        "finished": int((~is_left).sum()),
        "left": int(is_left.sum()),
        "left_in": {str(k): int(n) for k, n in where.items()},
        "median_share": float(share[is_left].median()) if is_left.any() else math.nan,
        "difference": found,
        "is_informative": found.is_known and not found.low <= 0 <= found.high,
    }


def _severity_of(rated: pd.DataFrame, gone: set[str]) -> Estimate:
    """How much higher those who left rate than those who stayed do the same versions; Welch's t."""
    stays = rated[~rated["participant"].isin(gone)]
    if stays.empty or len(stays) == len(rated):
        return Estimate(math.nan, reason=NO_DATA)
    usual = stays.assign(score=stays["score"].astype(float)).groupby(["image", "method"])["score"]
    places = rated.set_index(["image", "method"]).index
    distance = rated["score"].astype(float).to_numpy() - usual.mean().reindex(places).to_numpy()
    own = rated.assign(distance=distance).groupby("participant")["distance"].mean().dropna()
    is_gone = own.index.isin(gone)
    left, stayed = own[is_gone].to_numpy(), own[~is_gone].to_numpy()
    if not len(left):
        return Estimate(math.nan, reason=NO_DATA)
    value = float(left.mean() - stayed.mean())
    if min(len(left), len(stayed)) < 2:
        return Estimate(value, n=len(left), raters=len(own), reason=ONE_RATER)
    from scipy.stats import ttest_ind

    test = ttest_ind(left, stayed, equal_var=False)
    ends = test.confidence_interval(0.95)
    if not math.isfinite(float(ends.low)):
        return Estimate(value, n=len(left), raters=len(own), reason=CONSTANT)
    return Estimate(value, float(ends.low), float(ends.high), len(left), len(own))

"""All questions asked at once: `analyse(responses)` gives every table and number of a report."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from survey.statistics.estimates import attention, jod, mos, pairs, raters
from survey.statistics.estimates.data import (
    Pairs,
    Ratings,
    counted,
    flat,
    in_order,
    read_pairs,
    read_ratings,
)
from survey.statistics.estimates.interval import Estimate, mean_of_cells
from survey.statistics.estimates.verdicts import MARGIN, SHARE_MARGIN
from survey.statistics.questions import (
    agreement,
    angle,
    balance,
    correlation,
    density,
    ordinal,
    paper,
    planning,
    significance,
)

if TYPE_CHECKING:
    import pandas as pd

    from survey.statistics.questions.correlation import Measurements

INFORMAL_RATERS = 15  # ITU-R BT.500 calls a study with fewer informal
DIGITS = 10


@dataclass(frozen=True)
class Analysis:
    """What a set of responses says. Tables are documented where they are made."""

    ratings: Ratings
    pairs: Pairs
    mos: pd.DataFrame
    subject_model: pd.DataFrame
    preferences: pd.DataFrame
    jod: pd.DataFrame
    raters: pd.DataFrame
    comparisons: pd.DataFrame
    ordinal: pd.DataFrame
    claims: pd.DataFrame
    paper: pd.DataFrame
    slopes: pd.DataFrame
    same_angle: pd.DataFrame
    correlations: pd.DataFrame
    mapping: pd.DataFrame
    versions: pd.DataFrame
    planning: pd.DataFrame
    balance: pd.DataFrame
    facts: dict[str, Any]
    order: tuple[str, ...]
    labels: Mapping[str, Mapping[str, str]]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, without `versions`."""
        names = [
            "mos", "subject_model", "preferences", "jod", "raters", "comparisons", "ordinal",
            "claims", "paper", "slopes", "same_angle", "correlations", "mapping", "planning",
            "balance",
        ]  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def to_json(self) -> dict[str, Any]:
        """Facts and tables as JSON values; what is unknown is null."""
        tables = {name: table.to_dict("records") for name, table in self.tables.items()}
        return {"facts": plain(self.facts), "tables": plain(tables)}


@dataclass(frozen=True)
class Asked:
    """What a study's owner decides before the answers are looked at.

    Attributes:
        order: of the methods, as the protocol has them; () for that of the alphabet.
        labels: what methods are called, by id and language; others as we call them, or by id.
        margin: of scores, from which on a difference matters.
        share_margin: of preferences, from one half.
        margins_from: who decided both: nobody, the owner, or whoever makes this report.
        margins_set_at: when the owner did.
        started: people who began; None when that is not known.
        crossing: the pair whose density of equal worth is asked for; None for the last compared.
        scale: of the scores, "acr" (single pictures) or "dcr" (beside the original); answers of
            the latter say so themselves.
        invitations: how many were `made`, none where the link was for all, and how many `used`.
    """

    order: tuple[str, ...] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    margin: float = MARGIN
    share_margin: float = SHARE_MARGIN
    margins_from: Literal["default", "owner", "report"] = "default"
    margins_set_at: str = ""
    started: int | None = None
    crossing: tuple[str, str] | None = None
    scale: Literal["acr", "dcr"] = "acr"
    invitations: Mapping[str, int] = field(default_factory=dict)


def analyse(
    responses: pd.DataFrame, measurements: Measurements | None = None, asked: Asked | None = None
) -> Analysis:
    """Answer everything that these responses allow; what they do not is NaN with a reason.

    Args:
        responses: of `read_responses`, or responses.csv read by pandas.
        measurements: PSNR, SSIM and LPIPS by (image, method), where they are known.
        asked: what the owner has decided.
    """
    asked = asked or Asked()
    order = asked.order
    ratings, choices = read_ratings(responses, order), read_pairs(responses, order)
    ways = max(1, int(len(ratings.methods) > 1) + int(len(choices.compared) > 0))
    is_dcr = asked.scale == "dcr" or bool((responses["kind"] == "degradation").any())
    versions = correlation.version_table(ratings, measurements or {})
    facts = {
        "scale": "dcr" if is_dcr else "acr",
        "raters": int(responses["participant"].nunique()),
        "counted_raters": len(set(ratings.raters) | set(choices.raters)),
        "raters_of_scores": int((~np.isnan(ratings.scores)).any(axis=(1, 2)).sum()),
        "ratings": int((~np.isnan(ratings.scores)).sum()),
        "choices": int((~np.isnan(choices.won)).sum()),
        "images": len(set(ratings.images) | set(choices.images)),
        "methods": list(ratings.methods),
        "is_informal": responses["participant"].nunique() < INFORMAL_RATERS,
        "includes_simulated": bool(responses["simulated"].astype(bool).any()),
        "is_withheld": False,  # by the public edition, whose groups are not small
        "raters_with_density": int((~np.isnan(ratings.ppd)).sum()),
        "median_seconds": _median_seconds(responses),
        "friedman": significance.friedman(ratings),
        "krippendorff_alpha": agreement.krippendorff_alpha(ratings),
        "icc": agreement.intraclass(ratings),
        "retest": agreement.retest(responses),
        "left_share": pairs.left_share(choices),
        "circular_triads": pairs.circular_triads(choices),
        "pairs_agree_with_ratings": pairs.agreement_with_ratings(choices, ratings),
        "crossing": density.crossings(ratings, choices, asked.crossing),
        "crossing_pair": list(density.crossing_pair(choices, asked.crossing) or ()),
        "density_reliability": density.reliability(responses),
        "leaving": balance.leaving(responses, asked.started),
        "invitations": dict(asked.invitations),
        "margin": asked.margin,
        "share_margin": asked.share_margin,
        "margins_from": asked.margins_from,
        "margins_set_on": asked.margins_set_at[:10],
        "answered_before_margins": int(
            responses.loc[
                responses["created_at"].astype(str) < asked.margins_set_at, "participant"
            ].nunique()
        ),
        "ways": ways,
        "largest_weight": _largest_weight(ratings),
    }
    comparisons = significance.comparisons(ratings, asked.margin, ways)
    return Analysis(
        ratings=ratings,
        pairs=choices,
        mos=mos.mos_table(ratings, is_dcr=is_dcr),
        subject_model=subject_model_table(ratings),
        preferences=pairs.pair_table(choices, asked.share_margin, ways),
        jod=jod.scale_table(choices),
        raters=attention.rater_table(responses, order),
        comparisons=comparisons,
        ordinal=ordinal.ordinal_table(ratings, comparisons),
        # The paper's scores are of single pictures: those beside an original are no match.
        claims=paper.claims_table(comparisons.iloc[:0] if is_dcr else comparisons),
        paper=paper.paper_table(replace(ratings, methods=()) if is_dcr else ratings),
        slopes=density.slopes(ratings),
        same_angle=angle.angle_table(responses, order),
        correlations=correlation.correlation_table(versions),
        mapping=correlation.mapping_table(versions),
        versions=versions,
        planning=planning.planning_table(ratings, choices, asked.margin, asked.share_margin),
        balance=balance.balance_table(responses),
        facts=facts,
        order=in_order((*order, *ratings.methods, *choices.methods), order),
        labels=asked.labels,
    )


def subject_model_table(ratings: Ratings) -> pd.DataFrame:
    """P.910's quality of every version and method, which weighs raters by their consistency.

    Beside it `mos`, the plain mean, and `mos_screened`, without the raters BT.500 would reject.
    """
    import pandas as pd

    fitted = raters.subject_model(ratings.scores)
    kept = ratings.only(~raters.bt500(ratings.scores).rejects)
    rows = []
    for k, method in enumerate(ratings.methods):
        columns = [(mos.ALL, slice(None))]
        columns += [(image, slice(i, i + 1)) for i, image in enumerate(ratings.images)]
        for image, chosen in columns:
            quality = fitted.quality[chosen, k]
            if np.isnan(quality).all():
                continue
            row = {"method": method, "image": image, "quality": float(np.nanmean(quality))}
            one = isinstance(chosen, slice) and chosen.start is not None
            row["quality_se"] = float(fitted.quality_se[chosen, k][0]) if one else math.nan
            row["mos"] = mean_of_cells(ratings.of(method)[:, chosen]).value
            row["mos_screened"] = mean_of_cells(kept.of(method)[:, chosen]).value
            rows.append(row)
    columns_of_table = ["method", "image", "quality", "quality_se", "mos", "mos_screened"]
    return pd.DataFrame(rows, columns=columns_of_table)


def _largest_weight(ratings: Ratings) -> float:
    """The largest share of the subject model's weight on any version that one rater has."""
    spread = raters.subject_model(ratings.scores).inconsistency
    with np.errstate(divide="ignore"):
        weight = np.where(spread > 0, 1 / spread**2, np.nan)
    each = np.where(np.isnan(flat(ratings.scores)), 0.0, np.nan_to_num(weight)[:, None])
    total = each.sum(axis=0)
    many = (each > 0).sum(axis=0) > 2
    return float((each.max(axis=0)[many] / total[many]).max()) if many.any() else math.nan


def _median_seconds(responses: pd.DataFrame) -> dict[str, float]:
    """How long an answer that counts took."""
    medians = {kind: counted(responses, kind)["rt_ms"].median() for kind in ("rating", "pair")}
    return {kind: float(value) / 1000 for kind, value in medians.items()}


def plain(value: Any) -> Any:
    """A value for JSON: no NaN, no numpy, floats of ten digits, estimates as objects."""
    if isinstance(value, Estimate):
        return plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return str(value)

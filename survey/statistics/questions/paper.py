"""What Ledig et al. 2017 found with 26 raters, beside what we find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from survey.statistics.estimates.data import Ratings
from survey.statistics.estimates.mos import method_mos
from survey.statistics.estimates.verdicts import DIFFERS

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "Ledig et al. 2017, arXiv:1609.04802v5, table 2"
TABLE_2: dict[str, dict[str, float]] = {
    "Set5": {
        "nearest": 1.28, "bicubic": 1.97, "srresnet_x4": 3.37, "srgan_x4": 3.58, "original": 4.32,
    },
    "Set14": {
        "nearest": 1.20, "bicubic": 1.80, "srresnet_x4": 2.98, "srgan_x4": 3.72, "original": 4.32,
    },
    "BSD100": {
        "nearest": 1.11, "bicubic": 1.47, "srresnet_x4": 2.29, "srgan_x4": 3.56, "original": 4.46,
    },
}  # fmt: skip
CLAIMS = (
    ("bicubic", "nearest"),
    ("srresnet_x4", "bicubic"),
    ("srgan_x4", "srresnet_x4"),
    ("original", "srgan_x4"),
)
NEAREST_SET = "BSD100"  # photographs, as a study's are
OURS = (
    "difference", "ci95_low", "ci95_high", "any95_low", "any95_high", "raters", "p_holm", "reason",
)  # fmt: skip
REPLICATED, SMALLER, LARGER, NOT = "replicated", "smaller", "larger", "not"
FOUND = (REPLICATED, SMALLER, LARGER, NOT)  # verdicts that name a difference


def paper_table(ratings: Ratings) -> pd.DataFrame:
    """Our score of each method beside the paper's on each of its sets.

    `difference` is ours - theirs with the interval of ours: the paper prints none, so it counts as
    exact. Photographs, displays and anchors differ, so a difference here is no failure; what the
    paper claims is the order, and that is in `claims_table`.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for data_set, scores in TABLE_2.items():
        for method in ratings.methods:
            if method not in scores:
                continue
            ours = method_mos(ratings, method)
            rows.append(
                {
                    "set": data_set,
                    "method": method,
                    "paper": scores[method],
                    "ours": ours.value,
                    "difference": ours.value - scores[method],
                    "ci95_low": ours.low - scores[method],
                    "ci95_high": ours.high - scores[method],
                    "raters": ours.raters,
                }
            )
    columns = ["set", "method", "paper", "ours", "difference", "ci95_low", "ci95_high", "raters"]
    return pd.DataFrame(rows, columns=columns)


def claims_table(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Each step of the paper's order, our difference with its interval and p, and the verdict.

    Args:
        comparisons: of `significance.comparisons`.
    """
    import pandas as pd

    ours = comparisons.set_index(["method_a", "method_b"])
    rows = []
    for better, worse in CLAIMS:
        if (better, worse) not in ours.index:
            continue
        found = ours.loc[(better, worse)]
        theirs = TABLE_2[NEAREST_SET][better] - TABLE_2[NEAREST_SET][worse]
        rows.append(
            {
                "better": better,
                "worse": worse,
                "paper": theirs,
                "verdict": claim_verdict(found, theirs),
            }
            | {name: found[name] for name in OURS}
        )
    return pd.DataFrame(rows, columns=["better", "worse", "paper", *OURS, "verdict"])


def claim_verdict(found: Mapping[str, Any], theirs: float) -> str:
    """Whether a difference that the paper reports as positive is found here, and of its size.

    Args:
        found: a row of `significance.comparisons`.
        theirs: the paper's difference.

    Returns:
        Where the difference is significant: "replicated" when the interval for other raters and
        other photographs holds the paper's, "smaller" or "larger" when the order is the paper's
        and the size is not, "not" when it goes the other way. Else the row's own verdict.
    """
    if found["verdict"] != DIFFERS:
        return str(found["verdict"])
    if found["difference"] < 0:
        return NOT
    if found["any95_high"] < theirs:
        return SMALLER
    return LARGER if found["any95_low"] > theirs else REPLICATED

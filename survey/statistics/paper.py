"""What Ledig et al. 2017 found with 26 raters, beside what we find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from survey.statistics.data import Ratings
from survey.statistics.interval import Estimate
from survey.statistics.mos import difference, method_mos

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


def claims_table(ratings: Ratings) -> pd.DataFrame:
    """Each step of the paper's order, our difference with its interval, and the verdict."""
    import pandas as pd

    rows = []
    for better, worse in CLAIMS:
        if better not in ratings.methods or worse not in ratings.methods:
            continue
        ours = difference(ratings, better, worse)
        theirs = TABLE_2[NEAREST_SET][better] - TABLE_2[NEAREST_SET][worse]
        rows.append(
            {"better": better, "worse": worse, "paper": theirs, **ours.row("difference")}
            | {"verdict": verdict(ours)}
        )
    columns = ["better", "worse", "paper", "difference", "ci95_low", "ci95_high", "n", "raters"]
    return pd.DataFrame(rows, columns=[*columns, "reason", "verdict"])


def verdict(found: Estimate) -> str:
    """Whether a difference the paper reports as positive is found here.

    Returns:
        "replicated" when the interval lies above zero, "not" when it lies below, else "too_few".
    """
    if found.is_known and found.low > 0:
        return "replicated"
    return "not" if found.is_known and found.high < 0 else "too_few"

"""What is said of two methods: that they differ, that they are alike, or neither.

Source: Schuirmann 1987, "A comparison of the two one-sided tests procedure" (equivalence).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from survey.statistics.estimates.crossed import Crossed, crossed_p

ALPHA = 0.05
MARGIN = 0.5  # of scores: a smaller difference does not matter, unless the owner says otherwise
SHARE_MARGIN = 0.1  # of preferences, from one half
DIFFERS, ALIKE, NOT_SHOWN, TOO_FEW = "differs", "alike", "not_shown", "too_few"


def alike_p(
    found: Crossed,
    margin: float,
    expected: float = 0.0,
    *,
    scale: tuple[float, float] | None = None,
) -> float:
    """The larger p of two one-sided tests: of a value below, and of one above, the margin."""
    borders = (expected - margin, expected + margin)
    two_sided = [crossed_p(found, border, scale=scale) for border in borders]
    if any(math.isnan(p) for p in two_sided):
        return math.nan
    return max(two_sided) / 2 if abs(found.value - expected) < margin else 1.0


def verdicts(p_holm: Iterable[float], p_alike: Iterable[float]) -> list[str]:
    """A verdict for each pair: "differs"; else "alike", where a difference that matters is ruled
    out; else "not_shown"; "too_few" where so few raters allow no test.
    """
    return [_verdict(p, alike) for p, alike in zip(p_holm, p_alike, strict=True)]


def _verdict(p_holm: float, p_alike: float) -> str:
    if math.isnan(p_holm):
        return TOO_FEW
    if p_holm < ALPHA:
        return DIFFERS
    return ALIKE if p_alike < ALPHA else NOT_SHOWN

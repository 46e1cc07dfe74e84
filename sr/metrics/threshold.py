"""Pixels per degree of visual angle, and from how many on a difference is no longer seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sr.base.errors import ConfigError

PPD_RANGE = (5.0, 500.0)
JUST_NOTICEABLE = 2.3  # of CIE 1976 colour difference; Mahy et al. 1994
SEEN_SHARE = 0.05  # of the pixels: what fewer show is hardly seen


def check_ppd(ppd: float) -> float:
    """The value, if it can be pixels per degree.

    Raises:
        ConfigError: it cannot.
    """
    low, high = PPD_RANGE
    if not low <= ppd <= high:
        raise ConfigError(f"ppd is {ppd:g}; needed {low:g} to {high:g} pixels per degree")
    return ppd


def indistinct_from(ppds: Sequence[float], differences: Sequence[float]) -> float | None:
    """The density from which on a falling visible difference stays under what is noticeable.

    Between two densities the difference is taken as straight over the density's logarithm.

    Args:
        ppds: rising.
        differences: of `visible_difference`, as many.

    Returns:
        Pixels per degree; the first ppd where all stay under, None where the last is not under.
    """
    above = [index for index, value in enumerate(differences) if value >= JUST_NOTICEABLE]
    if not above:
        return float(ppds[0])
    last = above[-1]
    if last == len(ppds) - 1:
        return None
    high, low = differences[last], differences[last + 1]
    share = (high - JUST_NOTICEABLE) / (high - low)
    start, end = math.log(ppds[last]), math.log(ppds[last + 1])
    return math.exp(start + share * (end - start))

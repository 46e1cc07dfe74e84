"""How frames are shown: stretched between two counts, in grey or through a table of colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np

from sr.base.errors import ConfigError
from sr.microscopy.files.levels import Levels

LOW_SHOWN, HIGH_SHOWN = 0.1, 99.9  # percentiles
STEPS = 256


def _ramp(*share: int) -> np.ndarray:
    return np.arange(STEPS)[:, None] * np.array(share)


def _viridis() -> np.ndarray:
    from matplotlib import colormaps

    return np.rint(255 * colormaps["viridis"](np.arange(STEPS))[:, :3])


# How a frame is coloured -> its table, (256, 3) from dark to bright.
LUTS: dict[str, Callable[[], np.ndarray]] = {
    "grey": lambda: _ramp(1, 1, 1),
    "green": lambda: _ramp(0, 1, 0),
    "magenta": lambda: _ramp(1, 0, 1),
    "viridis": _viridis,
}
GREY = "grey"


@cache
def table(lut: str) -> np.ndarray:
    """The colours of a table: (256, 3) uint8.

    Raises:
        ConfigError: no such table.
    """
    if lut not in LUTS:
        raise ConfigError(f"no table of colours {lut!r}; known: {', '.join(LUTS)}")
    return LUTS[lut]().astype(np.uint8)


def limits_of(frame: np.ndarray) -> Levels:
    """The percentiles 0.1 and 99.9 of a frame, in counts."""
    low, high = np.percentile(frame, (LOW_SHOWN, HIGH_SHOWN))
    return Levels(float(low), float(high))


def shared_limits(limits: Iterable[Levels]) -> Levels:
    """Limits within which all frames of one thing can be seen, for they are compared."""
    found = list(limits)
    return Levels(min(one.low for one in found), max(one.high for one in found))


def shown(frame: np.ndarray, limits: Levels, lut: str = GREY) -> np.ndarray:
    """A frame as it is shown: linear between the limits, pixel for pixel.

    Args:
        frame: (H, W), counts.
        limits: what becomes the darkest and the brightest colour; what lies beyond is cut.
        lut: a key of LUTS.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ConfigError: no such table.
    """
    share = (frame.astype(np.float64) - limits.low) / limits.span
    steps = np.rint(np.clip(share, 0, 1) * (STEPS - 1)).astype(np.uint8)
    result: np.ndarray = table(lut)[steps]
    return result

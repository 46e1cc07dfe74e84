"""From counts to what networks take, and back; and the limits between which a frame is shown."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LOW_PERCENTILE, HIGH_PERCENTILE = 1.0, 99.9
HEADROOM = 4.0  # how far above a bright low-resolution pixel a high-resolution one may be


class Levels(NamedTuple):
    """Two grey values, in counts: what a network takes for 0 and for 1."""

    low: float
    high: float

    @property
    def span(self) -> float:
        """From one to the other; never 0."""
        return max(self.high - self.low, 1e-12)


def levels_of(frame: np.ndarray) -> Levels:
    """The percentiles 1 and 99.9 of a frame; a single hot pixel moves neither."""
    low, high = np.percentile(frame, (LOW_PERCENTILE, HIGH_PERCENTILE))
    return Levels(float(low), float(high))


def to_network(frame: np.ndarray, levels: Levels) -> np.ndarray:
    """A low-resolution frame as networks take it: float32, most of it in [0, 1]."""
    result: np.ndarray = ((frame - levels.low) / levels.span).astype(np.float32)
    return result


def target_of(hr: np.ndarray, levels: Levels) -> np.ndarray:
    """What a network should answer: a high-resolution picture in the counts of the low-resolution
    one, its background taken off, a HEADROOMth of its levels; float32 in [0, 1].
    """
    above = hr - np.percentile(hr, LOW_PERCENTILE)
    result: np.ndarray = np.clip(above / (HEADROOM * levels.span), 0, 1).astype(np.float32)
    return result


def from_network(prediction: np.ndarray, levels: Levels) -> np.ndarray:
    """A network's answer in counts of the frame it was given; float32."""
    result: np.ndarray = (levels.low + HEADROOM * levels.span * prediction).astype(np.float32)
    return result

"""From how many pixels per degree on two versions look alike."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demo.hosting.process import give_back
from demo.work.job import Job
from sr.base.errors import Cancelled
from sr.images.reading import open_image

CURVE_PPDS = (15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)  # pixels per degree
CURVE_SIDE_PX = 640  # of the part in the middle that curves look at


@dataclass(frozen=True)
class Curves:
    """The visible difference of pairs of versions against pixels per degree."""

    ppds: tuple[float, ...]
    differences: dict[tuple[str, str], list[float]]
    side_px: int | None  # of the part in the middle; None: the whole picture


def middle(rgb: np.ndarray, side_px: int) -> np.ndarray:
    """The middle of an image (H, W, 3), at most `side_px` a side."""
    top, left = (max(0, (side - side_px) // 2) for side in rgb.shape[:2])
    return rgb[top : top + side_px, left : left + side_px]


def curves_of(job: Job, pairs: Sequence[tuple[str, str]], turn: threading.Lock) -> Curves:
    """The curves of pairs of a job's versions.

    Args:
        turn: held while it computes.

    Raises:
        Cancelled: the job was stopped meanwhile.
        SRError: a version's file is gone.
    """
    from sr.evaluation.seen import visible_curves

    images = {key: job.version(key).image for pair in pairs for key in pair}
    with turn:
        pictures = {
            key: middle(open_image(image.path).on_white().rgb, CURVE_SIDE_PX)
            for key, image in images.items()
            if image is not None
        }
        found = visible_curves(
            pictures,
            [pair for pair in pairs if set(pair) <= set(pictures)],
            CURVE_PPDS,
            stop=job.stop.is_set,
        )
    give_back()
    if not found:
        raise Cancelled("stopped on request")
    is_part = max(job.out_height, job.out_width) > CURVE_SIDE_PX
    return Curves(CURVE_PPDS, found, CURVE_SIDE_PX if is_part else None)

"""What all upscalers share: transparency, mending, progress, and a cancel that works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sr import __version__
from sr.base.errors import Cancelled
from sr.formats.notes import Note
from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic, nearest
from sr.inference.guard import mended_text
from sr.inference.transparency import premultiplied_bicubic, seen_colours

Notes = tuple[Note, ...]
Look = Callable[[float], None]  # told the share that is done, 0 to 1; raises Cancelled


@dataclass(frozen=True)
class Progress:
    """How far one image is: thousandths done, seconds so far, seconds left (None: not known)."""

    done: int
    total: int
    seconds: float
    seconds_left: float | None


class Upscaler:
    """Enlarges photographs with one model. Built by `get_upscaler`; safe to use from threads.

    Attributes:
        name: the model's name.
        scale: integer factor.
        seconds_per_megapixel: of output, as measured on the last image; None before that.
    """

    def __init__(self, name: str, scale: int) -> None:
        self.name = name
        self.scale = scale
        self.seconds_per_megapixel: float | None = None

    def upscale(
        self,
        photo: Photo,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Photo:
        """Enlarge one photograph; alpha goes by bicubic, and hidden colours play no part.

        Args:
            photo: any size from 1x1.
            progress: called after every piece of the work, from this thread.
            cancel: looked at between pieces; set it from another thread to stop.

        Raises:
            Cancelled: `cancel` was set; nothing is returned.
            SRError: the network gave numbers that are not finite.
        """
        start = time.perf_counter()
        height, width = photo.rgb.shape[:2]
        rgb = np.empty((height * self.scale, width * self.scale, 3), np.uint8)
        given = photo.rgb if photo.alpha is None else seen_colours(photo.rgb, photo.alpha)

        def look(share: float) -> None:
            self._look_at(cancel)
            if progress is not None:
                seconds = time.perf_counter() - start
                left = seconds / share - seconds if share > 0 else None
                progress(Progress(round(1000 * share), 1000, seconds, left))

        notes = self._fill(rgb, given, look)
        mended_share, more = self._mend(given, rgb)
        alpha = None
        if photo.alpha is not None:
            self._look_at(cancel)
            enlarge = nearest if self.name == "nearest" else matlab_bicubic
            alpha = enlarge(photo.alpha, self.scale)
            if self.name == "bicubic":
                premultiplied_bicubic(rgb, photo.rgb, photo.alpha, self.scale)
        self.seconds_per_megapixel = (time.perf_counter() - start) / (rgb[..., 0].size / 1e6)
        return Photo(rgb, alpha, mended_share, (*photo.notes, *notes, *more))

    def _mend(self, rgb: np.ndarray, enlarged: np.ndarray) -> tuple[float, Notes]:
        """Mend an enlargement in place; the share that was wrong, and what there is to say of it.
        Interpolations are right.
        """
        return 0.0, ()

    def _look_at(self, cancel: threading.Event | None) -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled(f"{self.name}: stopped on request")

    def text(self, result: Photo | None = None) -> dict[str, str]:
        """What a PNG of this model's should say of itself, and of this result."""
        text = {
            "Software": f"Nitidez {__version__}",
            "Nitidez-Model": self.name,
            "Nitidez-Scale": str(self.scale),
        }
        return text | (mended_text(result) if result is not None else {})

    def _fill(self, out: np.ndarray, rgb: np.ndarray, look: Look) -> Notes:
        """Write the enlarged `rgb` into `out`, and tell what there is to say of how.

        `look` is called between pieces, at last with 1.
        """
        raise NotImplementedError

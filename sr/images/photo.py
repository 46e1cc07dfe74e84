"""A photo in memory, and what there is to say of how it was read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sr.formats.decode import About
from sr.formats.notes import Note


@dataclass(frozen=True)
class Photo:
    """An image in memory, the right way up.

    Attributes:
        rgb: (H, W, 3) uint8, sRGB.
        alpha: (H, W) uint8, or None when the image is opaque everywhere.
        mended_share: of an enlargement, where bicubic stands in its network's place, 0 to 1.
        notes: what there is to say of how it came to be.
        about: what its file says beside the picture.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    mended_share: float = 0.0
    notes: tuple[Note, ...] = ()
    about: About | None = None

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    def on_white(self) -> Photo:
        """The same without alpha, as it looks on white paper; its notes say so."""
        if self.alpha is None:
            return self
        alpha = self.alpha[..., None].astype(np.uint16)
        white = (self.rgb * alpha + 255 * (255 - alpha) + 127) // 255
        notes = (*self.notes, Note("on_white"))
        return replace(self, rgb=white.astype(np.uint8), alpha=None, notes=notes)

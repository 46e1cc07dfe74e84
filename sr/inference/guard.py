"""An enlargement, reduced again, must give back what went in; where it does not, it is mended.

Reduction by bicubic is what an enlargement undoes. A network may invent what the reduction loses,
but not what it keeps, so whatever does not come back is wrong, whatever the picture shows. What is
allowed was decided on data (docs/upscaling.md): the networks that ship stay within it on every
photograph of Set14 and BSD100, and where one breaks down it leaves several times more.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter, uniform_filter

from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic

CLEAN_PX, NOISY_PX = 3, 11  # side of the means: over more where noise is meant to go
FLAT_LEVELS = 3.0  # grey levels that may be missing, as a local mean, in flat areas
CONTRAST_SHARE = 0.5  # of the local contrast that may be missing besides
MOST_LEVELS = 32.0  # that may be missing anywhere
AROUND_PX = 4  # low-resolution pixels around a wrong one that are mended, and again for the blend
BAND_ROWS = 256  # low-resolution rows looked at together, so that memory stays bounded
FOREIGN_SHARE = (
    0.25  # of somebody else's network: a breakdown is local, what is everywhere is meant
)
MARGIN_ROWS = 24  # of its neighbours that a band needs: bicubic, the means, the blend


def mend(
    lr: np.ndarray,
    enlarged: np.ndarray,
    scale: int,
    mean_px: int = CLEAN_PX,
    most_share: float = 1.0,
) -> float:
    """Put bicubic, blended in, where an enlargement does not give back its original.

    Args:
        lr: (H, W, 3) uint8.
        enlarged: (s H, s W, 3) uint8; changed in place.
        scale: s.
        mean_px: CLEAN_PX; NOISY_PX for a network that takes noise away, which must not come back.
        most_share: where more than that would be changed, nothing is.

    Returns:
        The share of the picture that was wrong, 0 to 1.
    """
    height = lr.shape[0]
    mended, changes = 0.0, []
    for top in range(0, height, BAND_ROWS):
        bottom = min(top + BAND_ROWS, height)
        first, last = max(0, top - MARGIN_ROWS), min(height, bottom + MARGIN_ROWS)
        band = lr[first:last]
        wrong = wrong_pixels(band, enlarged[scale * first : scale * last], scale, mean_px)
        if not wrong.any():
            continue
        wide = maximum_filter(wrong.astype(np.float32), 2 * AROUND_PX + 1)
        weight = uniform_filter(wide, 2 * AROUND_PX + 1)
        inside = slice(scale * (top - first), scale * (bottom - first))
        # What is changed is kept apart until every band has been looked at.
        large = matlab_bicubic(np.rint(255 * weight).astype(np.uint8), scale)[inside, :, None]
        share = large.astype(np.float32) / 255
        bicubic = matlab_bicubic(band, scale)[inside]
        rows = slice(scale * top, scale * bottom)
        changes.append((rows, np.rint(enlarged[rows] * (1 - share) + bicubic * share)))
        mended += float((large > 0).mean()) * (bottom - top) / height
    for rows, pixels in changes if mended <= most_share else ():
        enlarged[rows] = pixels.astype(np.uint8)
    return mended


def mended_text(photo: Photo) -> dict[str, str]:
    """What an enlargement's PNG says of what was done to it: mended, reduced; nothing where
    neither was.
    """
    share = photo.mended_share
    text = {"Nitidez-Mended": f"bicubic in {100 * share:.3g} %"} if share else {}
    notes = [note for note in photo.notes if note.kind == "enlarged_first"]
    return text | ({"Nitidez-Reduced": str(notes[0])} if notes else {})


def wrong_pixels(
    lr: np.ndarray, enlarged: np.ndarray, scale: int, mean_px: int = CLEAN_PX
) -> np.ndarray:
    """Where an enlargement does not give back its original: (H, W) bool.

    The mean of what is missing, over `mean_px` each way and in the worst channel, is compared with
    the local contrast: the largest range that a channel of the original has over 5x5 pixels.
    """
    missing = matlab_bicubic(enlarged, 1 / scale).astype(np.float32) - lr
    window = (5, 5, 1)
    contrast = maximum_filter(lr, window).astype(np.float32) - minimum_filter(lr, window)
    allowed = np.minimum(FLAT_LEVELS + CONTRAST_SHARE * contrast.max(axis=2), MOST_LEVELS)
    means = np.abs(uniform_filter(missing, (mean_px, mean_px, 0)))
    wrong: np.ndarray = means.max(axis=2) > allowed
    return wrong

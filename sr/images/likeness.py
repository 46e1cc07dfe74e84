"""Whether two pictures show the same scene: reduced, cut, turned or mirrored, compressed again.

Points that stand out (SIFT: Lowe 2004, doi:10.1023/B:VISI.0000029664.99615.94) are matched, and
those are counted that one turn, one scale and one shift bring onto each other. Pictures of other
scenes share a few points by chance, near copies many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

LONGEST_PX = 480  # side of what is looked at; larger pictures are reduced
MOST_POINTS = 400
NEAR_COPY_POINTS = 6  # that agree: docs/survey.md says how it was measured
DISTINCT = 0.85  # a match is nearer than this share of the second nearest
TOLERANCE_PX = 4.0
SMALLEST_SCALE, LARGEST_SCALE = 0.05, 20.0
TRIES = 200


@dataclass(frozen=True)
class Points:
    """What stands out in a picture."""

    places: np.ndarray  # complex (N,), x + iy in pixels of what was looked at
    descriptors: np.ndarray  # float32 (N, 128), of length 1


def points_of(rgb: np.ndarray) -> Points:
    """The points that stand out in uint8 (H, W, 3), the largest first."""
    from skimage.feature import SIFT

    picture = Image.fromarray(rgb).convert("L")
    share = LONGEST_PX / max(picture.size)
    if share < 1:
        size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    grey = np.asarray(picture, np.float32) / 255
    finder = SIFT(upsampling=2 if max(grey.shape) < 260 else 1, n_octaves=5)
    try:
        finder.detect_and_extract(grey)
    except (RuntimeError, ValueError, IndexError):  # nothing stands out, or it is tiny
        return Points(np.zeros(0, complex), np.zeros((0, 128), np.float32))
    sizes, places = np.asarray(finder.sigmas), np.asarray(finder.positions)
    chosen = np.argsort(-sizes, kind="stable")[:MOST_POINTS]
    vectors = np.asarray(finder.descriptors)[chosen].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    rows, columns = places[chosen].T
    return Points(columns + 1j * rows, vectors)


def shared_points(a: Points, b: Points) -> int:
    """How many points of two pictures agree on one turn, scale and shift; 0 if hardly any match."""
    if min(len(a.places), len(b.places)) < NEAR_COPY_POINTS:
        return 0
    nearness = a.descriptors @ b.descriptors.T
    best = nearness.argmax(axis=1)
    first = nearness[np.arange(len(best)), best]
    second = np.partition(nearness, -2, axis=1)[:, -2]
    is_mutual = nearness.argmax(axis=0)[best] == np.arange(len(best))
    is_match = is_mutual & (_distance(first) < DISTINCT * _distance(second))
    here, there = a.places[is_match], b.places[best[is_match]]
    if len(here) < NEAR_COPY_POINTS:
        return 0
    pairs = np.random.default_rng(0).integers(0, len(here), (TRIES, 2))
    apart = np.abs(here[pairs[:, 0]] - here[pairs[:, 1]]) >= 8
    i, k = pairs[apart].T
    turn = (there[i] - there[k]) / (here[i] - here[k])
    is_possible = (np.abs(turn) > SMALLEST_SCALE) & (np.abs(turn) < LARGEST_SCALE)
    turn, shift = turn[is_possible], (there[i] - turn * here[i])[is_possible]
    errors = np.abs(turn[:, None] * here + shift[:, None] - there)
    agree = errors < TOLERANCE_PX
    if not len(agree):
        return 0
    most = agree[agree.sum(axis=1).argmax()]
    return len(set(np.round(here[most])))  # several at one place are one


def _distance(cosine: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(0.0, 2 - 2 * cosine))

"""What microscopy trains on: real pairs, or simulated ones, as an endless row of scenes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sr.data.check import SkippedFile
from sr.microscopy.files.levels import levels_of, target_of, to_network
from sr.microscopy.simulation.pairs import drawn_pair, pair_of, random_exposure
from sr.microscopy.simulation.scenes import SCENES

SCENE_LR_PX = 128  # side of a simulated scene; 8 micrometres
POOL_SHARE = 0.5  # of the scenes, where there are pictures to simulate from

PairOfFrames = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Frames:
    """What microscopy trains on.

    Attributes:
        scale: from LR to HR.
        origin: where the low-resolution frames are from, in a sentence.
        pairs: real ones, LR (raw_frames, H, W) and HR (scale H, scale W) in the same counts; where
            there are any, nothing is simulated.
        pool: high-resolution pictures (H, W) whose wide field is simulated, mixed with drawn ones.
        skipped: files that could not be used, and why.
        raw_frames: of a low-resolution side: 1, wide field, or as many raw ones of SIM.
    """

    scale: int
    origin: str
    pairs: Sequence[PairOfFrames] = ()
    pool: Sequence[np.ndarray] = ()
    skipped: tuple[SkippedFile, ...] = ()
    raw_frames: int = 1

    @property
    def sha256(self) -> str:
        """Differs when other pictures are there."""
        digest = hashlib.sha256(f"{self.scale} {self.raw_frames} {self.origin}".encode())
        for picture in (*self.pool, *(part for pair in self.pairs for part in pair)):
            digest.update(str(picture.shape).encode())
            digest.update(np.ascontiguousarray(picture[:: max(1, len(picture) // 16)]).tobytes())
        return digest.hexdigest()

    def scene(self, number: int, seed: int) -> PairOfFrames:
        """Pair `number` of an endless row, as networks take it; the same every time.

        Returns:
            LR (raw_frames, h, w) and HR (scale h, scale w) float32.
        """
        if self.pairs:
            lr, hr = self.pairs[number % len(self.pairs)]
        else:
            lr, hr = self._simulated(np.random.default_rng((seed, number)))
        levels = levels_of(lr)
        return to_network(lr, levels), target_of(hr, levels)

    def _simulated(self, random: np.random.Generator) -> PairOfFrames:
        side, raw = SCENE_LR_PX * self.scale, self.raw_frames > 1
        if not self.pool or random.random() >= POOL_SHARE:
            kind = str(random.choice([*SCENES]))
            exposure = random_exposure(random, kind)
            return drawn_pair(kind, side, self.scale, exposure, random, raw=raw)
        picture = self.pool[int(random.integers(len(self.pool)))]
        side = min(side, *(length - length % self.scale for length in picture.shape))
        top, left = (int(random.integers(length - side + 1)) for length in picture.shape)
        piece = picture[top : top + side, left : left + side]
        return pair_of(piece, self.scale, random_exposure(random), random, raw=raw)

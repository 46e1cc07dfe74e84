"""The striped light of structured illumination (SIM), which raw frames are taken in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ORIENTATIONS = 3
PHASES = 3


@dataclass(frozen=True, kw_only=True)
class Illumination:
    """Three orientations of stripes, 60 degrees apart, each in three phases a third apart, as in
    linear SIM (Gustafsson 2000, J. Microsc. 198, 82-87).

    Attributes:
        angle: of the first orientation, in radians.
        phases: where the stripes of each orientation begin, in radians.
        fineness: their frequency, as a share of the highest that wide field passes on.
        contrast: of the stripes, 0 to 1.
    """

    angle: float
    phases: tuple[float, float, float]
    fineness: float
    contrast: float

    def stripes(self, side: int, frequency: float) -> np.ndarray:
        """The light of each raw frame, orientation by orientation.

        Args:
            side: of the picture, in pixels.
            frequency: the highest that wide field passes on, in cycles a pixel.

        Returns:
            (9, side, side) float64, 0 or more; the mean of each three is 1 everywhere.
        """
        down, across = np.mgrid[:side, :side]
        light = []
        for orientation, begin in enumerate(self.phases):
            angle = self.angle + orientation * np.pi / ORIENTATIONS
            along = np.cos(angle) * across + np.sin(angle) * down
            for step in range(PHASES):
                phase = begin + 2 * np.pi * step / PHASES
                wave = np.cos(2 * np.pi * self.fineness * frequency * along + phase)
                light.append(1 + self.contrast * wave)
        return np.stack(light)


def random_illumination(random: np.random.Generator) -> Illumination:
    """Any angle and phase; stripes nearly as fine as the objective allows, of 40 to 95 %."""
    first, second, third = random.uniform(0, 2 * np.pi, ORIENTATIONS)
    return Illumination(
        angle=random.uniform(0, np.pi),
        phases=(first, second, third),
        fineness=random.uniform(0.75, 0.95),
        contrast=random.uniform(0.4, 0.95),
    )

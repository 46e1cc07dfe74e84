"""What a display and a distance make of a pixel: pure functions. The page measures both.

Sources: ITU-R BT.500 and Mantiuk et al. 2021 (visual angle of one pixel).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from survey.study.errors import InvalidAnswerError

MM_PER_INCH = 25.4
PPI_RANGE = (20.0, 1000.0)  # from a projector or a large television to a phone
DISTANCE_RANGE_CM = (10.0, 400.0)
PPI_METHODS = ("card", "preset", "manual", "skipped")
DISTANCE_METHODS = ("ruler", "arm", "blind_spot", "skipped")
PIXEL_CHECKS = ("pass", "fail", "skipped")
SCREEN_SHARE = 0.8  # of the screen's height that a magnified picture may take
PPD_BINS = (45.0, 60.0, 75.0)  # borders of the bins that are reported
PPD_BIN_NAMES = ("<45", "45-60", "60-75", ">75")


def pixels_per_degree(ppi: float, distance_cm: float) -> float:
    """Pixels in one degree of visual angle, seen from the front.

    Args:
        ppi: physical pixels per inch, 20 to 1000.
        distance_cm: from eye to screen, 10 to 400.

    Raises:
        InvalidAnswerError: out of range.

    Source: ppd = 1 / (2 atan(p / 2D)) in degrees, p the pixel pitch, D the distance.
    """
    _within("ppi", ppi, PPI_RANGE)
    _within("distance_cm", distance_cm, DISTANCE_RANGE_CM)
    pitch_mm = MM_PER_INCH / ppi
    return 1 / math.degrees(2 * math.atan(0.5 * pitch_mm / (10 * distance_cm)))


def ppd_bin(ppd: float | None) -> str:
    """The reported bin: "<45", "45-60", "60-75", ">75", or "unknown"."""
    if ppd is None or math.isnan(ppd):
        return "unknown"
    return PPD_BIN_NAMES[sum(ppd >= border for border in PPD_BINS)]


@dataclass(frozen=True)
class Display:
    """What a rater told about the screen; None is "not told"."""

    ppi: float | None
    ppi_method: str
    distance_cm: float | None
    distance_method: str
    dpr: float
    screen_width: int
    screen_height: int
    pixel_check: str

    @property
    def ppd(self) -> float | None:
        """Pixels per degree, when density and distance are known."""
        if self.ppi is None or self.distance_cm is None:
            return None
        return pixels_per_degree(self.ppi, self.distance_cm)

    def magnification(self, target_ppd: float, width: int, height: int) -> int:
        """The whole factor that brings a picture nearest to `target_ppd` of its own pixels per
        degree, as large as the screen allows; 1 where the density is not known.

        Args:
            target_ppd: wanted pixels of the picture per degree.
            width, height: of the picture, in its own pixels.
        """
        ppd = self.ppd
        if ppd is None:
            return 1
        most = min(
            int(self.screen_width * self.dpr / width),
            int(SCREEN_SHARE * self.screen_height * self.dpr / height),
        )
        factors = range(1, max(1, most) + 1)
        return min(factors, key=lambda factor: abs(math.log(ppd / factor / target_ppd)))

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> Display:
        """Check what the browser sent.

        Raises:
            InvalidAnswerError: a field is missing, unknown or impossible.
        """
        fields = set(cls.__dataclass_fields__)
        unknown = set(answer) - fields
        missing = fields - set(answer)
        if unknown or missing:
            raise InvalidAnswerError(
                f"display: unknown {sorted(unknown)}, missing {sorted(missing)}; needed exactly "
                f"{sorted(fields)}"
            )
        ppi_method = one_of("ppi_method", answer["ppi_method"], PPI_METHODS)
        distance_method = one_of("distance_method", answer["distance_method"], DISTANCE_METHODS)
        return cls(
            ppi=None
            if ppi_method == "skipped"
            else _within("ppi", number("ppi", answer["ppi"]), PPI_RANGE),
            ppi_method=ppi_method,
            distance_cm=None
            if distance_method == "skipped"
            else _within(
                "distance_cm", number("distance_cm", answer["distance_cm"]), DISTANCE_RANGE_CM
            ),
            distance_method=distance_method,
            dpr=_within("dpr", number("dpr", answer["dpr"]), (0.1, 16)),
            screen_width=int(
                _within("screen_width", number("screen_width", answer["screen_width"]), (1, 1e5))
            ),
            screen_height=int(
                _within("screen_height", number("screen_height", answer["screen_height"]), (1, 1e5))
            ),
            pixel_check=one_of("pixel_check", answer["pixel_check"], PIXEL_CHECKS),
        )


def number(name: str, value: Any) -> float:
    """A finite number that came as JSON.

    Raises:
        InvalidAnswerError: anything else; true and false are not numbers.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidAnswerError(f"{name} is {value!r:.50}; needed a number")
    return float(value)


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """A word of a list.

    Raises:
        InvalidAnswerError: another.
    """
    if not isinstance(value, str) or value not in allowed:
        raise InvalidAnswerError(f"{name} is {value!r:.50}; needed one of {', '.join(allowed)}")
    return value


def _within(name: str, value: float, limits: tuple[float, float]) -> float:
    low, high = limits
    if not low <= value <= high:
        raise InvalidAnswerError(f"{name} is {value:g}; needed {low:g} to {high:g}")
    return value

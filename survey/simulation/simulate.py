"""Raters who are programs: through the real schedule and store, marked, and never mixed in."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from survey.session import rating
from survey.session.start import start
from survey.session.survey import Survey
from survey.study.study import Version

# What a careful person gives on average (Ledig et al. 2017, table 2, rounded); and the spread.
QUALITY = {
    "nearest": 1.3,
    "bicubic": 1.9,
    "srresnet_x4": 3.0,
    "srgan_x4": 3.6,
    "original": 4.4,
}
UNKNOWN_QUALITY = 3.0  # of any other model
IMAGE_SD, BIAS_SD, NOISE_SD, TIE_WIDTH = 0.3, 0.35, 0.6, 0.35
CARELESS_SHARE = 0.1


@dataclass
class SimulatedRater:
    """One person: severity, steadiness, attention, and a screen at a distance."""

    seed: int

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.bias = self.random.gauss(0, BIAS_SD)
        self.noise = NOISE_SD * self.random.uniform(0.7, 1.4)
        self.is_careless = self.random.random() < CARELESS_SHARE
        self.ppi = self.random.choice((92.0, 110.0, 141.0, 227.0, 326.0))
        self.distance_cm = self.random.uniform(40, 75)

    def sees(self, version: Version, image: str) -> float:
        """The quality felt, on the scale of the ratings."""
        effect = random.Random(f"{image}:{version.method}").gauss(0, IMAGE_SD)
        quality = QUALITY.get(version.method, UNKNOWN_QUALITY)
        return quality + effect + self.random.gauss(0, self.noise)

    def score(self, version: Version, image: str) -> int:
        """A rating of one version."""
        if self.is_careless:
            return self.random.randint(1, 5)
        return min(5, max(1, round(self.sees(version, image) + self.bias)))

    def degradation(self, version: Version, original: Version, image: str) -> int:
        """How little a version has lost: 5 is nothing."""
        if self.is_careless:
            return self.random.randint(1, 5)
        loss = self.sees(original, image) - self.sees(version, image)
        return min(5, max(1, round(5 + self.bias - max(0.0, loss))))

    def choice(self, left: Version, right: Version, image: str) -> str:
        """A choice between two."""
        if self.is_careless:
            return self.random.choice(("left", "right", "tie"))
        difference = self.sees(left, image) - self.sees(right, image)
        if abs(difference) < TIE_WIDTH:
            return "tie"
        return "left" if difference > 0 else "right"


def simulate(
    survey: Survey,
    *,
    raters: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Let simulated raters go through the whole study.

    Args:
        raters: how many.
        seed: of their characters, answers and schedules.
        progress: told how many are done.

    Returns:
        The number of responses stored.

    Raises:
        SurveyError: the survey cannot run.
    """
    study = survey.study
    known = {v.id: (v, image.id) for image in study.images for v in image.versions.values()}
    version_of = {"consent_version": survey.status()["consent_version"], "adult": True}
    stored = 0
    for number in range(raters):
        rater = SimulatedRater(seed * 1_000_003 + number)
        started = start(
            survey,
            language=rater.random.choice(("en", "pt-BR")),
            simulated=True,
            seed=rater.random.getrandbits(62),
            **version_of,
        )
        token = started["token"]
        state = rating.set_display(survey, token, _display(rater))
        while state["phase"] in ("practice", "rating", "pair", "break"):
            if state["phase"] == "break":
                state = rating.resume(survey, token)
                continue
            result = rating.answer(survey, token, _answer(rater, survey, state["trial"], known))
            stored += 1
            state = result["state"]
        rating.finish(survey, token)
        if progress is not None:
            progress(number + 1)
    return stored


def _display(rater: SimulatedRater) -> dict[str, Any]:
    return {
        "ppi": rater.ppi,
        "ppi_method": "card",
        "distance_cm": round(rater.distance_cm, 1),
        "distance_method": "ruler",
        "dpr": 1,
        "screen_width": 1920,
        "screen_height": 1080,
        "pixel_check": "pass",
    }


def _answer(
    rater: SimulatedRater,
    survey: Survey,
    trial: dict[str, Any],
    known: dict[str, tuple[Version, str]],
) -> dict[str, Any]:
    """What this rater's browser would send."""
    sides = "SELECT left_id, right_id FROM trial WHERE id = ?"
    row = survey.store.rows(sides, [trial["id"]])[0]
    version, image = known[row["left_id"]]
    value: dict[str, Any]
    if trial["kind"] == "rating":
        value = {"score": rater.score(version, image)}
    elif trial["kind"] == "degradation":
        value = {"score": rater.degradation(known[row["right_id"]][0], version, image)}
    else:
        value = {"choice": rater.choice(version, known[row["right_id"]][0], image)}
    if trial["instructed"] is not None and not rater.is_careless:
        wanted = trial["instructed"]
        value = {"choice": wanted} if trial["kind"] == "pair" else {"score": int(wanted)}
    quick = 0.3 if rater.is_careless else 1.0
    return {
        "trial_id": trial["id"],
        **value,
        "rt_ms": round(quick * rater.random.lognormvariate(7.8, 0.4), 1),
        "ready_ms": 40.0,
        "flicker_ms": 0.0,
        "switches": 0,
        "focus_lost": 0,
        "conditions": {
            "dpr": 1,
            "visual_scale": 1,
            "viewport_width": 1900,
            "viewport_height": 900,
            "screen_width": 1920,
            "screen_height": 1080,
            "orientation": "landscape",
            "clipped": 0,
            "pixel_check": "pass",
        },
    }

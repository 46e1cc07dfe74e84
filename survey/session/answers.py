"""What a browser may send as an answer, checked field by field; and the flags it earns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from survey.study.display import PIXEL_CHECKS, Display, number, one_of
from survey.study.errors import InvalidAnswerError
from survey.study.protocol import Protocol, is_right

CHOICES = ("left", "right", "tie")
ORIENTATIONS = ("landscape", "portrait")
LONGEST_MS = 24 * 3600 * 1000.0
CONDITIONS = {
    "dpr": (0.1, 16.0),
    "visual_scale": (0.05, 50.0),
    "viewport_width": (1, 100_000),
    "viewport_height": (1, 100_000),
    "screen_width": (1, 100_000),
    "screen_height": (1, 100_000),
    "clipped": (0.0, 1.0),  # share of the picture that could not be seen
}
TIMES = ("rt_ms", "ready_ms", "flicker_ms")
COUNTS = ("switches", "focus_lost")


@dataclass(frozen=True)
class Answer:
    """One checked answer; exactly one of `score` and `choice` is there."""

    trial_id: str
    score: int | None
    choice: str | None
    times: dict[str, float]
    counts: dict[str, int]
    conditions: dict[str, Any]

    @property
    def value(self) -> int | str:
        """Score or choice."""
        return self.choice if self.score is None else self.score  # type: ignore[return-value]


def read_answer(values: Mapping[str, Any]) -> Answer:
    """Check what the browser sent.

    Raises:
        InvalidAnswerError: a field is missing, unknown, of the wrong type or out of range.
    """
    allowed = {"trial_id", "score", "choice", "conditions", *TIMES, *COUNTS}
    unknown = set(values) - allowed
    missing = allowed - {"score", "choice"} - set(values)
    if unknown or missing:
        raise InvalidAnswerError(f"answer: unknown {sorted(unknown)}, missing {sorted(missing)}")
    score, choice = values.get("score"), values.get("choice")
    if (score is None) == (choice is None):
        raise InvalidAnswerError("answer: needed either score or choice")
    if score is not None and (isinstance(score, bool) or score not in (1, 2, 3, 4, 5)):
        raise InvalidAnswerError(f"score is {score!r:.20}; needed a whole number from 1 to 5")
    if choice is not None:
        one_of("choice", choice, CHOICES)
    if not isinstance(values["trial_id"], str):
        raise InvalidAnswerError("trial_id: needed text")
    conditions = values["conditions"]
    names = {*CONDITIONS, "orientation", "pixel_check"}
    if not isinstance(conditions, Mapping) or set(conditions) != names:
        raise InvalidAnswerError(f"conditions: needed exactly {sorted(names)}")
    checked: dict[str, Any] = {
        name: _between(name, conditions[name], *limits) for name, limits in CONDITIONS.items()
    }
    for name in ("viewport_width", "viewport_height", "screen_width", "screen_height"):
        checked[name] = round(checked[name])
    checked["orientation"] = one_of("orientation", conditions["orientation"], ORIENTATIONS)
    checked["pixel_check"] = one_of("pixel_check", conditions["pixel_check"], PIXEL_CHECKS)
    return Answer(
        values["trial_id"],
        None if score is None else int(score),
        choice,
        {name: _between(name, values[name], 0, LONGEST_MS) for name in TIMES},
        {name: round(_between(name, values[name], 0, 1_000_000)) for name in COUNTS},
        checked,
    )


def _between(name: str, value: Any, low: float, high: float) -> float:
    checked = number(name, value)
    if not low <= checked <= high:
        raise InvalidAnswerError(f"{name} is {checked:g}; needed {low:g} to {high:g}")
    return checked


def flags_of(
    answer: Answer, trial: Mapping[str, Any], display: Display, protocol: Protocol
) -> list[str]:
    """Why an answer may weigh less. Nothing is ever dropped because of a flag."""
    conditions = answer.conditions
    fast = protocol.fast_pair_ms if trial["kind"] == "pair" else protocol.fast_rating_ms
    wrong = is_right(trial["expected"], answer.value) is False
    dpr = conditions["dpr"]
    found = {
        "fast": answer.times["rt_ms"] < fast,
        "slow": answer.times["rt_ms"] > protocol.slow_ms,
        "golden_failed": wrong and trial["role"] == "golden",
        "instructed_failed": wrong and trial["role"] == "instructed",
        "no_display": display.ppd is None,
        "fractional_dpr": abs(dpr - round(dpr)) > 0.01,
        "dpr_changed": abs(dpr - display.dpr) > 0.01,
        "pinched": abs(conditions["visual_scale"] - 1) > 0.01,
        "clipped": conditions["clipped"] > 0,
        "pixel_check_failed": conditions["pixel_check"] == "fail",
        "focus_lost": answer.counts["focus_lost"] > 0,
    }
    return [name for name, is_so in found.items() if is_so]

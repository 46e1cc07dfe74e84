"""What every rater of a study goes through: methods, counts, limits."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from survey.study.errors import StudyError

METHODS = ("nearest", "bicubic", "srresnet_x4", "srgan_x4", "original")  # of a study by default
NETWORKS = ("srresnet_x4", "srgan_x4")
MOST_METHODS = 12
ANCHORS = ("nearest", "bicubic", "original")  # trials with a known answer take these


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What every rater of a study goes through. Defaults: see docs/survey.md."""

    rated: tuple[str, ...] = METHODS
    compared: tuple[tuple[str, str], ...] = (
        ("bicubic", "srresnet_x4"),
        ("bicubic", "srgan_x4"),
        ("srresnet_x4", "srgan_x4"),
    )
    images_per_rater: int = 10
    practice: int = 5
    warmups: int = 3  # at the start of each block, not counted
    golden_every: int = 12  # one trial with a known answer in so many
    repeats: int = 3  # in each block
    repeat_distance: int = 10  # trials between a repeat and what it repeats, at least
    fast_rating_ms: int = 800
    fast_pair_ms: int = 600
    slow_ms: int = 60_000
    width: int = 448
    height: int = 288
    # The same-angle part: so many photographs' networks are compared once more, each picture
    # magnified by the whole number that brings it nearest to `angle_ppd` of its own pixels per
    # degree on the rater's display.
    angle_images: int = 0
    angle_ppd: float = 30.0
    has_original: bool = True  # False: nobody has one; nothing is measured against it
    # Degradation category rating (DCR): what is rated stands beside the original, which is named.
    beside_original: bool = False

    @property
    def sha256(self) -> str:
        """Hash of the whole protocol; of studies without its newer parts as it ever was."""
        values = dataclasses.asdict(self)
        if not self.angle_images:
            del values["angle_images"], values["angle_ppd"]
        if self.has_original:
            del values["has_original"]
        if not self.beside_original:
            del values["beside_original"]
        return sha256_of(values)

    @property
    def angle_pair(self) -> tuple[str, str]:
        """What the same-angle part compares: the networks, or the last pair of others."""
        return NETWORKS if NETWORKS in self.compared else self.compared[-1]

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is asked: "rating" or "degradation", and "pair"."""
        scored = "degradation" if self.beside_original else "rating"
        return (scored,) * bool(self.rated) + ("pair",) * bool(self.compared)

    @property
    def scale(self) -> Literal["acr", "dcr"]:
        """Of its scores: absolute categories, or degradation beside the original."""
        return "dcr" if self.beside_original else "acr"

    @property
    def best(self) -> str:
        """What no version should look worse than where the answer is known: the original."""
        return "original" if self.has_original else self.methods[0]

    @property
    def methods(self) -> tuple[str, ...]:
        """All methods of which a study has versions."""
        compared = (method for pair in self.compared for method in pair)
        anchors = ANCHORS if self.has_original else ("nearest",)
        return tuple(dict.fromkeys((*self.rated, *compared, *anchors)))

    @classmethod
    def of_models(cls, models: Sequence[str], **fields: Any) -> Protocol:
        """All are rated, with interpolations and originals; all models but nearest are compared.

        Raises:
            StudyError: no model.
        """
        if not models:
            raise StudyError("a study needs one model or more")
        rated = tuple(dict.fromkeys(("nearest", "bicubic", *models, "original")))
        return cls(rated=rated, compared=tuple(combinations(rated[1:-1], 2)), **fields)

    @classmethod
    def of_methods(
        cls,
        methods: Sequence[str],
        *,
        asks: Sequence[str] = ("ratings", "pairs"),
        compared: Sequence[tuple[str, str]] = (),
        has_original: bool = True,
        **fields: Any,
    ) -> Protocol:
        """Any methods: all are rated, the original among them; all pairs of them are compared.

        Args:
            methods: models and folders of pictures by name, without the original.
            asks: "ratings" from 1 to 5 or, beside the original, "degradation"; "pairs", or both.
            compared: those pairs only.

        Raises:
            StudyError: fewer than 2 or more than 12 methods, pairs of others, or questions that
                one study cannot ask.
        """
        check_asked(asks, has_original=has_original)
        chosen = [method for method in dict.fromkeys(methods) if method != "original"]
        rated = (*chosen, "original") if has_original else tuple(chosen)
        if not chosen or not 2 <= len(rated) <= MOST_METHODS:
            raise StudyError(
                f"{len(rated)} methods ({', '.join(rated)}); needed 2 to {MOST_METHODS}"
            )
        for pair in compared:
            if len(set(pair)) != 2 or not set(pair) <= set(rated):
                raise StudyError(
                    f"--compare {':'.join(pair)}: needed two of {', '.join(rated)} as A:B"
                )
        pairs = tuple(compared) or tuple(combinations(chosen, 2))
        if "pairs" in asks and not pairs:
            raise StudyError("one method alone has no pairs; give another, or --ask ratings")
        return cls(
            rated=rated if {"ratings", "degradation"} & set(asks) else (),
            compared=pairs if "pairs" in asks else (),
            has_original=has_original,
            beside_original="degradation" in asks,
            **fields,
        )

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Protocol:
        """The protocol of a study file.

        Raises:
            StudyError: an unknown or impossible field.
        """
        try:
            values = dict(values)
            values["rated"] = tuple(values["rated"])
            values["compared"] = tuple((a, b) for a, b in values["compared"])
            return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise StudyError(f"protocol: {error}; prepare the study again") from None


def check_asked(asks: Sequence[str], *, has_original: bool) -> None:
    """Whether one study can ask all of it.

    Raises:
        StudyError: ratings together with degradation, or degradation without originals.
    """
    if {"ratings", "degradation"} <= set(asks):
        raise StudyError(
            "--ask ratings degradation: ratings hide the original among the versions, and "
            "degradation shows it; needed one of them, or a study each"
        )
    if "degradation" in asks and not has_original:
        raise StudyError(
            "--ask degradation shows the original beside each version, and there is none with "
            "--no-original; give a folder of originals, or --ask ratings pairs"
        )


def is_right(expected: str | None, answer: int | str | None) -> bool | None:
    """Whether an answer is what was expected; None where nothing was."""
    if expected is None or answer is None:
        return None
    if isinstance(answer, int):
        if expected.startswith("<="):
            return answer <= int(expected[2:])
        if expected.startswith(">="):
            return answer >= int(expected[2:])
    return str(answer) == expected


def sha256_of(value: Any) -> str:
    """Hash of a JSON value, independent of key order and spacing."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

"""Whole studies from a known truth, many at once: what the statistics are proved on.

A score is what a version is worth to a person, plus the person's severity and unsteadiness, put
on the scale 1 to 5. A choice is the difference of what two versions are worth to that person, with
a band in which it is a tie and, where wanted, a pull to the left side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from survey.simulation.worlds import MIDDLE, World, expected_choices, expected_scores
from survey.statistics.estimates.data import Pairs, Ratings

WHOLE_SCALE = 1.6  # times as much of the scale, by one who uses all of it
HALF = 0.5


@dataclass(frozen=True)
class Studies:
    """Simulated studies and their truth; the first axis of every array is the study.

    Attributes:
        scores: (studies, raters, images, methods), NaN where missing.
        won, a_left: (studies, raters, images, pairs) as in `Pairs`.
        worth: (studies, images, methods), what versions are worth.
        ppd: (studies, raters) pixels per degree, as measured.
        is_careless: (studies, raters) bool.
    """

    world: World
    scores: np.ndarray
    won: np.ndarray
    a_left: np.ndarray
    worth: np.ndarray
    ppd: np.ndarray
    is_careless: np.ndarray
    names: tuple[tuple[str, ...], tuple[str, ...]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.scores)

    def ratings(self, study: int) -> Ratings:
        """The ratings of one study."""
        return Ratings(*self.names, self.world.methods, self.scores[study], self.ppd[study])

    def pairs(self, study: int) -> Pairs:
        """The choices of one study."""
        return Pairs(
            *self.names, self.world.methods, self.world.compared, self.won[study],
            self.a_left[study], self.ppd[study],
        )  # fmt: skip

    @cached_property
    def mean_scores(self) -> np.ndarray:
        """(studies, images, methods): what raters of this world give on average."""
        return expected_scores(self.world, self.worth)

    @cached_property
    def preferences(self) -> np.ndarray:
        """(studies, pairs): how often a is preferred on these images, ties half."""
        return np.asarray(expected_choices(self.world, self.worth).mean(axis=1))


def simulate_studies(
    world: World, studies: int, *, seed: int, worth: np.ndarray | None = None
) -> Studies:
    """Make so many studies of one world; each has photographs and raters of its own.

    Args:
        studies: how many.
        seed: the same seed gives the same studies.
        worth: (studies, images, methods) of versions that are given, in place of others.
    """
    rng = np.random.default_rng(seed)
    shape, methods = (studies, world.raters, world.images), len(world.methods)
    each = (studies, world.raters, 1, 1)
    if worth is None:
        around = rng.normal(0, world.image_sd, (studies, world.images, methods))
        worth = np.array(world.quality) + around
    noise = world.noise * np.exp(rng.normal(0, world.noise_spread, each))
    bias = rng.normal(0, world.bias_sd, each)
    taste = rng.normal(0, world.taste_sd, (studies, world.raters, 1, methods))
    careless = rng.random((studies, world.raters)) < world.careless_share
    careless[:, : world.careless_raters] = True

    density = rng.normal(0, world.ppd_spread, (studies, world.raters))  # of log2, centred
    taste[..., world.dense] += world.density_slope * density[:, :, None]
    taste[..., world.dense] += rng.normal(0, world.divided_sd, taste.shape[:3])
    noise = noise * 2 ** (world.density_noise * density[:, :, None, None])
    use = world.scale_use * np.exp(rng.normal(0, world.scale_spread, each))
    place = rng.random(shape).argsort(axis=2).argsort(axis=2)[..., None] / max(1, world.images - 1)

    def single(size: tuple[int, ...]) -> np.ndarray:
        degrees = world.tail_degrees
        return rng.standard_t(degrees, size) if degrees else rng.normal(size=size)

    felt = worth[:, None] + bias + taste + noise * single((*shape, methods))
    felt = felt + world.drift * (place - 0.5)
    scores = np.clip(np.rint(MIDDLE + use * (felt - MIDDLE)), 1, 5)

    a, b = world.pairs
    a_left = _sides(rng, (*shape, len(world.compared)))
    difference = (worth[:, :, a] - worth[:, :, b])[:, None] + taste[..., a] - taste[..., b]
    difference = difference + np.sqrt(2) * noise * single(a_left.shape)
    difference = difference + world.left_pull * np.where(a_left, 1, -1)
    width = world.tie_width * np.exp(rng.normal(0, world.tie_spread, each))
    won = np.where(np.abs(difference) < width, 0.5, difference > 0)
    if careless.any():
        answer = CARELESS[world.careless_kind]
        for study, rater in np.argwhere(careless):
            at = study, rater
            scores[at], won[at] = answer(world, scores[at], won[at], felt[at], rng)

    shown = _shown(rng, world, shape)[..., None]
    stays = _stays(rng, world, bias, place)
    for answers in (scores, won):
        answers[~np.broadcast_to(shown & stays, answers.shape)] = np.nan
        answers[rng.random(answers.shape) < world.missing] = np.nan
    names = (
        tuple(f"rater-{i:02d}" for i in range(world.raters)),
        tuple(f"image-{i:02d}" for i in range(world.images)),
    )
    measured = density + rng.normal(0, world.ppd_error, density.shape)
    return Studies(
        world, scores, won, a_left, worth, world.ppd * 2**measured, careless, names
    )  # fmt: skip


Answers = tuple[np.ndarray, np.ndarray]
Behaviour = Callable[[World, np.ndarray, np.ndarray, np.ndarray, np.random.Generator], Answers]


def _at_random(
    world: World, scores: np.ndarray, won: np.ndarray, _: np.ndarray, rng: np.random.Generator
) -> Answers:
    return rng.integers(1, 6, scores.shape), rng.integers(0, 3, won.shape) / 2


def _anchors_right(
    world: World, scores: np.ndarray, won: np.ndarray, felt: np.ndarray, rng: np.random.Generator
) -> Answers:
    """The easiest, the first and the last method, are rated as honest people would."""
    wild, choices = _at_random(world, scores, won, felt, rng)
    wild[..., [0, -1]] = scores[..., [0, -1]]
    return wild, choices


def _always_three(
    world: World, scores: np.ndarray, won: np.ndarray, _: np.ndarray, __: np.random.Generator
) -> Answers:
    return np.full(scores.shape, MIDDLE), np.full(won.shape, 0.5)


def _half_random(
    world: World, scores: np.ndarray, won: np.ndarray, felt: np.ndarray, rng: np.random.Generator
) -> Answers:
    wild, choices = _at_random(world, scores, won, felt, rng)
    return (
        np.where(rng.random(scores.shape) < HALF, wild, scores),
        np.where(rng.random(won.shape) < HALF, choices, won),
    )


def _whole_scale(
    world: World, scores: np.ndarray, won: np.ndarray, felt: np.ndarray, _: np.random.Generator
) -> Answers:
    """Honest, and makes more of each difference than others do."""
    return np.clip(np.rint(MIDDLE + WHOLE_SCALE * (felt - MIDDLE)), 1, 5), won


CARELESS: dict[str, Behaviour] = {
    "random": _at_random,
    "anchors_right": _anchors_right,
    "always_three": _always_three,
    "half_random": _half_random,
    "whole_scale": _whole_scale,
}


def _sides(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Half of the raters see a on the left, drawn anew for every image and pair."""
    places = rng.random(shape).argsort(axis=1)
    return np.asarray(places % 2 == 0)


def _shown(rng: np.random.Generator, world: World, shape: tuple[int, ...]) -> np.ndarray:
    """(studies, raters, images) bool: each rater sees some images, each image about as often."""
    if world.images_per_rater >= world.images:
        return np.ones(shape, dtype=bool)
    order = rng.random((shape[0], 1, world.images)).argsort(axis=2)
    start = (np.arange(world.raters) * world.images_per_rater)[None, :, None]
    return np.asarray((order - start) % world.images < world.images_per_rater)


def _stays(
    rng: np.random.Generator, world: World, bias: np.ndarray, place: np.ndarray
) -> np.ndarray:
    """(studies, raters, images, 1) bool: what was answered before the rater left, if so."""
    if not world.leaving:
        return np.ones(place.shape, dtype=bool)
    odds = world.leaving / (1 - world.leaving)
    severity = -bias / world.bias_sd if world.bias_sd else 0 * bias
    each = odds * np.exp(world.leaving_severe * severity)
    leaves = rng.random(bias.shape) < each / (1 + each)
    return np.asarray(~leaves | (place < rng.uniform(0.2, 0.9, bias.shape)))

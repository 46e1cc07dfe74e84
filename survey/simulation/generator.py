"""Whole studies from a known truth, many at once: what the statistics are proved on.

A score is what a version is worth to a person, plus the person's severity and unsteadiness, put
on the scale 1 to 5. A choice is the difference of what two versions are worth to that person, with
a band in which it is a tie and, where wanted, a pull to the left side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from survey.statistics.estimates.data import METHOD_ORDER, Pairs, Ratings

QUALITY = (1.3, 1.9, 3.0, 3.6, 4.4)  # of METHOD_ORDER, about as Ledig et al. 2017, table 2
DENSE = METHOD_ORDER.index("srgan_x4")
COMPARED = (("bicubic", "srresnet_x4"), ("bicubic", "srgan_x4"), ("srresnet_x4", "srgan_x4"))


@dataclass(frozen=True, kw_only=True)
class World:
    """What is true. Spreads are standard deviations on the scale of the scores."""

    raters: int = 24
    images: int = 10
    images_per_rater: int = 10
    quality: tuple[float, ...] = QUALITY
    image_sd: float = 0.3  # of a version around its method
    bias_sd: float = 0.35  # of raters' severity
    taste_sd: float = 0.25  # of a rater's own liking for a method
    noise: float = 0.6  # median unsteadiness of raters
    noise_spread: float = 0.25  # sd of its logarithm between raters
    tie_width: float = 0.35
    ppd: float = 55.0  # median pixels per degree of the displays
    ppd_spread: float = 0.0  # sd of its log2 between raters
    density_slope: float = 0.0  # by which the worth of srgan_x4 changes when the density doubles
    left_pull: float = 0.0  # added to the left side's worth
    careless_share: float = 0.0  # of raters who answer at random
    careless_raters: int = 0  # so many of each study, beyond that share
    missing: float = 0.0  # share of the answers that are not there


@dataclass(frozen=True)
class Studies:
    """Simulated studies and their truth; the first axis of every array is the study.

    Attributes:
        scores: (studies, raters, images, methods), NaN where missing.
        won, a_left: (studies, raters, images, pairs) as in `Pairs`.
        worth: (studies, images, methods), what versions are worth.
        ppd: (studies, raters) pixels per degree.
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
        return Ratings(*self.names, METHOD_ORDER, self.scores[study], self.ppd[study])

    def pairs(self, study: int) -> Pairs:
        """The choices of one study."""
        return Pairs(*self.names, COMPARED, self.won[study], self.a_left[study], self.ppd[study])

    @cached_property
    def mean_scores(self) -> np.ndarray:
        """(studies, images, methods): what raters of this world give on average."""
        world = self.world
        mean = np.zeros_like(self.worth)
        for weight, noise in _noises(world):
            sd = np.sqrt(world.bias_sd**2 + world.taste_sd**2 + noise**2)
            mean += weight * (
                1 + sum(_normal_cdf((self.worth - edge) / sd) for edge in (1.5, 2.5, 3.5, 4.5))
            )
        return mean * (1 - world.careless_share) + 3 * world.careless_share

    @cached_property
    def preferences(self) -> np.ndarray:
        """(studies, pairs): how often a is preferred, ties half, no matter on which side."""
        world = self.world
        a, b = _columns()
        difference = self.worth[:, :, a] - self.worth[:, :, b]
        share = np.zeros_like(difference)
        for weight, noise in _noises(world):
            sd = np.sqrt(2 * world.taste_sd**2 + 2 * noise**2)
            for side in (-world.left_pull, world.left_pull):
                for edge in (-world.tie_width, world.tie_width):
                    share += weight / 4 * _normal_cdf((difference + side - edge) / sd)
        mean = share.mean(axis=1)
        return np.asarray(mean * (1 - world.careless_share) + 0.5 * world.careless_share)


def simulate_studies(world: World, studies: int, *, seed: int) -> Studies:
    """Make so many studies of one world; each has photographs and raters of its own.

    Args:
        studies: how many.
        seed: the same seed gives the same studies.
    """
    rng = np.random.default_rng(seed)
    shape = (studies, world.raters, world.images)
    methods = len(METHOD_ORDER)
    worth = np.array(world.quality) + rng.normal(
        0, world.image_sd, (studies, world.images, methods)
    )
    noise = world.noise * np.exp(rng.normal(0, world.noise_spread, (studies, world.raters, 1, 1)))
    bias = rng.normal(0, world.bias_sd, (studies, world.raters, 1, 1))
    taste = rng.normal(0, world.taste_sd, (studies, world.raters, 1, methods))
    careless = rng.random((studies, world.raters)) < world.careless_share
    careless[:, : world.careless_raters] = True
    at_random = careless[:, :, None, None]

    density = rng.normal(0, world.ppd_spread, (studies, world.raters))  # of log2, centred
    taste[..., DENSE] += world.density_slope * density[:, :, None]

    felt = worth[:, None] + bias + taste + noise * rng.normal(size=(*shape, methods))
    scores = np.clip(np.rint(felt), 1, 5)
    scores = np.where(at_random, rng.integers(1, 6, scores.shape), scores)

    a, b = _columns()
    a_left = _sides(rng, (*shape, len(COMPARED)))
    difference = (worth[:, :, a] - worth[:, :, b])[:, None] + taste[..., a] - taste[..., b]
    difference = difference + np.sqrt(2) * noise * rng.normal(size=a_left.shape)
    difference = difference + world.left_pull * np.where(a_left, 1, -1)
    won = np.where(np.abs(difference) < world.tie_width, 0.5, difference > 0)
    won = np.where(at_random, rng.integers(0, 3, won.shape) / 2, won)

    shown = _shown(rng, world, shape)[..., None]
    for answers in (scores, won):
        answers[~np.broadcast_to(shown, answers.shape)] = np.nan
        answers[rng.random(answers.shape) < world.missing] = np.nan
    names = (
        tuple(f"rater-{i:02d}" for i in range(world.raters)),
        tuple(f"image-{i:02d}" for i in range(world.images)),
    )
    ppd = world.ppd * 2**density
    return Studies(world, scores, won, a_left, worth, ppd, careless, names)


def _columns() -> tuple[list[int], list[int]]:
    a = [METHOD_ORDER.index(pair[0]) for pair in COMPARED]
    b = [METHOD_ORDER.index(pair[1]) for pair in COMPARED]
    return a, b


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


def _noises(world: World) -> list[tuple[float, float]]:
    """Weights and values of the raters' unsteadiness, for integrals over it."""
    places, weights = np.polynomial.hermite_e.hermegauss(15)
    values = world.noise * np.exp(world.noise_spread * places)
    return list(zip(weights / weights.sum(), values, strict=True))


def _normal_cdf(z: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))

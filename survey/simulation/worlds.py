"""What is true in simulated studies, and what endless raters would answer there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

METHODS = ("nearest", "bicubic", "srresnet_x4", "srgan_x4", "original")
QUALITY = (1.3, 1.9, 3.0, 3.6, 4.4)  # of METHODS, about as Ledig et al. 2017, table 2
COMPARED = (("bicubic", "srresnet_x4"), ("bicubic", "srgan_x4"), ("srresnet_x4", "srgan_x4"))
EDGES = (1.5, 2.5, 3.5, 4.5)  # between the scores
MIDDLE = 3.0
KINDS = 256  # of raters, evenly spread over what they differ in, that stand for endless ones


@dataclass(frozen=True, kw_only=True)
class World:
    """What is true. Spreads are standard deviations on the scale of the scores."""

    methods: tuple[str, ...] = METHODS
    compared: tuple[tuple[str, str], ...] = COMPARED
    raters: int = 24
    images: int = 10
    images_per_rater: int = 10
    quality: tuple[float, ...] = QUALITY
    image_sd: float = 0.3  # of a version around its method: the spread of images by method
    bias_sd: float = 0.35  # of raters' severity
    taste_sd: float = 0.25  # of a rater's own liking for a method
    divided_sd: float = 0.0  # more of it for `dense`: a method that divides opinion
    noise: float = 0.6  # median unsteadiness of raters
    noise_spread: float = 0.25  # sd of its logarithm between raters
    tail_degrees: float = 0.0  # of Student's t that single answers follow; 0: normal
    scale_use: float = 1.0  # how much of the scale people use, around its middle
    scale_spread: float = 0.0  # sd of its logarithm between raters
    drift: float = 0.0  # of scores, from a rater's first to the last
    tie_width: float = 0.35
    tie_spread: float = 0.0  # sd of its logarithm between raters
    ppd: float = 55.0  # median pixels per degree of the displays
    ppd_spread: float = 0.0  # sd of its log2 between raters
    ppd_error: float = 0.0  # sd of the error of a measured log2
    dense: int = 3  # the method that changes with density
    density_slope: float = 0.0  # by which its worth changes when the density doubles
    density_noise: float = 0.0  # by how many doublings unsteadiness does, on a doubled density
    left_pull: float = 0.0  # added to the left side's worth
    careless_share: float = 0.0  # of raters who answer at random
    careless_raters: int = 0  # so many of each study, beyond that share
    careless_kind: str = "random"  # see `survey.simulation.generator.CARELESS`
    missing: float = 0.0  # share of the answers that are not there
    leaving: float = 0.0  # share of raters who stop somewhere
    leaving_severe: float = 0.0  # by how much more likely, in log odds, one sd more severe

    @property
    def pairs(self) -> tuple[list[int], list[int]]:
        """Places of the first and of the second method of each pair."""
        first, second = zip(*self.compared, strict=True)
        return [self.methods.index(m) for m in first], [self.methods.index(m) for m in second]


@dataclass(frozen=True)
class Kinds:
    """Kinds of raters, each as likely; all arrays are (kinds,)."""

    noise: np.ndarray
    scale_use: np.ndarray
    tie_width: np.ndarray
    density: np.ndarray  # log2 of the display's, from the median


def kinds_of(world: World) -> Kinds:
    """Raters of a world, evenly spread over what they differ in."""
    from scipy.special import ndtri
    from scipy.stats import chi2
    from scipy.stats.qmc import Sobol

    place = Sobol(5, scramble=True, rng=np.random.default_rng(0)).random(KINDS)
    normal = ndtri(place)
    density = world.ppd_spread * normal[:, 3]
    noise = world.noise * np.exp(world.noise_spread * normal[:, 0])
    noise = noise * 2 ** (world.density_noise * density)
    if degrees := world.tail_degrees:  # Student's t is normal with a spread that varies
        noise = noise * np.sqrt(degrees / chi2.ppf(place[:, 4], degrees))
    return Kinds(
        noise=noise,
        scale_use=world.scale_use * np.exp(world.scale_spread * normal[:, 1]),
        tie_width=world.tie_width * np.exp(world.tie_spread * normal[:, 2]),
        density=density,
    )


def taste_of(world: World) -> np.ndarray:
    """(methods,) sd of raters' own liking."""
    taste = np.full(len(world.methods), world.taste_sd)
    taste[world.dense] = np.hypot(world.taste_sd, world.divided_sd)
    return taste


def expected_scores(world: World, worth: np.ndarray, *, image_sd: float = 0.0) -> np.ndarray:
    """What endless raters of a world give on average.

    Args:
        worth: (..., methods).
        image_sd: of the versions around that, if they are not given one by one.
    """
    from scipy.special import ndtr

    kinds, fixed = kinds_of(world), world.bias_sd**2 + taste_of(world) ** 2 + image_sd**2
    mean = np.ones_like(worth)
    slope = np.zeros(len(world.methods))
    slope[world.dense] = world.density_slope
    for noise, use, density in zip(kinds.noise, kinds.scale_use, kinds.density, strict=True):
        sd = np.sqrt(fixed + noise**2 + (world.drift**2) / 12)
        for edge in EDGES:
            at = MIDDLE + (edge - MIDDLE) / use
            mean += ndtr((worth + slope * density - at) / sd) / KINDS
    return np.asarray(mean * (1 - world.careless_share) + MIDDLE * world.careless_share)


def expected_choices(world: World, worth: np.ndarray, *, image_sd: float = 0.0) -> np.ndarray:
    """How often endless raters prefer a pair's first method, ties half, no matter on which side.

    Args:
        worth: (..., methods).
        image_sd: as in `expected_scores`.

    Returns:
        (..., pairs).
    """
    from scipy.special import ndtr

    a, b = world.pairs
    kinds, taste = kinds_of(world), taste_of(world) ** 2
    slope = np.zeros(len(world.methods))
    slope[world.dense] = world.density_slope
    fixed = taste[a] + taste[b] + 2 * image_sd**2
    difference, slopes = worth[..., a] - worth[..., b], slope[a] - slope[b]
    share = np.zeros_like(difference)
    for noise, width, density in zip(kinds.noise, kinds.tie_width, kinds.density, strict=True):
        sd, middle = np.sqrt(fixed + 2 * noise**2), difference + slopes * density
        for side in {-world.left_pull, world.left_pull}:
            weight = 1 / (2 * KINDS * len({-world.left_pull, world.left_pull}))
            share += weight * (
                ndtr((middle + side - width) / sd) + ndtr((middle + side + width) / sd)
            )
    return np.asarray(share * (1 - world.careless_share) + 0.5 * world.careless_share)

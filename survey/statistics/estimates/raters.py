"""How severe and how steady raters are: the subject model, and screening.

Sources: ITU-R BT.500 (screening), ITU-T P.910 (10/2023) annex E and Li et al. 2020,
arXiv:2004.02067 (subject model).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survey.statistics.estimates.data import flat

PRIOR_RATINGS = 25.0  # of 10 to 100 the best in the worlds of `validate`, and flat there


@dataclass(frozen=True)
class SubjectModel:
    """score = quality of the version + bias of the rater + inconsistency of the rater x noise.

    Attributes:
        quality: (images, methods), NaN for versions nobody rated.
        quality_se: the same, their standard errors.
        bias: (raters,), of mean 0.
        inconsistency: (raters,), a standard deviation; NaN with fewer than two ratings.
    """

    quality: np.ndarray
    quality_se: np.ndarray
    bias: np.ndarray
    inconsistency: np.ndarray


def subject_model(
    scores: np.ndarray,
    *,
    prior: float = PRIOR_RATINGS,
    tolerance: float = 1e-8,
    limit: int = 1000,
) -> SubjectModel:
    """Fit ITU-T P.910's subject model by alternating projection.

    Without a prior the likelihood has no top: one rater can be fitted as if never unsteady and
    take all weight, with 24 raters who see 10 of 40 photographs in 19 of 20 studies.

    Args:
        scores: (raters, images, methods) float, NaN where there is no score.
        prior: ratings by which each rater's unsteadiness is drawn to the median one; 0 is the
            standard's own fit.
        tolerance: on the Euclidean length of a step of the qualities.
        limit: of the steps.

    Source: Li et al. 2020, arXiv:2004.02067, algorithm 1; P.910 annex E.
    """
    table = flat(scores)
    present = ~np.isnan(table)
    quality = _mean(table, present, axis=0)
    bias = _mean(table - quality, present, axis=1)
    own, first = present.sum(axis=1), _spread(table - quality - bias[:, None], present)
    usual = float(np.median(first[own > 1])) if (own > 1).any() else 0.0

    def unsteadiness() -> np.ndarray:
        found = _spread(table - quality - bias[:, None], present)
        ratings = np.maximum(own + prior, 1)
        return np.asarray(np.sqrt((own * found**2 + prior * usual**2) / ratings))

    for _ in range(limit):
        spread = unsteadiness()
        weight = np.where(present, 1 / (spread**2 + 1e-8)[:, None], 0.0)
        before = quality
        quality = _weighted_mean(table - bias[:, None], weight)
        bias = _mean(table - quality, present, axis=1)
        if float(np.nansum((quality - before) ** 2)) < tolerance**2:
            break
    spread = unsteadiness()
    known = ~np.isnan(bias)
    shift = float(bias[known].mean()) if known.any() else 0.0
    total = np.where(present, 1 / (spread**2 + 1e-8)[:, None], 0.0).sum(axis=0)
    error = np.divide(1.0, np.sqrt(total), out=np.full(len(total), np.nan), where=total > 0)
    spread = np.where(present.sum(axis=1) > 1, spread, np.nan)
    shape = scores.shape[1:]
    return SubjectModel(
        (quality + shift).reshape(shape), error.reshape(shape), bias - shift, spread
    )


def _mean(values: np.ndarray, present: np.ndarray, *, axis: int) -> np.ndarray:
    count = present.sum(axis=axis)
    total = np.where(present, values, 0.0).sum(axis=axis)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _spread(residual: np.ndarray, present: np.ndarray) -> np.ndarray:
    """(raters,) standard deviation over versions, around its own mean."""
    centred = residual - _mean(residual, present, axis=1)[:, None]
    return np.sqrt(np.nan_to_num(_mean(centred**2, present, axis=1)))


def _weighted_mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    total = weight.sum(axis=0)
    summed = np.where(weight > 0, values * weight, 0.0).sum(axis=0)
    return np.divide(summed, total, out=np.full(total.shape, np.nan), where=total > 0)


@dataclass(frozen=True)
class Screening:
    """BT.500's counts: shares of a rater's scores far above (p) and far below (q) the others'."""

    p: np.ndarray
    q: np.ndarray
    rejects: np.ndarray


def bt500(scores: np.ndarray) -> Screening:
    """ITU-R BT.500's screening, reported and never applied.

    A score is far when it is 2 standard deviations from its version's mean, or sqrt(20) where the
    scores' kurtosis is not between 2 and 4. A rater is rejected with more than 5 % far scores
    that are about as often high as low (|p - q| / (p + q) < 0.3).

    Args:
        scores: (raters, images, methods) float, NaN where there is no score.

    Returns:
        (raters,) arrays; p and q as shares of the rater's own scores.
    """
    table = flat(scores)
    present = ~np.isnan(table)
    mean = _mean(table, present, axis=0)
    centred = np.where(present, table - mean, 0.0)
    second = _mean(centred**2, present, axis=0)
    fourth = _mean(centred**4, present, axis=0)
    kurtosis = np.divide(fourth, second**2, out=np.zeros_like(fourth), where=second > 0)
    factor = np.where((kurtosis >= 2) & (kurtosis <= 4), 2.0, np.sqrt(20.0))
    border = factor * np.sqrt(second)
    varied = present & (second > 0)
    own = present.sum(axis=1)
    high = (varied & (centred >= border)).sum(axis=1)
    low = (varied & (centred <= -border)).sum(axis=1)
    far = high + low
    lopsided = np.divide(np.abs(high - low), far, out=np.ones(len(far)), where=far > 0)
    share = np.divide(far, own, out=np.zeros(len(far)), where=own > 0)
    rejects = (share > 0.05) & (lopsided < 0.3)
    if rejects.all():
        rejects[:] = False
    return Screening(_share(high, own), _share(low, own), rejects)


def _share(count: np.ndarray, total: np.ndarray) -> np.ndarray:
    return np.divide(count, total, out=np.full(len(count), np.nan), where=total > 0)


def weights(inconsistency: np.ndarray) -> np.ndarray:
    """(raters,) what the subject model weighs a rater's scores by, the median rater's being 1.

    Args:
        inconsistency: of `subject_model`.
    """
    known = inconsistency[~np.isnan(inconsistency)]
    if not len(known) or np.median(known) == 0:
        return np.ones(len(inconsistency))
    ratio = np.nan_to_num(inconsistency, nan=float(np.median(known))) / np.median(known)
    return np.asarray(1 / np.maximum(ratio, 1e-6) ** 2)

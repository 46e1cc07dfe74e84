"""What an evaluation finds out: single results, means, and all of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict

import numpy as np

from sr.data.pairs import DataSet
from sr.data.photo_set import some
from sr.evaluation.methods import Method
from sr.evaluation.paper import published


@dataclass(frozen=True)
class ImageRow:
    """One model's result on one image, and how much texture the original has.

    `seconds` is None where a finished picture was read, and what is measured against an original
    where there is none. `key` tells the result's origins: it
    differs when the pixels, the model or the protocol do.
    """

    dataset: str
    model: str
    image: str
    psnr_y: float | None
    ssim_y: float | None
    lpips_alex: float | None
    seconds: float | None
    high_frequency_share: float = 0.0
    laplacian_variance: float = 0.0
    key: str = ""
    dists: float | None = None
    niqe: float | None = None


class Results(TypedDict, total=False):
    """What is measured of a picture."""

    psnr_y: float | None
    ssim_y: float | None
    lpips_alex: float | None
    dists: float | None
    niqe: float | None
    seconds: float | None


class Texture(TypedDict, total=False):
    """What is measured of an original."""

    high_frequency_share: float
    laplacian_variance: float


@dataclass(frozen=True)
class Row:
    """One model's means over one data set; metrics are None when no image could be measured."""

    dataset: str
    model: str
    images: int
    psnr_y: float | None
    ssim_y: float | None
    lpips_alex: float | None
    seconds: float | None
    training_set: str = ""
    paper_psnr_y: float | None = None
    paper_ssim_daala: float | None = None
    dists: float | None = None
    weights_sha256: str = ""
    niqe: float | None = None
    paper_ssim_y: float | None = None
    paper: str = ""


@dataclass
class Evaluation:
    """Everything a run found out.

    `scales` are those of its data sets.
    `failures` holds a line for each image left out: an image counts for every model and metric
    or not at all.
    `notes` says, once each, what the table cannot: where small images come from, a missing metric.
    `reused` counts results that were taken from an earlier run.
    """

    scales: tuple[int, ...]
    rows: list[Row] = field(default_factory=list)
    images: list[ImageRow] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reused: int = 0


def measured_sets(data_sets: Sequence[DataSet], result: Evaluation) -> list[DataSet]:
    """The data sets with the images that could be measured."""
    known = {(row.dataset, row.image) for row in result.images}
    return [
        replace(one, pairs=tuple(p for p in one.pairs if (one.name, p.hr.name) in known))
        for one in data_sets
    ]


def equal_ones(dataset: str, method: Method, images: Sequence[ImageRow]) -> Iterator[str]:
    """A sentence where pictures are equal to their originals and others are not."""
    chosen = [row for row in images if (row.dataset, row.model) == (dataset, method.label)]
    equal = [row.image for row in chosen if row.psnr_y == math.inf]
    if 0 < len(equal) < len(chosen):
        yield (
            f"{dataset}, {method.label}: {len(equal)} of {len(chosen)} pictures "
            f"({some(equal)}) have the luma of their originals, an infinite PSNR, and are not in "
            "its mean"
        )


def mean_row(dataset: str, method: Method, images: Sequence[ImageRow]) -> Row:
    """A method's means over a data set.

    A picture that is equal to its original has an infinite PSNR; the mean is over the others, where
    there are others.
    """
    chosen = [row for row in images if (row.dataset, row.model) == (dataset, method.label)]

    def mean_of(column: str) -> float | None:
        values = [getattr(row, column) for row in chosen]
        if not values or None in values:
            return None
        finite = [value for value in values if math.isfinite(value)]
        return float(np.mean(finite or values))

    name = (method.model or method.label) if method.is_papers else ""
    paper = published(name, method.scale, dataset, len(chosen))
    return Row(
        dataset,
        method.label,
        len(chosen),
        mean_of("psnr_y"),
        mean_of("ssim_y"),
        mean_of("lpips_alex"),
        mean_of("seconds"),
        method.training_set,
        paper.psnr_y if paper else None,
        paper.ssim_daala if paper else None,
        mean_of("dists"),
        method.weights_sha256,
        mean_of("niqe"),
        paper.ssim_y if paper else None,
        paper.source if paper else "",
    )

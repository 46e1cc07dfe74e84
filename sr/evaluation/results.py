"""What an evaluation finds out: single results, means, and all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict

from sr.data.pairs import DataSet


@dataclass(frozen=True)
class ImageRow:
    """One model's result on one image, and how much texture the original has.

    `key` tells the result's origins: it differs when the pixels, the model or the protocol do.
    """

    dataset: str
    model: str
    image: str
    psnr_y: float
    ssim_y: float
    lpips_alex: float | None
    seconds: float
    high_frequency_share: float = 0.0
    laplacian_variance: float = 0.0
    key: str = ""
    dists: float | None = None


class Results(TypedDict):
    """What is measured of a picture."""

    psnr_y: float
    ssim_y: float
    lpips_alex: float | None
    dists: float | None
    seconds: float


class Texture(TypedDict):
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


@dataclass
class Evaluation:
    """Everything a run found out.

    `scale` is that of its data sets.
    `failures` holds a line for each image left out: an image counts for every model and metric
    or not at all.
    `notes` says, once each, what the table cannot: where small images come from, a missing metric.
    `reused` counts results that were taken from an earlier run.
    """

    scale: int
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

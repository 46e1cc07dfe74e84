"""What training reads: high-resolution files, each with its low-resolution file or none."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sr.base.errors import DataError
from sr.data.check import SkippedFile, fitting, header_size, in_parallel
from sr.data.recognise import PhotoSet, some

logger = logging.getLogger(__name__)

LowResolution = Literal["auto", "given", "bicubic"]


@dataclass(frozen=True)
class Pair:
    """A high-resolution file and its low-resolution one; None: it is made by bicubic."""

    hr: Path
    lr: Path | None = None


def training_pairs(
    photo_set: PhotoSet,
    *,
    scale: int,
    split: str | None = None,
    low_resolution: LowResolution = "auto",
    only: Collection[str] | None = None,
) -> tuple[list[Pair], str]:
    """The pairs of a part of a data set, and one sentence on where the small images come from.

    Args:
        split: None is the set's own training part.
        low_resolution: "given" uses the set's own files, "bicubic" makes them as MATLAB does,
            "auto" uses the set's own where every single one fits: two kinds are never mixed.
        only: file names to keep; a warning says which are not there.

    Raises:
        DataError: no such part, no image of those names, or "given" where there are none.
    """
    images = photo_set.images(split)
    if only is not None:
        images = tuple(path for path in images if path.name in only)
        if not images:
            raise DataError(f"{photo_set.title}: holds none of the {len(only)} files of the list")
        if missing := sorted(set(only) - {path.name for path in images}):
            logger.warning(
                "%d of the %d files of the list are not there: %s",
                len(missing), len(only), some(missing),
            )  # fmt: skip
    partners = photo_set.low_resolution.get(scale, {})
    made = [Pair(path) for path in images]
    if low_resolution == "bicubic":
        return made, "low-resolution images made by bicubic"
    if not partners:
        if low_resolution == "given":
            raise DataError(f"{photo_set.title}: no x{scale} files; use --low-resolution bicubic")
        return made, "low-resolution images made by bicubic"
    given = [Pair(path, partners[path]) for path in images if path in partners]
    if low_resolution == "given":
        return given, f"low-resolution images of the data set, {len(given)} of {len(images)}"
    unfit = len(images) - len(given) + sum(not _fits(pair, scale) for pair in _sized(given))
    if unfit:
        return made, (
            f"low-resolution images made by bicubic, because {unfit} of the data set's own are "
            f"missing or not exactly {scale} times smaller"
        )
    return given, "low-resolution images of the data set"


_Sizes = tuple["tuple[int, int] | SkippedFile", "tuple[int, int] | SkippedFile"]


def _sized(pairs: list[Pair]) -> list[_Sizes]:
    hr = in_parallel(header_size, [pair.hr for pair in pairs])
    lr = in_parallel(header_size, [pair.lr for pair in pairs if pair.lr is not None])
    return list(zip(hr, lr, strict=True))


def _fits(sizes: _Sizes, scale: int) -> bool:
    """Files that cannot be read do not count: they are left out and listed later."""
    hr, lr = sizes
    if isinstance(hr, SkippedFile) or isinstance(lr, SkippedFile):
        return True
    return fitting(hr, scale) == lr

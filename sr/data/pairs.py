"""What training reads and evaluation measures: originals, each with its small version or none."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sr.base.errors import DataError
from sr.data.check import SkippedFile, fitting, header_size, in_parallel
from sr.data.photo_set import PhotoSet, images_by_folder, some
from sr.data.recognise import recognise, recognise_all
from sr.formats.kinds import list_images
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, modcrop

logger = logging.getLogger(__name__)

LowResolution = Literal["auto", "given", "bicubic"]
Strength = Literal["light", "middle", "strong"]  # see sr.batches.degradations.STRENGTHS
MADE_HERE = "low-resolution images made here, bicubic as in MATLAB"
MOST_UNFIT = 0.05  # of a set's own low-resolution files; with more all are made by bicubic
MEASURED_SPLITS = ("test", "valid", "val", "all")  # the first there is


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
            "auto" uses the set's own where all but a few fit; images whose own is missing or of
            another size are left out then: two kinds are never mixed.
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
    fitting_ones = [
        pair for pair, sizes in zip(given, _sized(given), strict=True) if _fits(sizes, scale)
    ]
    unfit = len(images) - len(fitting_ones)
    if unfit > max(1, MOST_UNFIT * len(images)) or 2 * unfit >= len(images):
        return made, (
            f"low-resolution images made by bicubic, because {unfit} of the data set's own are "
            f"missing or not exactly {scale} times smaller"
        )
    said = "low-resolution images of the data set"
    if unfit:
        left = sorted({path.name for path in images} - {pair.hr.name for pair in fitting_ones})
        said += (
            f"; {unfit} of {len(images)} left out, whose own is missing or not exactly {scale} "
            f"times smaller: {some(left)}"
        )
    return fitting_ones, said


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


@dataclass(frozen=True)
class DataSet:
    """Pairs under one name, to be measured on.

    Attributes:
        name: such as "Set5".
        pairs: each image with its low-resolution file; None where there is no such file.
        scale: how many times smaller low-resolution images are.
        origin: where low-resolution images come from, in a sentence.
        lr_folder: their folder; None when they are made here, or lie in several.
        degradation: what they are made by here; None is bicubic.
        has_original: False where `hr` of a pair is the small picture itself: nobody has another.
    """

    name: str
    pairs: tuple[Pair, ...]
    scale: int
    origin: str = MADE_HERE
    lr_folder: Path | None = None
    degradation: Strength | None = None
    has_original: bool = True

    def degraded(self, strength: Strength) -> DataSet:
        """The same originals, with other low-resolution images."""
        return dataclasses.replace(
            self,
            name=f"{self.name} {strength}",
            pairs=tuple(Pair(pair.hr) for pair in self.pairs),
            origin=f"low-resolution images made here by blur, noise, JPEG and resizing, {strength}",
            lr_folder=None,
            degradation=strength,
        )


def at_scale(data_set: str, scale: int) -> str:
    """What a set is called where several scales are measured: "Set5 x2"."""
    return f"{data_set} x{scale}"


def data_sets_at(
    folders: Sequence[Path], scales: Sequence[int], degradations: Sequence[Strength] = ()
) -> list[DataSet]:
    """The data sets of folders for every scale, and degraded in every way that is asked for.

    Raises:
        DataError: as `find_data_sets`.
    """
    found = []
    for scale in scales:
        data_sets = [one for folder in folders for one in find_data_sets(folder, scale=scale)]
        if len(scales) > 1:
            data_sets = [
                dataclasses.replace(one, name=at_scale(one.name, scale)) for one in data_sets
            ]
        found += data_sets
    return [one.degraded(by) for one in found for by in degradations] if degradations else found


def photographs_at(folders: Sequence[Path], scales: Sequence[int]) -> list[DataSet]:
    """Photographs as they are, of which nobody has the original: each folder a set, at each scale.

    Raises:
        DataError: a folder that is not there or holds no image.
    """
    found = []
    for folder in folders:
        images = list_images(folder) if folder.is_dir() else []
        if not images:
            raise DataError(f"{folder}: no images; needed a folder of photographs to be enlarged")
        for scale in scales:
            name = folder.resolve().name
            found.append(
                DataSet(
                    at_scale(name, scale) if len(scales) > 1 else name,
                    tuple(Pair(path, path) for path in images),
                    scale,
                    "photographs as they are; nobody has an original, and nothing is measured "
                    "against one",
                    has_original=False,
                )
            )
    return found


def find_data_sets(folder: str | Path, *, scale: int) -> list[DataSet]:
    """What of a folder is measured on: of a large set its test or validation part.

    Raises:
        DataError: no such folder, no images, or photographs in many folders.
    """
    return [_measured(photo_set, Path(folder), scale) for photo_set in recognise_all(folder)]


def validation_set(folder: str | Path, *, scale: int) -> DataSet:
    """The one set of a folder, as `find_data_sets`; photographs in many folders are one set too.

    Raises:
        DataError: no such folder, no images, or several sets.
    """
    photo_set = recognise(folder)
    if photo_set.kind == "folders":
        return DataSet(photo_set.name, tuple(map(Pair, photo_set.images())), scale)
    return _measured(photo_set, Path(folder), scale)


def open_pixels(data_set: DataSet, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    """The low-resolution pixels, and the high-resolution ones cut to what they cover.

    Returns:
        (H, W, 3) and (scale H, scale W, 3) uint8.

    Raises:
        ImageError: one of the files cannot be read.
        DataError: the low-resolution file is missing or has another size.
    """
    scale = data_set.scale
    target = modcrop(open_image(pair.hr).on_white().rgb, scale)
    height, width = target.shape[0] // scale, target.shape[1] // scale
    if pair.lr is None and data_set.lr_folder is None:
        return matlab_bicubic(target, 1 / scale), target
    if pair.lr is None:
        raise DataError(f"no low-resolution image of that name in {data_set.lr_folder}")
    small = open_image(pair.lr).on_white().rgb
    if small.shape[:2] != (height, width):
        raise DataError(
            f"{pair.lr.name} is {small.shape[1]}x{small.shape[0]}, "
            f"needed {width}x{height} at x{scale} (width x height)"
        )
    return small, target


def measured_split(photo_set: PhotoSet, scale: int) -> str | None:
    """The part of a set that is measured on; None where it has only others."""
    names = (f"x{scale}", *MEASURED_SPLITS)
    return next((name for name in names if name in photo_set.splits), None)


def _measured(photo_set: PhotoSet, folder: Path, scale: int) -> DataSet:
    if photo_set.kind == "folders":
        inside = sorted({p.relative_to(folder).parts[0] for p in images_by_folder(folder)})
        raise DataError(
            f"{folder}: no images, or others in its folders; did you mean one of its folders "
            f"{some(inside)}?"
        )
    split = measured_split(photo_set, scale) or photo_set.default_split
    images = photo_set.images(split)
    name = photo_set.name
    if photo_set.kind not in ("benchmark", "folder"):
        if any(image.parent != folder for image in images):
            pairs, origin = training_pairs(photo_set, scale=scale, split=split)
            said = origin if split == "all" else f"{split}: {origin}"
            return DataSet(name, tuple(pairs), scale, said)
        name = folder.resolve().name.removesuffix("_HR")
    partners = photo_set.low_resolution.get(scale)
    if not partners:
        return DataSet(name, tuple(map(Pair, images)), scale)
    found = tuple(Pair(image, partners.get(image)) for image in images)
    folders = {pair.lr.parent for pair in found if pair.lr is not None}
    lr_folder = folders.pop() if len(folders) == 1 else None
    where = "the data set" if lr_folder is None else lr_folder.name
    return DataSet(name, found, scale, f"low-resolution images from {where}", lr_folder)

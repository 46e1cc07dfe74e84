"""Find the images to measure on: the benchmark sets in the layouts they come in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sr.base.errors import DataError
from sr.data.pairs import Pair, training_pairs
from sr.data.recognise import BENCHMARKS, HR_FOLDERS, PhotoSet, recognise
from sr.images.image_io import IMAGE_SUFFIXES, list_images

MADE_HERE = "low-resolution images made here, bicubic as in MATLAB"
MEASURED_SPLITS = ("test", "valid", "val", "all")  # the first there is


@dataclass(frozen=True)
class DataSet:
    """Pairs under one name.

    Attributes:
        name: such as "Set5".
        pairs: each image with its low-resolution file; None where there is no such file.
        scale: how many times smaller low-resolution images are.
        origin: where low-resolution images come from, in a sentence.
        lr_folder: their folder; None when they are made here, or lie in several.
    """

    name: str
    pairs: tuple[Pair, ...]
    scale: int
    origin: str = MADE_HERE
    lr_folder: Path | None = None


def find_data_sets(folder: str | Path, *, scale: int) -> list[DataSet]:
    """The data set a folder holds; or the benchmark sets inside it, in their usual order.

    Raises:
        DataError: no such folder, or no images where they were looked for.
    """
    folder = _existing(folder)
    if not list_images(folder):
        children = {
            child.name.removesuffix("_HR").lower(): child
            for child in sorted(folder.iterdir())
            if child.is_dir()
        }
        found = [children[name] for name in BENCHMARKS if name in children]
        if found:
            return [data_set for child in found for data_set in find_data_sets(child, scale=scale)]
    return [find_data_set(folder, scale=scale)]


def find_data_set(folder: str | Path, *, scale: int) -> DataSet:
    """The pairs of a data set's folder, in the layouts such folders come in.

    The high-resolution images lie in the folder itself or in its `HR`, `GTmod12`, `GTmod4` or `GT`.
    Low-resolution ones of scale 4, when there are any, in `LRbicx4`, `LR_x4` or `LR_bicubic/X4`
    inside it, or beside it: `Set5` and `Set5_LRbicx4`, `Set5_HR` and `Set5_LR_x4`,
    `DIV2K_valid_HR` and `DIV2K_valid_LR_bicubic/X4`; so those of other scales. A low-resolution
    file has the other's stem, or the stem and `x4`.
    Also known: `image_SRF_4` with `..._HR.png` and `..._LR.png`, and the larger sets that
    `sr.data.recognise` knows, of which the test or validation part is taken.

    Raises:
        DataError: no such folder, or no images where they were looked for.
    """
    folder = _existing(folder)
    if folder.name.startswith("image_SRF_") or _high_resolution_folder(folder) is None:
        known = _recognised(folder, scale)
        if known is not None:
            return known
    hr_folder = _high_resolution_folder(folder)
    if hr_folder is None:
        raise DataError(_nothing_in(folder))
    base = folder.resolve()
    if base.name in HR_FOLDERS:
        base = base.parent
    name = base.name.removesuffix("_HR")
    beside = base.parent
    lr_folder = _first_with_images(
        base / f"LRbicx{scale}",
        base / f"LR_x{scale}",
        base / "LR_bicubic" / f"X{scale}",
        beside / f"{name}_LRbicx{scale}",
        beside / f"{name}_LR_x{scale}",
        beside / f"{name}_LR_bicubic" / f"X{scale}",
    )
    images = list_images(hr_folder)
    if lr_folder is None:
        return DataSet(name, tuple(Pair(hr) for hr in images), scale)
    lr_by_stem = {path.stem: path for path in list_images(lr_folder)}
    pairs = tuple(
        Pair(hr, lr_by_stem.get(hr.stem) or lr_by_stem.get(f"{hr.stem}x{scale}")) for hr in images
    )
    return DataSet(name, pairs, scale, f"low-resolution images from {lr_folder.name}", lr_folder)


def measured_split(photo_set: PhotoSet, scale: int) -> str | None:
    """The part of a set that is measured on; None where it has only others."""
    return next(
        (name for name in (f"x{scale}", *MEASURED_SPLITS) if name in photo_set.splits), None
    )


def _existing(folder: str | Path) -> Path:
    folder = Path(folder)
    if not folder.is_dir():
        state = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {state}; a folder of high-resolution images was needed")
    return folder


def _recognised(folder: Path, scale: int) -> DataSet | None:
    """A set that is known by more than a folder of images; None when it is not one of those."""
    try:
        photo_set = recognise(folder)
    except DataError:
        return None
    if photo_set.kind == "folder" or (photo_set.is_benchmark and "all" in photo_set.splits):
        return None
    split = measured_split(photo_set, scale)
    if split is None:
        return None
    pairs, origin = training_pairs(photo_set, scale=scale, split=split)
    base = folder.resolve()
    if base.name.startswith("image_SRF_"):
        base = base.parent
    name = base.name if photo_set.is_benchmark else photo_set.kind.upper()
    if split not in (f"x{scale}", "all"):
        origin = f"{split}: {origin}"
    return DataSet(name, tuple(pairs), scale, origin)


def _high_resolution_folder(folder: Path) -> Path | None:
    return _first_with_images(folder, *(folder / name for name in HR_FOLDERS))


def _nothing_in(folder: Path) -> str:
    inside = sorted(
        child.name for child in folder.iterdir() if child.is_dir() and list_images(child)
    )
    hint = f"; did you mean one of its folders {', '.join(inside[:6])}?" if inside else ""
    return f"{folder}: no images (looked for {' '.join(sorted(IMAGE_SUFFIXES))}){hint}"


def _first_with_images(*folders: Path) -> Path | None:
    return next((folder for folder in folders if folder.is_dir() and list_images(folder)), None)

"""Find out which data set a folder holds, as it was downloaded and unpacked.

Known: PASCAL VOC, the Unsplash super-resolution set of Kaggle, BSDS300 and BSDS500, DIV2K
(`known_sets`); the benchmarks Set5, Set14, BSD100, Urban100, and pairs in folders of many names
(`paired_folders`); parts, and any other folder of photographs (`plain_folders`). Where a folder
could be read in two ways, the error names them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

from sr.base.errors import ConfigError, DataError
from sr.data import known_sets
from sr.data.paired_folders import BENCHMARKS, files_side_by_side, pairs_of_folders
from sr.data.photo_set import PhotoSet, children, images_below, some
from sr.data.plain_folders import parts_of_folder, photographs, wrapped_folder
from sr.formats.kinds import IMAGE_SUFFIXES

Layout = Literal["auto", "top", "all"]
LAYOUTS: tuple[str, ...] = get_args(Layout)

# The first that knows a folder reads it.
Reader = Callable[[Path], PhotoSet | None]
READERS: tuple[Reader, ...] = (
    files_side_by_side, pairs_of_folders, parts_of_folder, wrapped_folder, photographs
)  # fmt: skip


def recognise(folder: str | Path, *, layout: Layout = "auto") -> PhotoSet:
    """What the folder holds.

    Args:
        layout: "auto" finds it out; "top" takes the images in the folder itself as photographs,
            "all" those in the folders below it as well.

    Raises:
        DataError: no such folder, no image anywhere in it, or several data sets: the text names
            them.
        ConfigError: no such layout.
    """
    folder = Path(folder)
    found = recognise_all(folder, layout=layout)
    if len(found) > 1:
        names = ", ".join(photo_set.name for photo_set in found)
        raise DataError(
            f"{folder}: holds several data sets: {names}; give the folder of one of them, or "
            "--layout all to take every image as a photograph"
        )
    if found[0].is_benchmark and (others := _beside_benchmark(folder, found[0])):
        raise DataError(
            f"{folder}: holds the test set {found[0].name} and other images: {some(others)}; give "
            "the folder that is meant, or --layout all to take every image as a photograph"
        )
    return found[0]


def recognise_all(folder: str | Path, *, layout: Layout = "auto") -> list[PhotoSet]:
    """The benchmarks a folder holds, in their usual order; else the one set it holds.

    Args, Raises: as `recognise`, but several benchmarks are no error.
    """
    folder = Path(folder)
    if layout not in LAYOUTS:
        raise ConfigError(f"layout {layout!r}; known: {', '.join(LAYOUTS)}")
    if not folder.is_dir():
        state = "it is a file" if folder.exists() else "it does not exist"
        raise DataError(
            f"{folder}: no such folder, {state}; give the folder of a data set or of photographs"
        )
    if layout != "auto":
        return [_read(folder, (lambda path: photographs(path, layout),))]
    known = [one for reader in known_sets.READERS if (one := reader(folder)) is not None]
    if known:
        return known
    named = {path.name.removesuffix("_HR").lower(): path for path in children(folder)}
    benchmarks = [named[name] for name in BENCHMARKS if name in named]
    return [_read(path, READERS) for path in benchmarks or [folder]]


def _read(folder: Path, readers: Sequence[Reader]) -> PhotoSet:
    for reader in readers:
        if (found := reader(folder)) is not None:
            return found
    suffixes = " ".join(sorted(IMAGE_SUFFIXES))
    raise DataError(f"{folder}: no images in it (looked for {suffixes})")


def _beside_benchmark(folder: Path, benchmark: PhotoSet) -> list[str]:
    """Names of what else lies in a folder that a benchmark was found in."""
    if not any(path.name.removesuffix("_HR").lower() in BENCHMARKS for path in children(folder)):
        return []
    own = benchmark.name.lower()
    return [
        path.name
        for path in children(folder)
        if not path.name.lower().startswith(own) and images_below(path)
    ]

"""Folders of parts, and folders of photographs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path

from sr.base.errors import DataError
from sr.data.paired_folders import (
    LOW,
    PARTS,
    PROBED,
    SCALES,
    default_part,
    left_out,
    match,
    pairs_of_folders,
    part_of,
    scale_of,
)
from sr.data.photo_set import PhotoSet, children, images_below, images_by_folder, some
from sr.formats.kinds import list_images


def parts_of_folder(folder: Path) -> PhotoSet | None:
    """`train`, `val` and `test`, or `train_HR` and `valid_HR`, each with pairs or photographs."""
    found = [
        (part, path, pairs_of_folders(path) or photographs(path))
        for path in children(folder)
        if (part := part_of(path)) is not None
    ]
    name = folder.resolve().name
    splits: dict[str, tuple[Path, ...]] = {}
    pairs: dict[int, dict[Path, Path]] = {}
    problems: list[str] = []
    used = set()
    for part, path, one in found:
        if one is None:
            continue
        used.add(path)
        splits[part] = splits.get(part, ()) + tuple(p for s in one.splits.values() for p in s)
        problems += [f"{path.name}: {problem}" for problem in one.problems]
        for scale, of_scale in one.low_resolution.items():
            pairs.setdefault(scale, {}).update(of_scale)
    lows = {path for path in children(folder) if _is_low_of_part(path)}
    others = left_out(folder, used | lows)
    if not splits or (len(splits) == 1 and any((folder / other).is_dir() for other in others)):
        return None
    if others:
        problems.append(f"left out: {some(others)}")
    counts = ", ".join(f"{part} {len(files)}" for part, files in splits.items())
    scales = ", ".join(f"x{scale}" for scale in sorted(pairs)) or "none"
    title = f"{name}: {counts}; low-resolution versions: {scales}"
    return PhotoSet("folder", name, title, splits, default_part(splits), pairs, tuple(problems))


def wrapped_folder(folder: Path) -> PhotoSet | None:
    """Pairs or parts in the only folder of a folder, as unpackers leave them."""
    inside = [path for path in children(folder) if images_below(path)]
    if list_images(folder) or len(inside) != 1:
        return None
    (only,) = inside
    return pairs_of_folders(only) or parts_of_folder(only) or wrapped_folder(only)


def photographs(folder: Path, layout: str = "auto") -> PhotoSet | None:
    """Photographs in the folder, or in it and all folders below where those hold more.

    Args:
        layout: "top" takes those in the folder itself only, "all" those below as well.

    Raises:
        DataError: folders below look like pairs under names that do not say which is which.
    """
    name = folder.resolve().name
    top = list_images(folder)
    below = {} if layout == "top" else images_by_folder(folder)
    if layout == "auto" and not top and folder / "tiles" in below:
        top, folder, below = below[folder / "tiles"], folder / "tiles", {}
    count = sum(map(len, below.values()))
    if not top and not count:
        return None
    if layout == "all" or count > len(top):
        if layout == "auto":
            _ask_about_pairs(folder, below)
        images = sorted([*top, *(path for files in below.values() for path in files)])
        folders = len({path.parent for path in images})
        title = f"photographs in {folders} folders under {folder.name}: {len(images)} images"
        return PhotoSet("folders", name, title, {"all": tuple(images)}, "all")
    title = f"folder of photographs {folder.name}: {len(top)} images"
    left = [f"{path.relative_to(folder)} ({len(files)} images)" for path, files in below.items()]
    said = (f"left out, --layout all takes it too: {some(left)}",) if left else ()
    return PhotoSet("folder", name, title, {"all": tuple(top)}, "all", {}, said)


def _is_low_of_part(folder: Path) -> bool:
    part, _, rest = folder.name.partition("_")
    return part.casefold() in PARTS and LOW.fullmatch(rest) is not None


def _ask_about_pairs(folder: Path, below: Mapping[Path, Sequence[Path]]) -> None:
    """Refuse folders with the same names whose images are smaller in one than in the other."""
    alike: dict[frozenset[str], list[Path]] = {}
    for place, files in below.items():
        names = frozenset(re.sub(r"x\d$", "", path.stem) for path in files)
        alike.setdefault(names, []).append(place)
    for places in alike.values():
        for high, low in permutations(places[:PROBED], 2):
            found, _ = match(below[high], low, None)
            if len(found) > 1 and scale_of(found) in SCALES:
                a, b = (path.relative_to(folder) for path in (high, low))
                raise DataError(
                    f"{folder}: the images in {b} have the names of those in {a} and are smaller; "
                    f"call the folders HR and LR if they are pairs, give {high} alone, or "
                    "--layout all to take every image as a photograph"
                )

"""Folders of pairs, whatever they are called.

High-resolution images lie in the folder itself or in its `HR`, `GT`, `GTmod12`, `high` ...;
low-resolution ones in `LR`, `LQ`, `LRbicx4`, `LR_x4`, `LR_bicubic/X4`, `low`, `x4` ... inside the
folder or beside it (`Set5` and `Set5_LRbicx4`, `Set5_HR` and `Set5_LR_x4`), under the same names or
with `x4` behind them. Any of it may lie in `train`, `val` and `test`, or hold them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sr.base.errors import DataError
from sr.data.check import SkippedFile, header_size
from sr.data.photo_set import (
    PhotoSet,
    children,
    find_folders,
    images_below,
    some,
)
from sr.formats.kinds import list_images

SCALES = (2, 3, 4, 6, 8)
BENCHMARKS = ("set5", "set14", "bsd100", "urban100")  # never to be trained on
PARTS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
PROBED = 5  # pairs whose sizes tell the scale
_HIGH = re.compile(r"hr|gt(mod\d+)?|high([ _-]?res(olution)?)?", re.IGNORECASE)
LOW = re.compile(
    r"(?:lr|lq|low(?:[ _-]?res(?:olution)?)?)(?:[ _-]?bic(?:ubic)?)?(?:[ _-]?x?(\d))?|x(\d)",
    re.IGNORECASE,
)
_Pairs = dict[int, dict[Path, Path]]


def files_side_by_side(folder: Path) -> PhotoSet | None:
    """`image_SRF_4/img_001_SRF_4_HR.png` beside `..._LR.png`."""
    folders = {
        int(path.name.rsplit("_", 1)[1]): path
        for path in find_folders(folder, r"image_SRF_\d", include_self=True)
    }
    splits: dict[str, tuple[Path, ...]] = {}
    pairs: _Pairs = {}
    problems: list[str] = []
    for scale, path in sorted(folders.items()):
        files = {p.name: p for p in list_images(path)}
        hr = [p for name, p in files.items() if p.stem.endswith("_HR")]
        pairs[scale] = {}
        for image in hr:
            partner = files.get(image.stem[:-2] + "LR" + image.suffix)
            if partner is None:
                problems.append(f"no low-resolution file for {path.name}/{image.name}")
            else:
                pairs[scale][image] = partner
        if hr:
            splits[f"x{scale}"] = tuple(hr)
    if not splits:
        return None
    default = "x4" if "x4" in splits else max(splits)
    base = folder.resolve()
    name = benchmark_name(folder) or (base.parent if folder in folders.values() else base).name
    title = f"{name}: HR and LR files in {', '.join(folders[s].name for s in sorted(folders))}"
    return PhotoSet("benchmark", name, title, splits, default, pairs, tuple(problems))


def pairs_of_folders(folder: Path) -> PhotoSet | None:
    """High-resolution images in one folder, low-resolution ones in others.

    Raises:
        DataError: two folders could hold the originals.
    """
    inside = [path for path in children(folder) if _HIGH.fullmatch(path.name)]
    inside = [path for path in inside if images_below(path)]
    named = [path for path in children(folder) if path.name.upper().endswith("_HR")]
    named = [path for path in named if list_images(path)]
    base = folder.resolve()
    if inside:
        high = only_one(folder, inside, "high-resolution images")
    elif list_images(folder):
        high = folder
        base = base.parent if _HIGH.fullmatch(base.name) else base
    elif named and not all(part_of(path) for path in named):
        high = only_one(folder, named, "high-resolution images")
        base = high.resolve()
    else:
        return None
    name = re.sub("_HR$", "", base.name, flags=re.IGNORECASE)
    lows = list(_low_folders(base, name))
    splits, pairs, problems = _matched(high, lows)
    known = benchmark_name(base)
    says_little = high == folder or high.name.lower().startswith("high")
    if says_little and not pairs and known is None:
        return None
    if base == folder.resolve() and (others := left_out(folder, {high, *(low for low, _ in lows)})):
        problems.append(f"left out: {some(others)}")
    scales = ", ".join(f"x{scale}" for scale in sorted(pairs)) or "none"
    count = sum(map(len, splits.values()))
    title = f"{known or name}: {count} images, low-resolution versions: {scales}"
    kind = "benchmark" if known else "folder"
    return PhotoSet(kind, name, title, splits, default_part(splits), pairs, tuple(problems))


def only_one(folder: Path, found: Sequence[Path], what: str) -> Path:
    """The one folder that was found.

    Raises:
        DataError: there are several; the text names them and says how to choose.
    """
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found)
        raise DataError(
            f"{folder}: several folders of {what}: {names}; give the one that is meant, "
            f"such as {found[0]}, or --layout all to take every image as a photograph"
        )
    return found[0]


def match(
    images: Sequence[Path], lr_folder: Path, scale: int | None
) -> tuple[dict[Path, Path], list[str]]:
    """Pairs by stem, or stem and `x4`; and what is left over on either side.

    Args:
        scale: None takes `x` with any digit.
    """
    if not lr_folder.is_dir():
        return {}, []
    left = {path.stem: path for path in list_images(lr_folder)}
    ends = ("", *(f"x{number}" for number in (SCALES if scale is None else (scale,))))
    found: dict[Path, Path] = {}
    lonely = []
    for image in images:
        name = next((image.stem + end for end in ends if image.stem + end in left), None)
        if name is None:
            lonely.append(image.name)
        else:
            found[image] = left.pop(name)
    problems = []
    if lonely:
        problems.append(f"no file in {lr_folder.name} for: {some(lonely)}")
    if left:
        problems.append(f"{lr_folder.name} has files without original: {some(sorted(left))}")
    return found, problems


def scale_of(pairs: Mapping[Path, Path]) -> int | None:
    """How many times smaller the second files are, to the nearest whole; None where they differ."""
    found = set()
    for hr, lr in list(pairs.items())[:PROBED]:
        large, small = header_size(hr), header_size(lr)
        if not isinstance(large, SkippedFile) and not isinstance(small, SkippedFile):
            found |= {round(a / b) for a, b in zip(large, small, strict=True)}
    return found.pop() if len(found) == 1 else None


def benchmark_name(folder: Path) -> str | None:
    """The name of the benchmark a folder is called after."""
    for path in (folder.resolve(), folder.resolve().parent):
        if path.name.removesuffix("_HR").lower() in BENCHMARKS:
            return path.name.removesuffix("_HR")
    return None


def _low_folders(base: Path, name: str) -> Iterator[tuple[Path, int | None]]:
    """Folders of low-resolution images in and beside a folder, with the scale their names say."""
    ways = [(path, path.name) for path in children(base)]
    beside = f"{name}_".casefold()
    ways += [
        (path, path.name[len(beside) :])
        for path in children(base.parent)
        if path.name.casefold().startswith(beside)
    ]
    for path, said in reversed(ways):
        if (found := LOW.fullmatch(said)) is None:
            continue
        scale = found[1] or found[2]
        for below in children(path):
            if (number := re.fullmatch(r"x(\d)", below.name, re.IGNORECASE)) is not None:
                yield below, int(number[1])
        if list_images(path) or any(part_of(child) for child in children(path)):
            yield path, int(scale) if scale else None


def _matched(
    high: Path, lows: Sequence[tuple[Path, int | None]]
) -> tuple[dict[str, tuple[Path, ...]], _Pairs, list[str]]:
    """Parts of the originals, their pairs by scale, and what does not fit."""
    places = (
        {"all": (high, "")}
        if list_images(high)
        else {part: (path, path.name) for path in children(high) if (part := part_of(path))}
    )
    if not places:  # folders of any other names
        return {"all": tuple(images_below(high))}, {}, []
    splits: dict[str, tuple[Path, ...]] = {}
    pairs: _Pairs = {}
    problems: list[str] = []
    for part, (place, inside) in places.items():
        images = list_images(place)
        splits[part] = tuple(images)
        taken: dict[int, Path] = {}
        for low, said in lows:
            found, wrong = match(images, low / inside, said)
            scale = said or scale_of(found)
            if not found:
                continue
            if scale not in SCALES:
                sizes = "of several scales" if scale is None else f"{scale} times smaller"
                needed = ", ".join(map(str, SCALES))
                problems.append(f"{low.name} is not used: {sizes}, needed one of {needed}")
            elif scale in taken:
                problems.append(f"x{scale} twice: {taken[scale].name} is used, not {low.name}")
            else:
                taken[scale] = low
                pairs.setdefault(scale, {}).update(found)
                problems += wrong
    return splits, pairs, problems


def part_of(folder: Path) -> str | None:
    """The part that a folder of that name holds."""
    return PARTS.get(re.sub(r"[ _-]HR$", "", folder.name, flags=re.IGNORECASE).casefold())


def left_out(folder: Path, used: set[Path]) -> list[str]:
    """Names of what else lies in a folder of which some folders are used."""
    resolved = {path.resolve() for path in used}
    found = [] if folder in used else [path.name for path in list_images(folder)]
    for path in children(folder):
        real = path.resolve()
        is_used = any(real == one or real in one.parents for one in resolved)
        if not is_used and images_below(path):
            found.append(path.name)
    return found


def default_part(splits: Mapping[str, object]) -> str:
    return next(name for name in ("all", "train", "val", "test") if name in splits)

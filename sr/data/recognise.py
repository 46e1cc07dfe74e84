"""Find out which data set a folder holds, as it was downloaded and unpacked.

Known: PASCAL VOC, the Unsplash super-resolution set of Kaggle, BSDS300 and BSDS500, DIV2K, the
benchmarks (Set5, Set14, BSD100, Urban100) in four layouts, and any other folder of photographs.
Folders that an unpacker doubled (`VOC2012_train_val/VOC2012_train_val`) are looked through.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sr.base.errors import DataError
from sr.images.image_io import IMAGE_SUFFIXES, list_images

SCALES = (2, 3, 4, 6, 8)
HR_FOLDERS = ("HR", "GTmod12", "GTmod4", "GT")
BENCHMARKS = ("set5", "set14", "bsd100", "urban100")  # never to be trained on
SEARCH_DEPTH = 5  # folders below the given one that are looked through
NAMED = 5  # names a remark lists before it only counts


@dataclass(frozen=True)
class PhotoSet:
    """What a folder turned out to hold.

    Attributes:
        kind: voc2012 (or another year), unsplash, bsds300, bsds500, div2k, benchmark or folder.
        title: one line for people.
        splits: high-resolution files by the name of their part.
        default_split: the part that training uses when none is named.
        low_resolution: scale -> high-resolution file -> its low-resolution file.
        problems: what does not fit together; nothing is left out silently.
    """

    kind: str
    title: str
    splits: Mapping[str, tuple[Path, ...]]
    default_split: str
    low_resolution: Mapping[int, Mapping[Path, Path]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def images(self, split: str | None = None) -> tuple[Path, ...]:
        """The high-resolution files of a part (None: the default one).

        Raises:
            DataError: no such part.
        """
        name = split or self.default_split
        if name not in self.splits:
            raise DataError(
                f"{self.title}: no part {name!r}; known: {', '.join(sorted(self.splits))}"
            )
        return self.splits[name]

    @property
    def is_benchmark(self) -> bool:
        """Is it a set that results are measured on?"""
        return self.kind == "benchmark"


def recognise(folder: str | Path) -> PhotoSet:
    """What the folder holds.

    Raises:
        DataError: no such folder, or no image anywhere in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the folder of a data set or photographs")
    for reader in READERS:
        found = reader(folder)
        if found is not None:
            return found
    suffixes = " ".join(sorted(IMAGE_SUFFIXES))
    raise DataError(f"{folder}: no images in it (looked for {suffixes})")


# PASCAL VOC


def _voc(folder: Path) -> PhotoSet | None:
    folders = [folder] if folder.name == "JPEGImages" else _find(folder, r"JPEGImages")
    folders = [path for path in folders if list_images(path)]
    if not folders:
        return None
    tests = [path for path in folders if "test" in path.resolve().parent.name.lower()]
    splits: dict[str, tuple[Path, ...]] = {}
    problems: list[str] = []
    for path in folders:
        images = list_images(path)
        if path in tests:
            splits["test"] = splits.get("test", ()) + tuple(images)
            continue
        splits["all"] = splits.get("all", ()) + tuple(images)
        by_stem = {image.stem: image for image in images}
        for name in ("train", "val", "trainval"):
            lines = _lines(path.parent / "ImageSets" / "Main" / f"{name}.txt")
            wanted = [line.split()[0] for line in lines]
            missing = [stem for stem in wanted if stem not in by_stem]
            if missing:
                problems.append(f"ImageSets/Main/{name}.txt names no file: {some(missing)}")
            if chosen := tuple(by_stem[stem] for stem in wanted if stem in by_stem):
                splits[name] = splits.get(name, ()) + chosen
    year = re.search(r"VOC(\d{4})", str(folders[0].resolve()))
    name = f"VOC{year.group(1)}" if year else "VOC"
    title = f"PASCAL {name}: JPEGImages" + (", with a test part" if tests else "")
    return PhotoSet(
        name.lower(), title, splits, "all" if "all" in splits else "test", {}, tuple(problems)
    )


# Unsplash super-resolution set of Kaggle


def _unsplash(folder: Path) -> PhotoSet | None:
    roots = [path.parent for path in _find(folder, r"high res", include_self=True)]
    roots = [path for path in roots if (path / "low res").is_dir()]
    if not roots:
        return None
    root = roots[0]
    high = {path.name: path for path in list_images(root / "high res")}
    low = {path.name: path for path in list_images(root / "low res")}
    table = root / "image_data.csv"
    if table.is_file():
        rows = _csv_pairs(table)
    else:
        by_stem = {path.stem: path.name for path in high.values()}
        rows = [
            (name, by_stem.get(stem.rpartition("_")[0], ""))
            for name, stem in ((path.name, path.stem) for path in low.values())
        ]
    pairs: dict[int, dict[Path, Path]] = {}
    bad_rows: list[str] = []
    unscaled: list[str] = []
    for low_name, high_name in rows:
        scale = re.search(r"_(\d)$", Path(low_name).stem)
        if low_name not in low or high_name not in high:
            bad_rows.append(f"{low_name} / {high_name}")
        elif scale is None:
            unscaled.append(low_name)
        else:
            pairs.setdefault(int(scale.group(1)), {})[high[high_name]] = low[low_name]
    problems = []
    if not table.is_file():
        problems.append("image_data.csv is missing; pairs are taken from the file names")
    if bad_rows:
        problems.append(f"rows whose files are not there: {some(bad_rows)}")
    if unscaled:
        problems.append(f"names without a scale (_2, _4, _6): {some(unscaled)}")
    named = {name for name, _ in rows}
    if orphans := sorted(set(low) - named):
        problems.append(f"low-resolution files in no row: {some(orphans)}")
    for scale_number, of_scale in sorted(pairs.items()):
        if lonely := [p.name for p in high.values() if p not in of_scale]:
            problems.append(f"no {scale_number}x low-resolution file for: {some(lonely)}")
    scales = ", ".join(f"{scale}x" for scale in sorted(pairs)) or "none"
    title = f"Unsplash super-resolution set: high res, low res ({scales})"
    return PhotoSet("unsplash", title, {"all": tuple(high.values())}, "all", pairs, tuple(problems))


def _csv_pairs(path: Path) -> list[tuple[str, str]]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("iso-8859-1")
    reader = csv.DictReader(io.StringIO(text))
    needed = {"low_res", "high_res"}
    if not needed <= set(reader.fieldnames or ()):
        raise DataError(
            f"{path}: columns {', '.join(reader.fieldnames or ())}; needed low_res and high_res"
        )
    return [((row["low_res"] or "").strip(), (row["high_res"] or "").strip()) for row in reader]


# DIV2K


def _div2k(folder: Path) -> PhotoSet | None:
    pattern = r"DIV2K_(train|valid)_HR"
    hr_folders = [path for path in _find(folder, pattern, include_self=True) if list_images(path)]
    if not hr_folders:
        return None
    splits: dict[str, tuple[Path, ...]] = {}
    pairs: dict[int, dict[Path, Path]] = {}
    problems: list[str] = []
    for hr_folder in hr_folders:
        split = hr_folder.name.split("_")[1]
        images = list_images(hr_folder)
        splits[split] = tuple(images)
        # the zip files unpack side by side, or each into a folder of its own name
        base = folder.parent if hr_folder == folder else folder
        for lr_root in _find(base, rf"DIV2K_{split}_LR_bicubic"):
            for scale in SCALES:
                found, wrong = _match(images, lr_root / f"X{scale}", scale)
                pairs.setdefault(scale, {}).update(found)
                problems += wrong
    present = {scale: found for scale, found in pairs.items() if found}
    title = f"DIV2K: {', '.join(f'{name} {len(splits[name])}' for name in sorted(splits))}"
    default = "train" if "train" in splits else "valid"
    return PhotoSet("div2k", title, splits, default, present, tuple(problems))


# Berkeley segmentation


def _bsds(folder: Path) -> PhotoSet | None:
    for images in _find(folder, r"images", include_self=True):
        parts = {
            name: tuple(list_images(images / name))
            for name in ("train", "val", "test")
            if (images / name).is_dir()
        }
        parts = {name: files for name, files in parts.items() if files}
        if "train" not in parts or "test" not in parts:
            continue
        problems = []
        for name, files in parts.items():
            stems = {path.stem for path in files}
            listed = [line.strip() for line in _lines(images.parent / f"iids_{name}.txt")]
            if missing := [stem for stem in listed if stem not in stems]:
                problems.append(f"iids_{name}.txt names no file: {some(missing)}")
        kind = "bsds500" if "val" in parts else "bsds300"
        counts = ", ".join(f"{name} {len(files)}" for name, files in parts.items())
        note = "only train is trained on: the benchmark BSD100 was taken from the other parts"
        title = f"{kind.upper()}: {counts} ({note})"
        return PhotoSet(kind, title, parts, "train", {}, tuple(problems))
    return None


# Benchmarks


def _benchmark(folder: Path) -> PhotoSet | None:
    return _self_ex_sr(folder) or _hr_with_lr(folder)


def _self_ex_sr(folder: Path) -> PhotoSet | None:
    """`image_SRF_4/img_001_SRF_4_HR.png` beside `..._LR.png`."""
    folders = {
        int(path.name.rsplit("_", 1)[1]): path
        for path in _find(folder, r"image_SRF_\d", include_self=True)
    }
    splits: dict[str, tuple[Path, ...]] = {}
    pairs: dict[int, dict[Path, Path]] = {}
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
    name = _benchmark_name(folder) or folder.resolve().name
    title = f"{name}: HR and LR files in {', '.join(folders[s].name for s in sorted(folders))}"
    return PhotoSet("benchmark", title, splits, default, pairs, tuple(problems))


def _hr_with_lr(folder: Path) -> PhotoSet | None:
    """`HR` with `LRbicx4` or `LR_bicubic/X4`; `Set5`, `Set5_LRbicx4`; `Set5_HR`, `Set5_LR_x4`."""
    base = folder.resolve()
    candidates = [folder, *(folder / name for name in HR_FOLDERS)]
    candidates += sorted(path for path in folder.iterdir() if path.name.endswith("_HR"))
    hr_folder = next((path for path in candidates if path.is_dir() and list_images(path)), None)
    if hr_folder is None:
        return None
    if hr_folder.name.endswith("_HR") and hr_folder != folder:
        base = hr_folder.resolve()
    elif base.name in HR_FOLDERS:
        base = base.parent
    name = base.name.removesuffix("_HR")
    images = list_images(hr_folder)
    pairs: dict[int, dict[Path, Path]] = {}
    problems: list[str] = []
    for scale in SCALES:
        ends = (f"LRbicx{scale}", f"LR_x{scale}", f"LR_bicubic/X{scale}")
        places = [base / end for end in ends] + [base.parent / f"{name}_{end}" for end in ends]
        lr_folder = next((path for path in places if path.is_dir() and list_images(path)), None)
        if lr_folder is not None:
            pairs[scale], wrong = _match(images, lr_folder, scale)
            problems += wrong
    known = _benchmark_name(base)
    if not pairs and known is None:
        return None
    scales = ", ".join(f"x{scale}" for scale in pairs) or "none"
    title = f"{known or name}: {len(images)} images, low-resolution versions: {scales}"
    kind = "benchmark" if known else "folder"
    return PhotoSet(kind, title, {"all": tuple(images)}, "all", pairs, tuple(problems))


def _benchmark_name(folder: Path) -> str | None:
    """The name of the benchmark a folder is called after."""
    for path in (folder.resolve(), folder.resolve().parent):
        if path.name.removesuffix("_HR").lower() in BENCHMARKS:
            return path.name.removesuffix("_HR")
    return None


def _match(
    images: Sequence[Path], lr_folder: Path, scale: int
) -> tuple[dict[Path, Path], list[str]]:
    """Pairs by stem, or stem and `x4`; and what is left over on either side."""
    if not lr_folder.is_dir():
        return {}, []
    left = {path.stem: path for path in list_images(lr_folder)}
    found: dict[Path, Path] = {}
    lonely = []
    for image in images:
        partner = left.pop(image.stem, None) or left.pop(f"{image.stem}x{scale}", None)
        if partner is None:
            lonely.append(image.name)
        else:
            found[image] = partner
    problems = []
    if lonely:
        problems.append(f"no file in {lr_folder.name} for: {some(lonely)}")
    if left:
        problems.append(f"{lr_folder.name} has files without original: {some(sorted(left))}")
    return found, problems


# Any folder


def _plain(folder: Path) -> PhotoSet | None:
    for place in (folder, folder / "tiles"):
        if place.is_dir() and (images := list_images(place)):
            title = f"folder of photographs {place.name}: {len(images)} images"
            return PhotoSet("folder", title, {"all": tuple(images)}, "all")
    images = list_images(folder, recursive=True)
    if not images:
        return None
    folders = len({path.parent for path in images})
    title = f"photographs in {folders} folders under {folder.name}: {len(images)} images"
    return PhotoSet("folder", title, {"all": tuple(images)}, "all")


READERS: tuple[Callable[[Path], PhotoSet | None], ...] = (
    _voc, _unsplash, _div2k, _bsds, _benchmark, _plain
)  # fmt: skip


# Shared


def _find(folder: Path, pattern: str, *, include_self: bool = False) -> list[Path]:
    """Folders whose whole name matches, the innermost of doubled ones, sorted."""
    expression = re.compile(pattern, re.IGNORECASE)
    found = [path for path in _folders(folder) if expression.fullmatch(path.name)]
    if include_self and expression.fullmatch(folder.resolve().name):
        found.append(folder)
    doubled = {path.parent for path in found if path.parent.name == path.name}
    return sorted(path for path in found if path not in doubled)


def _folders(folder: Path) -> Iterator[Path]:
    """Folders below, down to SEARCH_DEPTH; hidden ones and links are left out."""
    for root, names, _ in os.walk(folder):
        depth = len(Path(root).relative_to(folder).parts)
        names[:] = sorted(n for n in names if not n.startswith(".")) if depth < SEARCH_DEPTH else []
        for name in names:
            yield Path(root) / name


def _lines(path: Path) -> list[str]:
    """The lines of a text file that are not empty; none where there is no such file."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line for line in text.splitlines() if line.strip()]


def some(names: Sequence[str]) -> str:
    """The first names, and how many there are."""
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown}, ... ({len(names)} in all)"

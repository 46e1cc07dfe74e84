"""Large data sets as they are downloaded: PASCAL VOC, Unsplash of Kaggle, DIV2K, BSDS.

Folders that an unpacker doubled (`VOC2012_train_val/VOC2012_train_val`) are looked through.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

from sr.base.errors import DataError
from sr.data.paired_folders import SCALES, match
from sr.data.photo_set import PhotoSet, children, find_folders, some, text_lines
from sr.formats.kinds import list_images

# PASCAL VOC


def _voc(folder: Path) -> PhotoSet | None:
    folders = [folder] if folder.name == "JPEGImages" else find_folders(folder, r"JPEGImages")
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
            lines = text_lines(path.parent / "ImageSets" / "Main" / f"{name}.txt")
            wanted = [line.split()[0] for line in lines]
            missing = [stem for stem in wanted if stem not in by_stem]
            if missing:
                problems.append(f"ImageSets/Main/{name}.txt names no file: {some(missing)}")
            if chosen := tuple(by_stem[stem] for stem in wanted if stem in by_stem):
                splits[name] = splits.get(name, ()) + chosen
    year = re.search(r"VOC(\d{4})", str(folders[0].resolve()))
    name = f"VOC{year.group(1)}" if year else "VOC"
    title = f"PASCAL {name}: JPEGImages" + (", with a test part" if tests else "")
    default = "all" if "all" in splits else "test"
    return PhotoSet(name.lower(), name, title, splits, default, {}, tuple(problems))


# Unsplash super-resolution set of Kaggle


def _unsplash(folder: Path) -> PhotoSet | None:
    for high_folder in find_folders(folder, r"high[ _-]?res", include_self=True):
        root = high_folder.parent
        low_folders = [p for p in children(root) if re.fullmatch(r"(?i)low[ _-]?res", p.name)]
        if low_folders:
            break
    else:
        return None
    high = {path.name: path for path in list_images(high_folder)}
    low = {path.name: path for path in list_images(low_folders[0])}
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
    if not pairs and not table.is_file():
        return None  # folders of these names hold something else
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
    images = {"all": tuple(high.values())}
    return PhotoSet("unsplash", "UNSPLASH", title, images, "all", pairs, tuple(problems))


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
    hr_folders = [
        path for path in find_folders(folder, pattern, include_self=True) if list_images(path)
    ]
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
        for lr_root in find_folders(base, rf"DIV2K_{split}_LR_bicubic"):
            for scale in SCALES:
                found, wrong = match(images, lr_root / f"X{scale}", scale)
                pairs.setdefault(scale, {}).update(found)
                problems += wrong
    present = {scale: found for scale, found in pairs.items() if found}
    title = f"DIV2K: {', '.join(f'{name} {len(splits[name])}' for name in sorted(splits))}"
    default = "train" if "train" in splits else "valid"
    return PhotoSet("div2k", "DIV2K", title, splits, default, present, tuple(problems))


# Berkeley segmentation


def _bsds(folder: Path) -> PhotoSet | None:
    for images in find_folders(folder, r"images", include_self=True):
        parts = {
            name: tuple(list_images(images / name))
            for name in ("train", "val", "test")
            if (images / name).is_dir()
        }
        parts = {name: files for name, files in parts.items() if files}
        named = re.search("bsds|bsr", str(images.resolve()), re.IGNORECASE)
        if not {"train", "test"} <= set(parts) or not (
            named or any(images.parent.glob("iids_*.txt"))
        ):
            continue
        problems = []
        for name, files in parts.items():
            stems = {path.stem for path in files}
            listed = [line.strip() for line in text_lines(images.parent / f"iids_{name}.txt")]
            if missing := [stem for stem in listed if stem not in stems]:
                problems.append(f"iids_{name}.txt names no file: {some(missing)}")
        kind = "bsds500" if "val" in parts else "bsds300"
        counts = ", ".join(f"{name} {len(files)}" for name, files in parts.items())
        note = "only train is trained on: the benchmark BSD100 was taken from the other parts"
        title = f"{kind.upper()}: {counts} ({note})"
        return PhotoSet(kind, kind.upper(), title, parts, "train", {}, tuple(problems))
    return None


READERS: tuple[Callable[[Path], PhotoSet | None], ...] = (_voc, _unsplash, _div2k, _bsds)

"""Measure models on benchmark folders: find the pairs, upscale, measure, average, write CSV."""

from __future__ import annotations

import contextlib
import csv
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sr.errors import BackboneError, DataError, OutputError, SRError
from sr.image_io import IMAGE_SUFFIXES, Photo, list_images, open_image, save_png
from sr.resize import matlab_bicubic, modcrop

if TYPE_CHECKING:
    from sr.metrics import Lpips

COLUMNS = ("dataset", "model", "images", "psnr_y", "ssim_y", "lpips_alex", "seconds")
PER_IMAGE_COLUMNS = ("dataset", "model", "image", "psnr_y", "ssim_y", "lpips_alex", "seconds")
SCALE = 4
HR_FOLDERS = ("HR", "GTmod12", "GTmod4", "GT")
PROTOCOL = (
    f"PSNR (dB) and SSIM on BT.601 luma after cutting {SCALE} px from every border; "
    "LPIPS v0.1 (AlexNet) on whole RGB images; means over images; seconds: mean per image"
)


class Enlarges(Protocol):
    """What is asked of a model here; `sr.upscale.Upscaler` is one."""

    def upscale(self, photo: Photo) -> Photo: ...


@dataclass(frozen=True)
class Pair:
    """A high-resolution image and the low-resolution file that belongs to it, if there is one."""

    hr: Path
    lr: Path | None


@dataclass(frozen=True)
class DataSet:
    """Pairs under one name; `lr_folder` is None when the small images are made here."""

    name: str
    pairs: tuple[Pair, ...]
    lr_folder: Path | None


@dataclass(frozen=True)
class ImageRow:
    """One model's result on one image."""

    dataset: str
    model: str
    image: str
    psnr_y: float
    ssim_y: float
    lpips_alex: float | None
    seconds: float


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


@dataclass
class Evaluation:
    """Everything a run found out.

    `failures` holds a line for each image left out: an image counts for every model and metric
    or not at all.
    `notes` says, once each, what the table cannot: where small images come from, a missing metric.
    """

    rows: list[Row] = field(default_factory=list)
    images: list[ImageRow] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_data_set(folder: str | Path) -> DataSet:
    """The pairs of a benchmark folder, in the layouts such folders come in.

    The high-resolution images lie in the folder itself or in its `HR`, `GTmod12`, `GTmod4` or `GT`.
    Low-resolution ones, when there are any, in `LRbicx4`, `LR_x4` or `LR_bicubic/X4` inside it, or
    beside it: `Set5` and `Set5_LRbicx4`, `Set5_HR` and `Set5_LR_x4`, `DIV2K_valid_HR` and
    `DIV2K_valid_LR_bicubic/X4`. A low-resolution file has the other's stem, or the stem and `x4`.

    Raises:
        DataError: no such folder, or no images where they were looked for.
    """
    folder = Path(folder)
    if not folder.is_dir():
        state = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {state}; a folder of high-resolution images was needed")
    hr_folder = _high_resolution_folder(folder)
    base = folder.resolve()
    if base.name in HR_FOLDERS:
        base = base.parent
    name = base.name.removesuffix("_HR")
    beside = base.parent
    lr_folder = _first_with_images(
        base / f"LRbicx{SCALE}",
        base / f"LR_x{SCALE}",
        base / "LR_bicubic" / f"X{SCALE}",
        beside / f"{name}_LRbicx{SCALE}",
        beside / f"{name}_LR_x{SCALE}",
        beside / f"{name}_LR_bicubic" / f"X{SCALE}",
    )
    lr_by_stem = {} if lr_folder is None else {path.stem: path for path in list_images(lr_folder)}
    pairs = tuple(
        Pair(hr, lr_by_stem.get(hr.stem) or lr_by_stem.get(f"{hr.stem}x{SCALE}"))
        for hr in list_images(hr_folder)
    )
    return DataSet(name, pairs, lr_folder)


def evaluate(
    folders: Iterable[str | Path],
    models: Mapping[str, Enlarges],
    *,
    lpips: bool = True,
    limit: int | None = None,
    save_folder: Path | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Evaluation:
    """Upscale and measure every image of every folder with every model.

    Args:
        folders: data sets as `find_data_set` reads them.
        models: what enlarges, by the name its rows carry; it is warmed up before it is timed.
        lpips: False leaves the metric out; without features it is left out with a note.
        limit: only the first images of each data set.
        save_folder: the results are kept there, as DATASET/MODEL/STEM.png.
        progress: called with (images done, of how many, the next one's name).

    Returns:
        The means and the single results, in the order of folders, images and models.

    Raises:
        DataError: a folder that holds no data set; two of one name; no image could be measured.
    """
    from sr.metrics import default_lpips

    result = Evaluation()
    data_sets = [find_data_set(folder) for folder in folders]
    names = [data_set.name for data_set in data_sets]
    if len(set(names)) < len(names):
        raise DataError(f"two data sets have one name: {', '.join(names)}; rename a folder")
    measure_lpips: Lpips | None = None
    if lpips:
        try:
            measure_lpips = default_lpips()
        except BackboneError as error:
            result.notes.append(f"LPIPS is left empty: {error}")
    for model in models.values():
        model.upscale(Photo(np.zeros((32, 32, 3), np.uint8)))

    chosen = [(data_set, pair) for data_set in data_sets for pair in data_set.pairs[:limit]]
    for done, (data_set, pair) in enumerate(chosen):
        if progress is not None:
            progress(done, len(chosen), f"{data_set.name}/{pair.hr.name}")
        try:
            result.images += _measure_pair(data_set, pair, models, measure_lpips, save_folder)
        except OutputError:
            raise
        except SRError as error:
            result.failures.append(f"{data_set.name}/{pair.hr.name}: {error}")
    if progress is not None:
        progress(len(chosen), len(chosen), "")
    if not result.images:
        raise DataError(
            f"none of the {len(chosen)} images could be measured; first: {result.failures[0]}"
        )
    for data_set in data_sets:
        result.rows += [_mean(data_set.name, name, result.images) for name in models]
        result.notes.append(f"{data_set.name}: {_lr_origin(data_set)}")
    return result


def write_csv(path: str | Path, rows: Sequence[Row] | Sequence[ImageRow]) -> None:
    """Write rows as CSV, whole or not at all; an existing file is replaced, None is an empty cell.

    Raises:
        OutputError: the file cannot be written.
    """
    path = Path(path)
    columns = PER_IMAGE_COLUMNS if rows and isinstance(rows[0], ImageRow) else COLUMNS
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([format_cell(row, column) for column in columns] for row in rows)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def format_cell(row: Row | ImageRow, column: str) -> str:
    """A row's value as it stands in tables and CSV files, with the decimals that mean something."""
    value: Any = getattr(row, column)
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    decimals = {"psnr_y": 3, "ssim_y": 4, "lpips_alex": 4, "seconds": 3}
    return f"{value:.{decimals[column]}f}"


def _high_resolution_folder(folder: Path) -> Path:
    found = _first_with_images(folder, *(folder / name for name in HR_FOLDERS))
    if found is not None:
        return found
    inside = sorted(
        child.name for child in folder.iterdir() if child.is_dir() and list_images(child)
    )
    hint = f"; did you mean one of its folders {', '.join(inside[:6])}?" if inside else ""
    suffixes = " ".join(sorted(IMAGE_SUFFIXES))
    raise DataError(f"{folder}: no images (looked for {suffixes}){hint}")


def _first_with_images(*folders: Path) -> Path | None:
    return next((folder for folder in folders if folder.is_dir() and list_images(folder)), None)


def _lr_origin(data_set: DataSet) -> str:
    if data_set.lr_folder is None:
        return "low-resolution images made here, bicubic as in MATLAB"
    return f"low-resolution images from {data_set.lr_folder.name}"


def _open_pair(data_set: DataSet, pair: Pair) -> tuple[Photo, np.ndarray]:
    """The low-resolution photo, and the high-resolution pixels cut to what it covers."""
    target = modcrop(open_image(pair.hr).rgb, SCALE)
    height, width = target.shape[0] // SCALE, target.shape[1] // SCALE
    if data_set.lr_folder is None:
        return Photo(matlab_bicubic(target, 1 / SCALE)), target
    if pair.lr is None:
        raise DataError(f"no low-resolution image of that name in {data_set.lr_folder}")
    photo = Photo(open_image(pair.lr).rgb)
    if (photo.height, photo.width) != (height, width):
        raise DataError(
            f"{pair.lr.name} is {photo.width}x{photo.height}, "
            f"needed {width}x{height} at x{SCALE} (width x height)"
        )
    return photo, target


def _measure_pair(
    data_set: DataSet,
    pair: Pair,
    models: Mapping[str, Enlarges],
    lpips: Lpips | None,
    save_folder: Path | None,
) -> list[ImageRow]:
    from sr.metrics import measure

    photo, target = _open_pair(data_set, pair)
    rows = []
    for name, model in models.items():
        start = time.perf_counter()
        prediction = model.upscale(photo)
        seconds = time.perf_counter() - start
        measured = measure(prediction.rgb, target, crop_px=SCALE, lpips=lpips)
        if measured.ssim_y is None or (lpips is not None and measured.lpips_alex is None):
            raise DataError(measured.note or "a metric is missing")
        rows.append(
            ImageRow(
                data_set.name,
                name,
                pair.hr.name,
                measured.psnr_y,
                measured.ssim_y,
                measured.lpips_alex,
                seconds,
            )
        )
        if save_folder is not None:
            path = save_folder / data_set.name / name / f"{pair.hr.stem}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            save_png(path, prediction, overwrite=True)
    return rows


def _mean(dataset: str, model: str, images: Sequence[ImageRow]) -> Row:
    chosen = [row for row in images if (row.dataset, row.model) == (dataset, model)]

    def mean_of(column: str) -> float | None:
        values = [getattr(row, column) for row in chosen]
        if not values or None in values:
            return None
        return float(np.mean(values))

    means = (mean_of(column) for column in ("psnr_y", "ssim_y", "lpips_alex", "seconds"))
    return Row(dataset, model, len(chosen), *means)

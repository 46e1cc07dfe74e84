"""Measure models on data sets: upscale, compare, average, and keep every single result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sr.base.errors import BackboneError, ConfigError, DataError, OutputError, SRError
from sr.base.files import file_sha256
from sr.data.check import SkippedFile
from sr.data.pairs import DataSet
from sr.evaluation.methods import Method
from sr.evaluation.results import (
    Evaluation,
    ImageRow,
    Results,
    Texture,
    equal_ones,
    mean_row,
)
from sr.evaluation.versions import Versions, opened
from sr.images.photo import Photo
from sr.images.writing import save_png
from sr.metrics.texture import high_frequency_share, laplacian_variance

if TYPE_CHECKING:
    from sr.data.pairs import Pair
    from sr.metrics.dists import Dists
    from sr.metrics.fidelity import Lpips
    from sr.training.distributed import Group

PROTOCOL_VERSION = "1"  # goes up when the same pixels would be measured differently
NIQE_NOTE = (
    "NIQE needs no original and tells only how natural a picture looks: lower is better, and "
    "invented detail may have less than the truth; by good photographs of our own, so that the "
    "numbers are not those of MATLAB's niqe"
)
DECIMALS = 6  # of single results; kept ones and new ones then give the same means


def evaluate(
    data_sets: Sequence[DataSet],
    methods: Sequence[Method],
    *,
    lpips: bool = True,
    dists: bool = False,
    niqe: bool = False,
    limit: int | None = None,
    known: Iterable[ImageRow] = (),
    save_folder: Path | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    keep: Callable[[str, str, Sequence[ImageRow]], None] | None = None,
    group: Group | None = None,
) -> Evaluation:
    """Upscale and measure every image of every set with every model of its scale.

    Args:
        data_sets: as `sr.data.pairs.find_data_sets` finds them.
        methods: what enlarges; warmed up before it is timed.
        lpips: False leaves the metric out; without features it is left out with a note.
        dists: measure DISTS too; without features it is left out with a note.
        niqe: measure NIQE too, which needs no original; where a set has none it is measured anyhow.
        limit: only the first images of each data set.
        known: results of an earlier run; those of the same pixels and weights are not measured
            again, unless pictures are to be saved.
        save_folder: the results are kept there, as DATASET/MODEL/STEM.png.
        progress: called with (images done, of how many, the next one's name).
        keep: called after each image with the set's name, the image's and its rows, which are
            none when it was left out.
        group: of processes that share the images; every one returns the same.

    Returns:
        The means and the single results, in the order of sets, images and methods.

    Raises:
        DataError: no image could be measured.
        ConfigError: two data sets or two methods of one name, or a scale without the other.
    """
    from sr.metrics.fidelity import default_lpips
    from sr.training.distributed import Group as Processes

    scales = tuple(dict.fromkeys(data_set.scale for data_set in data_sets))
    if missing := sorted(set(scales) ^ {method.scale for method in methods}):
        raise ConfigError(f"scale {missing[0]}: needed data sets and models, there are only one")
    for kind, names in (
        ("data sets", [data_set.name for data_set in data_sets]),
        *(("models", [m.label for m in methods if m.scale == scale]) for scale in scales),
    ):
        if len(set(names)) < len(names):
            raise ConfigError(f"two {kind} have one name: {', '.join(names)}; rename one")
    group = group or Processes()
    result = Evaluation(scales)
    has_originals = any(data_set.has_original for data_set in data_sets)
    measure_lpips = _had(default_lpips, "LPIPS", result) if lpips and has_originals else None
    measure_dists = _had(_default_dists, "DISTS", result) if dists and has_originals else None
    if niqe or not all(data_set.has_original for data_set in data_sets):
        result.notes.append(NIQE_NOTE)
    earlier = {
        (row.dataset, row.model, row.image): row
        for row in known
        if save_folder is None
        and (row.lpips_alex is not None or measure_lpips is None)
        and (row.dists is not None or measure_dists is None)
        and (row.niqe is not None or not niqe)
    }
    bench = _Bench(methods, measure_lpips, measure_dists, niqe, earlier, save_folder)

    chosen = [(data_set, pair) for data_set in data_sets for pair in data_set.pairs[:limit]]
    found: dict[int, tuple[list[ImageRow], str]] = {}  # by number: rows, or why there are none
    for number in range(group.rank, len(chosen), group.size):
        data_set, pair = chosen[number]
        name, failure = f"{data_set.name}/{pair.hr.name}", ""
        if progress is not None:
            progress(number, len(chosen), name)
        try:
            photo, target = opened(data_set, pair)
            rows = bench.measure(data_set, pair, photo, target)
        except OutputError:
            raise
        except SRError as error:
            if bench.versions.is_loading:  # the model is at fault, not the image
                raise
            failure = f"{name}: {SkippedFile.because(pair.hr, error).reason}"
            rows = []
        found[number] = rows, failure
        if keep is not None and group.is_leader:
            keep(data_set.name, pair.hr.name, rows)
    for others in group.gather((found, bench.reused)):
        found |= others[0]
        result.reused += others[1]
    for number, (data_set, pair) in enumerate(chosen):
        rows, failure = found[number]
        result.images += rows
        result.failures += [failure] if failure else []
        if keep is not None and group.is_leader and number % group.size:
            keep(data_set.name, pair.hr.name, rows)
    if progress is not None:
        progress(len(chosen), len(chosen), "")
    if not result.images:
        raise DataError(
            f"none of the {len(chosen)} images could be measured; first: {result.failures[0]}"
        )
    result.notes += [
        f"{method.label}: finished pictures of {method.folder}"
        for method in methods
        if method.folder is not None
    ]
    for data_set in data_sets:
        fitting = [method for method in methods if method.scale == data_set.scale]
        result.rows += [mean_row(data_set.name, method, result.images) for method in fitting]
        for method in fitting:
            result.notes += equal_ones(data_set.name, method, result.images)
        result.notes.append(f"{data_set.name}: {data_set.origin}")
        if limit is not None and limit < len(data_set.pairs):
            result.notes.append(
                f"{data_set.name}: only the first {limit} of {len(data_set.pairs)} images"
            )
    return result


T = TypeVar("T")


def _had(load: Callable[[], T], name: str, result: Evaluation) -> T | None:
    """A measure that needs features, or None and a note."""
    try:
        return load()
    except BackboneError as error:
        result.notes.append(f"{name} is left empty: {error}")
        return None


def _default_dists() -> Dists:
    from sr.metrics.dists import default_dists

    return default_dists()


class _Bench:
    """Measures one image after the other; networks are loaded when the first one needs them."""

    def __init__(
        self,
        methods: Sequence[Method],
        lpips: Lpips | None,
        dists: Dists | None,
        niqe: bool,
        earlier: Mapping[tuple[str, str, str], ImageRow],
        save_folder: Path | None,
    ) -> None:
        self.methods = methods
        self.lpips = lpips
        self.dists = dists
        self.niqe = niqe
        self.earlier = earlier
        self.save_folder = save_folder
        self.versions = Versions()
        self.reused = 0

    def measure(
        self, data_set: DataSet, pair: Pair, photo: Photo, target: np.ndarray | None
    ) -> list[ImageRow]:
        """The rows of one image, one a method.

        Raises:
            DataError: a metric cannot be had, such as SSIM of a tiny image.
        """
        parts = [photo.rgb] if target is None else [photo.rgb, target]
        pixels = hashlib.sha256(repr(tuple(part.shape for part in parts)).encode())
        for part in parts:
            pixels.update(part.tobytes())
        rows: list[ImageRow] = []
        reused = 0
        texture: Texture | None = None
        for method in self.methods:
            if method.scale != data_set.scale:
                continue
            names = (data_set.name, method.label, pair.hr.name)
            key = _key(method, pair, pixels.hexdigest())
            row = self.earlier.get(names)
            if row is not None and row.key == key:
                rows.append(row)
                reused += 1
                continue
            if texture is None:
                texture = _texture(target, data_set.scale)
            results = self._measure_one(method, pair, names, photo, target)
            rows.append(ImageRow(*names, **results, **texture, key=key))
        self.reused += reused
        return rows

    def _measure_one(
        self,
        method: Method,
        pair: Pair,
        names: tuple[str, str, str],
        photo: Photo,
        target: np.ndarray | None,
    ) -> Results:
        """The method's results on one image."""
        prediction, seconds = self.versions.make(method, pair, photo)
        found: Results = {"seconds": None if seconds is None else round(seconds, DECIMALS)}
        found |= self._beside(prediction.rgb, target, method.scale)
        if self.niqe or target is None:
            from sr.metrics.unreferenced.niqe import niqe

            found["niqe"] = round(niqe(prediction.rgb, crop_px=method.scale), DECIMALS)
        if self.save_folder is not None:
            path = self.save_folder / names[0] / method.file_name / f"{Path(names[2]).stem}.png"
            save_png(path, prediction, overwrite=True)
        return found

    def _beside(self, prediction: np.ndarray, target: np.ndarray | None, scale: int) -> Results:
        """What is measured against the original."""
        if target is None:
            return {"psnr_y": None, "ssim_y": None, "lpips_alex": None}
        from sr.metrics.fidelity import measure

        measured = measure(prediction, target, crop_px=scale, lpips=self.lpips)
        if measured.ssim_y is None or (self.lpips is not None and measured.lpips_alex is None):
            raise DataError(measured.note or "a metric is missing")
        lpips_alex = None if measured.lpips_alex is None else round(measured.lpips_alex, DECIMALS)
        return {
            "psnr_y": round(measured.psnr_y, DECIMALS),
            "ssim_y": round(measured.ssim_y, DECIMALS),
            "lpips_alex": lpips_alex,
            "dists": self._dists_of(prediction, target),
        }

    def _dists_of(self, prediction: np.ndarray, target: np.ndarray) -> float | None:
        if self.dists is None:
            return None
        import torch

        from sr.images.tensors import to_tensor

        with torch.inference_mode():
            distance = self.dists(to_tensor(prediction), to_tensor(target))
        return round(float(distance), DECIMALS)


def _texture(target: np.ndarray | None, scale: int) -> Texture:
    if target is None:
        return {}
    return {
        "high_frequency_share": round(high_frequency_share(target, scale=scale), DECIMALS),
        "laplacian_variance": round(laplacian_variance(target), DECIMALS),
    }


def _key(method: Method, pair: Pair, pixels: str) -> str:
    identity = file_sha256(method.files[pair.hr]) if method.files else method.identity
    text = "\n".join((PROTOCOL_VERSION, identity or method.label, pixels))
    return hashlib.sha256(text.encode()).hexdigest()[:16]

"""Which versions a person can tell apart at so many pixels per degree: tables and a curve.

A pass of its own over the data sets: `python -m sr evaluate --ppd 30 60 90`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sr.base.errors import ConfigError, ShapeError
from sr.base.figures import LINES, MARKERS
from sr.base.files import csv_text
from sr.data.pairs import DataSet
from sr.evaluation.methods import Method
from sr.evaluation.versions import Versions, open_pair
from sr.metrics.threshold import JUST_NOTICEABLE, SEEN_SHARE, check_ppd, indistinct_from

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor

    from sr.metrics.fidelity import Lpips

ORIGINAL = "original"
CAPTION = (
    "as seen at so many pixels per degree (ppd): both pictures through the eye's contrast "
    "sensitivity (Andersson et al. 2020) first, then PSNR-Y, SSIM-Y, LPIPS as above; FLIP by "
    "NVIDIA's program; CVVDP, where cvvdp is installed, in JOD (10 is equal); visible: the CIE "
    f"1976 colour difference after that filter which {SEEN_SHARE:.0%} of the pixels reach, "
    f"{JUST_NOTICEABLE:g} is just noticeable; means over images"
)


@dataclass(frozen=True)
class Seen:
    """How a version differs from another, or from the original, at one density; means."""

    dataset: str
    version: str
    other: str
    ppd: float
    images: int
    visible: float
    flip: float | None
    cvvdp: float | None
    psnr_y: float
    ssim_y: float
    lpips_alex: float | None


HEADINGS = {
    "dataset": "set", "version": "version", "other": "against", "ppd": "ppd", "images": "images",
    "visible": "visible", "flip": "FLIP", "cvvdp": "CVVDP", "psnr_y": "PSNR-Y", "ssim_y": "SSIM-Y",
    "lpips_alex": "LPIPS",
}  # fmt: skip
DECIMALS = {
    "ppd": 0, "visible": 2, "flip": 4, "cvvdp": 2, "psnr_y": 2, "ssim_y": 4, "lpips_alex": 4,
}  # fmt: skip


def look(
    data_sets: Sequence[DataSet],
    methods: Sequence[Method],
    ppds: Sequence[float],
    *,
    lpips: bool = True,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Seen]:
    """Compare every version with the original and with every other version, at every density.

    Args:
        ppds: pixels per degree.
        lpips: False, or features that are not to be had, leave it out.
        progress: called with (images done, of how many, the next one's name).

    Raises:
        ConfigError: a density out of range.
        SRError: an image or a model cannot be used.
    """
    for ppd in ppds:
        check_ppd(ppd)
    distance = _lpips() if lpips else None
    versions = Versions()
    found: dict[tuple[str, str, str, float], list[tuple[float | None, ...]]] = defaultdict(list)
    chosen = [(data_set, pair) for data_set in data_sets for pair in data_set.pairs]
    for done, (data_set, pair) in enumerate(chosen):
        if progress is not None:
            progress(done, len(chosen), f"{data_set.name}/{pair.hr.name}")
        photo, target = open_pair(data_set, pair)
        pictures = versions.make_all(methods, data_set.scale, pair, photo)
        pictures[ORIGINAL] = target
        for one, two in combinations(pictures, 2):
            for ppd in sorted(ppds):
                results = compare(
                    pictures[one], pictures[two], ppd=ppd, crop_px=data_set.scale, lpips=distance
                )
                found[data_set.name, one, two, ppd].append(results)
    if progress is not None:
        progress(len(chosen), len(chosen), "")
    return [
        Seen(*key, len(results), *(_mean(column) for column in zip(*results, strict=True)))  # type: ignore[arg-type]
        for key, results in found.items()
    ]


def visible_curves(
    pictures: Mapping[str, np.ndarray],
    pairs: Sequence[tuple[str, str]],
    ppds: Sequence[float],
    *,
    stop: Callable[[], bool] = lambda: False,
) -> dict[tuple[str, str], list[float]]:
    """The visible difference of pairs of pictures at every density.

    Args:
        pictures: (H, W, 3) uint8 by name, all of one size.
        pairs: names of two of them.
        ppds: pixels per degree, 5 to 500 each.
        stop: looked at between densities.

    Returns:
        As many differences as ppds for each pair (see `sr.metrics.eye.visible_difference`);
        nothing when it was stopped.

    Raises:
        ShapeError: not of one size.
        ConfigError: a density out of range.
    """
    from sr.images.tensors import to_tensor
    from sr.metrics import eye

    tensors = {name: to_tensor(picture) for name, picture in pictures.items()}
    found: dict[tuple[str, str], list[float]] = {pair: [] for pair in pairs}
    for ppd in ppds:
        if stop():
            return {}
        labs = {name: eye.seen_lab(tensor, ppd=ppd) for name, tensor in tensors.items()}
        for one, two in pairs:
            if labs[one].shape != labs[two].shape:
                raise ShapeError(f"{one} and {two}: needed two pictures of one size")
            found[one, two].append(float(eye.reached_difference(labs[one], labs[two])))
    return found


def compare(
    one: np.ndarray, two: np.ndarray, *, ppd: float, crop_px: int, lpips: Lpips | None = None
) -> tuple[float, float | None, float | None, float, float, float | None]:
    """`visible`, `flip`, `cvvdp`, `psnr_y`, `ssim_y`, `lpips_alex` of two pictures at a density.

    Args:
        one, two: (H, W, 3) uint8.
        ppd: pixels per degree, 5 to 500.
        crop_px: cut from every border for PSNR and SSIM.
        lpips: a loaded distance, or None to leave it out.

    Raises:
        ShapeError: not of one size, or too small for SSIM.
        ConfigError: ppd out of range.
    """
    from sr.images.tensors import to_tensor
    from sr.metrics import eye
    from sr.metrics import fidelity as metrics

    a, b = to_tensor(one), to_tensor(two)
    check_ppd(ppd)
    flip, cvvdp = (_if_installed(f, a, b, ppd) for f in (eye.flip, eye.colorvideovdp))
    visible = float(eye.visible_difference(a, b, ppd=ppd))
    seen_a, seen_b = (eye.contrast_filter(x, ppd=ppd) for x in (a, b))
    distance: float | None = None
    if lpips is not None:
        try:
            distance = float(lpips(seen_a, seen_b))
        except ShapeError:
            distance = None  # too small
    return (
        visible,
        flip,
        cvvdp,
        float(metrics.psnr(seen_a, seen_b, crop_px=crop_px)),
        float(metrics.ssim(seen_a, seen_b, crop_px=crop_px)),
        distance,
    )


def _if_installed(metric: Callable[..., Tensor], a: Tensor, b: Tensor, ppd: float) -> float | None:
    try:
        return float(metric(a, b, ppd=ppd))
    except ConfigError:
        return None  # its program is not installed


def _lpips() -> Lpips | None:
    from sr.base.errors import BackboneError
    from sr.metrics.fidelity import default_lpips

    try:
        return default_lpips()
    except BackboneError:
        return None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def sentences(rows: Iterable[Seen]) -> list[str]:
    """For each pair of versions, from how many pixels per degree on they look alike."""
    said = []
    for (dataset, one, two), (ppds, differences) in curves(rows).items():
        at = indistinct_from(ppds, differences)
        names = f"{dataset}: {one} and {two}"
        if at is None:
            said.append(f"{names} can be told apart up to {ppds[-1]:.0f} ppd and beyond")
        elif at <= ppds[0]:
            said.append(f"{names} can hardly be told apart, already at {ppds[0]:.0f} ppd")
        else:
            said.append(f"{names} can hardly be told apart from {at:.0f} ppd on")
    return said


def curves(rows: Iterable[Seen]) -> dict[tuple[str, str, str], tuple[list[float], list[float]]]:
    """The densities and visible differences of each (set, version, other)."""
    found: dict[tuple[str, str, str], tuple[list[float], list[float]]] = {}
    for row in rows:
        ppds, differences = found.setdefault((row.dataset, row.version, row.other), ([], []))
        ppds.append(row.ppd)
        differences.append(row.visible)
    return found


def cells(rows: Iterable[Seen]) -> list[list[str]]:
    """The rows as text, in the order of HEADINGS."""
    return [[_cell(getattr(row, column), column) for column in HEADINGS] for row in rows]


def _cell(value: object, column: str) -> str:
    if value is None:
        return ""
    return f"{value:.{DECIMALS[column]}f}" if isinstance(value, float) else str(value)


def to_csv(rows: Iterable[Seen]) -> str:
    """The rows as CSV with a heading; None is an empty cell."""
    return csv_text([field.name for field in fields(Seen)], map(astuple, rows), digits=6)


def draw(rows: Sequence[Seen]) -> Figure:
    """The visible difference of each pair over the density, a panel a data set."""
    import seaborn as sns
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = curves(rows)
    sets = list(dict.fromkeys(dataset for dataset, _, _ in found))
    pairs = list(dict.fromkeys((one, two) for _, one, two in found))
    with sns.axes_style("whitegrid"):
        figure = Figure(figsize=(5.2 * len(sets), 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(sets), squeeze=False, sharey=True)
    for axes, name in zip(panels.flat, sets, strict=True):
        for (dataset, one, two), (ppds, differences) in found.items():
            if dataset == name:
                pair = pairs.index((one, two))
                marker, dashes = MARKERS[pair % len(MARKERS)], LINES[pair % len(LINES)]
                style = {"marker": marker, "linestyle": dashes, "label": f"{one} : {two}"}
                axes.plot(ppds, differences, **style)
        axes.axhline(JUST_NOTICEABLE, color="black", linestyle="--", linewidth=1)
        axes.set_xscale("log", base=2)
        marks = sorted({row.ppd for row in rows})
        axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
        axes.minorticks_off()
        axes.set(xlabel="pixels per degree", ylabel="visible difference", title=name)
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize="small")
    figure.suptitle(f"Under the dashed line ({JUST_NOTICEABLE:g}) two versions look alike")
    return figure

"""python -m sr microscope evaluate | resolution | simulate."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sr.base.errors import ConfigError, DataError, ImageError, ShapeError
from sr.base.files import csv_text, write_file
from sr.commands.console import (
    EXIT_ERROR,
    add_device_arguments,
    format_table,
    positive_int,
    report_error,
)
from sr.microscopy.data.loading import LoadedPair, load_pair
from sr.microscopy.data.pairs import PairFiles, find_pairs
from sr.microscopy.files.reading import read_stack
from sr.microscopy.files.writing import write_stack
from sr.microscopy.scores.decorrelation import SMALLEST_PX, decorrelation_px
from sr.microscopy.scores.fitted import Scores, error_map, score
from sr.microscopy.scores.resolution import ring_resolution
from sr.microscopy.simulation.scenes import SCENES
from sr.models.entries.shipped import FRAME_MODELS

if TYPE_CHECKING:
    from sr.microscopy.enlarging.enlarger import Enlarger

DEFAULT_MODELS = ("bicubic", *FRAME_MODELS)
COLUMNS = (
    *("fitted_psnr", "fitted_nrmse", "fitted_ssim", "fitted_ms_ssim"),
    *("raw_psnr", "raw_nrmse", "raw_ssim"),
)
BIOSR_PIXEL_UM = 0.0626


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr microscope`."""
    commands = parser.add_subparsers(metavar="WHAT", required=True)
    measure = commands.add_parser(
        "evaluate",
        help="measure models on pairs of frames",
        description="Measure models on pairs of frames: PSNR, NRMSE, SSIM and MS-SSIM after a "
        "linear fit over the whole picture, and without it; resolution of what was taken by "
        "decorrelation analysis, of models by Fourier rings on cells with two levels.",
    )
    measure.add_argument(
        "folder", metavar="FOLDER", type=Path, help="pairs: BioSR, W2S, folders called LR and HR"
    )
    measure.add_argument("--model", metavar="NAME", nargs="+", default=[*DEFAULT_MODELS])
    measure.add_argument(
        "--split", choices=("train", "val", "all"), default="val", help="by cell (default: val)"
    )
    measure.add_argument("--csv", metavar="FILE", type=Path, help="also write a row a pair there")
    measure.add_argument(
        "--maps", metavar="FOLDER", type=Path, help="also write where each model is wrong"
    )
    add_device_arguments(measure)
    measure.set_defaults(run_microscope=run_evaluate)
    resolve = commands.add_parser(
        "resolution",
        help="the resolution of single frames",
        description="The resolution of single frames by decorrelation analysis: the finest detail "
        "that stands out of the noise. Of frames as they were taken: in enlarged ones the noise is "
        "smooth and counts as detail.",
    )
    resolve.add_argument("files", metavar="FILE", type=Path, nargs="+", help="MRC, TIFF, grey PNG")
    resolve.add_argument("--frame", metavar="N", help="of stacks: a number from 1, mean or all")
    resolve.add_argument(
        "--pixel-nm", metavar="NM", help="in the place of what the files say, or unknown"
    )
    resolve.set_defaults(run_microscope=run_resolution)
    simulate = commands.add_parser(
        "simulate",
        help="write drawn pairs, as training has them",
        description="Write pairs that the simulator draws, at one level of signal.",
    )
    simulate.add_argument("output", metavar="OUTPUT", type=Path, help="folder: LR and HR in it")
    simulate.add_argument("--kind", choices=tuple(SCENES), default="filaments")
    simulate.add_argument("--level", metavar="N", type=positive_int, default=5, help="1 to 9")
    simulate.add_argument("--count", metavar="N", type=positive_int, default=4, help="(default: 4)")
    simulate.add_argument("--scale", type=int, choices=(1, 2, 3), default=2, help="(default: 2)")
    simulate.add_argument(
        "--raw", action="store_true", help="nine raw frames of SIM in the place of the wide field"
    )
    simulate.add_argument("--seed", metavar="N", type=int, default=0, help="(default: 0)")
    simulate.set_defaults(run_microscope=run_simulate)
    for command in (measure, resolve, simulate):
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.epilog = (
        "Example:\n  python -m sr microscope simulate drawn/ --kind filaments --level 5\n"
        "  python -m sr microscope evaluate drawn/ --split all --model bicubic dfcan_x2\n"
        "  python -m sr microscope resolution drawn/HR/filaments_000.tif"
    )


def run(arguments: argparse.Namespace) -> int:
    """`python -m sr microscope`: returns the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    status: int = arguments.run_microscope(arguments)
    return status


@dataclass(frozen=True)
class Row:
    """One model on one pair."""

    model: str
    pair: PairFiles
    scores: Scores

    def cells(self) -> list[str]:
        """For a table and for a CSV alike."""
        values = [getattr(self.scores, column) for column in COLUMNS]
        numbers = ["" if value is None else f"{value:.4f}" for value in values]
        return [self.model, self.pair.group, str(self.pair.level or ""), *numbers]


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Print a table of models and pairs; the exit status is 2 where a pair could not be measured.

    Raises:
        DataError: no pairs, or none that can be used.
    """
    from sr.microscopy.enlarging.enlarger import open_enlarger

    found = find_pairs(arguments.folder)
    if found is None:
        raise DataError(
            f"{arguments.folder}: no pairs of frames; needed BioSR or W2S as they are, or folders "
            "called LR and HR with the same names in both"
        )
    print(found.title)
    enlargers = [
        open_enlarger(name, device=arguments.device, precision=arguments.precision)
        for name in arguments.model
    ]
    names = [enlarger.name for enlarger in enlargers]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(
            f"{', '.join(twice)}: the name of two models; give one of the files another name"
        )
    rows: list[Row] = []
    resolutions: list[str] = []
    status = 0
    pairs = found.part(arguments.split)
    groups = {pair.group: [p for p in pairs if p.group == pair.group] for pair in pairs}
    for group in groups.values():
        made: dict[str, list[np.ndarray]] = {}
        pixels_um: set[float | None] = {None}
        for pair in group:
            try:
                loaded = load_pair(pair)
                resolutions.append(_decorrelation(pair, loaded))
                pixels_um = {loaded.pixel_um and loaded.pixel_um / loaded.scale}
                for row, prediction in _measured(pair, loaded, enlargers, arguments.maps):
                    rows.append(row)
                    made.setdefault(row.model, []).append(prediction)
            except ImageError as error:
                report_error(str(error))
                status = EXIT_ERROR
        resolutions += _resolutions(group[0].group, made, *pixels_um)
    if not rows:
        raise DataError(f"{arguments.folder}: none of {len(pairs)} pairs could be measured")
    header = ["model", "cell", "level", *COLUMNS]
    print(format_table(header, [row.cells() for row in rows]))
    print("\n".join([*resolutions, *_means(rows)]))
    if arguments.csv is not None:
        write_file(arguments.csv, csv_text(header, [row.cells() for row in rows]).encode())
    return status


def _measured(
    files: PairFiles, pair: LoadedPair, enlargers: list[Enlarger], maps: Path | None
) -> Iterator[tuple[Row, np.ndarray]]:
    for enlarger in enlargers:
        if enlarger.scale != pair.scale:
            raise ConfigError(
                f"{enlarger.name} enlarges {enlarger.scale} times; the pairs differ {pair.scale} "
                "times"
            )
        prediction = enlarger.enlarge(pair.given(enlarger.frames))
        pixel_um = None if pair.pixel_um is None else pair.pixel_um / pair.scale
        if maps is not None:
            name = f"{files.group.replace('/', '_')}_{files.level:02}_{enlarger.name}_error.tif"
            maps.mkdir(parents=True, exist_ok=True)
            wrong = error_map(prediction, pair.hr)[None]
            write_stack(maps / name, wrong, pixel_um, "share of the reference's range")
        yield Row(enlarger.name, files, score(prediction, pair.hr)), prediction


def _decorrelation(files: PairFiles, pair: LoadedPair) -> str:
    """Of what was taken: from enlarged pictures it would promise too much."""
    said = []
    for title, frame, scale in (("wide field", pair.lr, 1), ("reference", pair.hr, pair.scale)):
        if min(frame.shape) < SMALLEST_PX:
            continue
        size_px = decorrelation_px(frame)
        pixel_um = None if pair.pixel_um is None else pair.pixel_um / scale
        said.append(f"{title} {_size_name(size_px, pixel_um) if size_px else 'not to be told'}")
    level = f", level {files.level}" if files.level else ""
    return f"{files.group}{level}: decorrelation analysis: {', '.join(said) or 'too small'}"


def _size_name(size_px: float, pixel_um: float | None) -> str:
    return f"{1000 * pixel_um * size_px:.0f} nm" if pixel_um else f"{size_px:.1f} px"


def _resolutions(
    group: str, made: dict[str, list[np.ndarray]], pixel_um: float | None
) -> list[str]:
    """Of the two best levels of a cell, which are two noise draws."""
    lines = []
    for model, predictions in made.items():
        if len(predictions) > 1:
            size_px = ring_resolution(predictions[-2], predictions[-1], 1.0)
            said = _size_name(size_px, pixel_um) if size_px else "beyond the pixels"
            lines.append(f"{group}: {model}: Fourier rings of two levels agree down to {said}")
    return lines


def _means(rows: list[Row]) -> list[str]:
    names = list(dict.fromkeys(row.model for row in rows))
    lines = []
    for name in names:
        scores = [dataclasses.asdict(row.scores) for row in rows if row.model == name]
        psnr, error = (
            np.mean([one[key] for one in scores]) for key in ("fitted_psnr", "fitted_nrmse")
        )
        lines.append(
            f"{name}: mean of {len(scores)} pairs: {psnr:.2f} dB, NRMSE {error:.3f}, both after a "
            "linear fit"
        )
    return lines


def run_resolution(arguments: argparse.Namespace) -> int:
    """Print the resolution of frames; the exit status is 2 where one could not be measured."""
    status = 0
    for path in arguments.files:
        try:
            stack = read_stack(path, pixel_nm=arguments.pixel_nm).chosen(arguments.frame)
            for number, frame in enumerate(stack.planes, start=1):
                name = f"{path.name}, frame {number}" if len(stack.planes) > 1 else path.name
                size_px = decorrelation_px(frame)
                said = "no detail stands out of the noise, or up to the pixels"
                print(f"{name}: {_size_name(size_px, stack.pixel_um) if size_px else said}")
        except (ImageError, ShapeError) as error:
            text = str(error)
            report_error(text if text.startswith(str(path.name)) else f"{path.name}: {text}")
            status = EXIT_ERROR
    return status


def run_simulate(arguments: argparse.Namespace) -> int:
    """Write pairs as TIFF of float32."""
    from sr.microscopy.simulation.pairs import drawn_pair, random_exposure

    side = 256 - 256 % arguments.scale
    for number in range(arguments.count):
        random = np.random.default_rng((arguments.seed, number))
        exposure = dataclasses.replace(
            random_exposure(random, arguments.kind), level=arguments.level
        )
        pair = drawn_pair(
            arguments.kind, side, arguments.scale, exposure, random, raw=arguments.raw
        )
        for folder, frames, factor in (("LR", pair[0], 1), ("HR", pair[1][None], arguments.scale)):
            path = arguments.output / folder / f"{arguments.kind}_{number:03}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_stack(path, frames, BIOSR_PIXEL_UM / factor, f"drawn, seed {arguments.seed}")
    print(f"{arguments.output}: {arguments.count} pairs of {arguments.kind}")
    return 0

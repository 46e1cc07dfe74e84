"""python -m sr data check | fetch | list | degrade."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import get_args

from sr.base.errors import ConfigError
from sr.base.files import write_atomically
from sr.commands.console import add_layout_argument, positive_int, progress_bar
from sr.data.catalog import SOURCES, find_source
from sr.data.check import Report, SkippedFile, check
from sr.data.fetch import fetch
from sr.data.pairs import Strength
from sr.data.recognise import recognise
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import modcrop
from sr.images.writing import save_png
from sr.microscopy.data.biosr import part_of
from sr.microscopy.data.check import check_pairs, described, holds_frames
from sr.microscopy.data.pairs import PairSet, find_pairs

EXIT_FOUND = 1  # something does not fit; 2 is an error
SHOWN = 20  # files a list shows; --json writes all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr data`."""
    commands = parser.add_subparsers(metavar="WHAT", required=True)
    checker = commands.add_parser(
        "check",
        help="say what a folder holds, and what in it cannot be used",
        description="Say what a folder holds: images, sizes, unreadable files, pairs that do not "
        "match. Exit status 1 when something does not fit.",
    )
    checker.add_argument("folder", metavar="FOLDER", type=Path, help="as downloaded and unpacked")
    add_layout_argument(checker)
    checker.add_argument("--quick", action="store_true", help="read only the headers of the files")
    checker.add_argument("--json", metavar="FILE", type=Path, help="also write the report there")
    checker.set_defaults(run_data=run_check)
    fetcher = commands.add_parser(
        "fetch",
        help="download a data set from its official address and unpack it",
        description="Download a data set from its official address and unpack it. A download "
        "that broke off goes on where it stopped.",
    )
    fetcher.add_argument("name", metavar="NAME", help=f"one of: {', '.join(SOURCES)}")
    fetcher.add_argument(
        "--output", metavar="FOLDER", type=Path, help="where to unpack (default: data/NAME)"
    )
    fetcher.add_argument(
        "--part", metavar="PART", help="of biosr: a structure, such as Microtubules"
    )
    fetcher.add_argument("--keep", action="store_true", help="keep the archives")
    fetcher.set_defaults(run_data=run_fetch)
    lister = commands.add_parser(
        "list", help="the data sets that can be fetched", description="List what can be fetched."
    )
    lister.set_defaults(run_data=run_list)
    degrader = commands.add_parser(
        "degrade",
        help="show what blur, noise, JPEG and resizing do to a picture",
        description="Reduce pictures as phones and messengers leave them: blur, resizing, noise "
        "and JPEG, twice over. The same seed gives the same pictures.",
    )
    degrader.add_argument("input", metavar="INPUT", type=Path, help="a picture, or a folder")
    degrader.add_argument("output", metavar="OUTPUT", type=Path, help="folder for the PNG files")
    degrader.add_argument(
        "--strength",
        choices=("training", *get_args(Strength)),
        default="middle",
        help="training: all that photo_psnr and photo_gan learn from (default: middle)",
    )
    degrader.add_argument("--scale", metavar="N", type=positive_int, default=4, help="(default: 4)")
    degrader.add_argument("--seed", metavar="N", type=int, default=0, help="(default: 0)")
    degrader.set_defaults(run_data=run_degrade)
    for command in (checker, fetcher, lister, degrader):
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.epilog = (
        "Example:\n  python -m sr data fetch voc2012 --output data/voc\n"
        "  python -m sr data check data/voc"
    )


def run(arguments: argparse.Namespace) -> int:
    """`python -m sr data`: returns the exit status.

    Raises:
        SRError: the folder, the name or the server is not what it should be.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    status: int = arguments.run_data(arguments)
    return status


def run_check(arguments: argparse.Namespace) -> int:
    """Print the report of a folder."""
    found = find_pairs(arguments.folder)
    if found is not None and holds_frames(found):
        return _check_frames(found, arguments)
    photo_set = recognise(arguments.folder, layout=arguments.layout)
    with progress_bar("file") as show:
        report = check(photo_set, quick=arguments.quick, progress=show)
    print("\n".join(describe(report)))
    if arguments.json is not None:
        text = json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n"
        write_atomically(arguments.json, text.encode())
    return 0 if report.is_clean else EXIT_FOUND


def _check_frames(found: PairSet, arguments: argparse.Namespace) -> int:
    """The report of a folder of pairs of frames."""
    with progress_bar("pair") as show:
        report = check_pairs(found, progress=show)
    print("\n".join(described(report)))
    if arguments.json is not None:
        text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
        write_atomically(arguments.json, text.encode())
    return EXIT_FOUND if report["unusable"] or report["problems"] else 0


def run_fetch(arguments: argparse.Namespace) -> int:
    """Download, unpack, and say what came."""
    source = find_source(arguments.name)
    if source.article:
        source = part_of(source, arguments.part)
    elif arguments.part is not None:
        raise ConfigError(f"--part: no effect on {source.name}, which is fetched whole")
    folder = arguments.output or Path("data") / source.name
    print(f"{source.description}. Licence: {source.licence}.")
    with progress_bar("B", unit_scale=True) as show:
        fetch(source, folder, keep=arguments.keep, progress=show)
    pairs = find_pairs(folder)
    is_of_frames = pairs is not None and holds_frames(pairs)
    print(f"{folder}: {pairs.title if pairs and is_of_frames else recognise(folder).title}")
    return 0


def run_list(_: argparse.Namespace) -> int:
    """Print the catalogue."""
    for source in SOURCES.values():
        checked = sum(bool(archive.checksum) for archive in source.archives)
        how = f"{checked} of {len(source.archives)} files with a published checksum"
        if source.article:
            how = "a structure at a time, by --part, with figshare's checksum"
        elif source.by_hand:
            how = source.by_hand
        print(f"{source.name:10} {source.description}; {source.licence}; {how}")
    return 0


def run_degrade(arguments: argparse.Namespace) -> int:
    """Write the degraded pictures."""
    from sr.batches.degradations import REAL_ESRGAN, STRENGTHS, degraded_pixels

    recipe = REAL_ESRGAN if arguments.strength == "training" else STRENGTHS[arguments.strength]
    paths = [arguments.input]
    if arguments.input.is_dir():
        photo_set = recognise(arguments.input)
        paths = list(photo_set.images(photo_set.default_split))
    for index, path in enumerate(paths):
        hr = modcrop(open_image(path).on_white().rgb, arguments.scale)
        small = degraded_pixels(hr, arguments.scale, recipe, seed=arguments.seed + index)
        target = arguments.output / f"{path.stem}.png"
        save_png(target, Photo(small), text={"Nitidez-Degradation": arguments.strength})
        print(target)
    return 0


def describe(report: Report) -> list[str]:
    """The report as lines for people."""
    parts = ", ".join(f"{name} {count:,}" for name, count in report.images.items())
    lines = [
        report.title,
        f"images        {parts}",
        f"readable      {report.readable:,}, {report.megapixels:,.1f} megapixels",
    ]
    if report.smallest and report.median and report.largest:
        small, median, large = (
            f"{w}x{h}" for w, h in (report.smallest, report.median, report.largest)
        )
        lines.append(f"sizes         {small} to {large}, median {median}")
    pairs = ", ".join(f"x{scale} {count:,}" for scale, count in report.pairs.items())
    lines.append(f"pairs         {pairs or 'none: low-resolution images are made by bicubic'}")
    if report.kinds:
        said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(report.kinds.items()))
        lines.append(f"of them       {said}")
    lines += _listing("copies", report.copies) if report.copies else []
    lines += _listing("unreadable", report.unreadable)
    lines += _listing("wrong size", report.mismatched)
    lines += [f"does not fit  {problem}" for problem in report.problems]
    return lines


def _listing(label: str, files: tuple[SkippedFile, ...]) -> list[str]:
    lines = [f"{label:13} {len(files):,}"]
    lines += [f"  {file}" for file in files[:SHOWN]]
    if len(files) > SHOWN:
        lines.append(f"  ... and {len(files) - SHOWN:,} more; --json FILE lists all")
    return lines

"""How every command talks to a person: arguments, tables, progress."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sr.base.errors import ConfigError
from sr.base.files import check_file, check_folder
from sr.images.writing import Format
from sr.inference.engines import CHOICES as ENGINE_CHOICES
from sr.inference.tiles import TILE_PX
from sr.models.between import mixture_name
from sr.models.registry import model_info

EXIT_ERROR = 2
LEADER_SECONDS = 20.0
PRECISIONS = ("auto", "float32", "bfloat16")
Number = TypeVar("Number", int, float)
OUTPUT_FILES = {
    "csv": "table.csv",
    "markdown": "table.md",
    "json": "table.json",
    "per_image": "images.csv",
}  # of an evaluation, by option


def add_device_arguments(parser: argparse.ArgumentParser) -> None:
    """Where networks run, and how exactly."""
    parser.add_argument(
        "--device", metavar="DEVICE", default="auto", help="auto, cpu or cuda (default: auto)"
    )
    parser.add_argument(
        "--precision",
        metavar="TYPE",
        choices=PRECISIONS,
        default="auto",
        help=f"one of: {', '.join(PRECISIONS)} (default: auto, the faster one here)",
    )


def add_inference_arguments(parser: argparse.ArgumentParser) -> None:
    """How networks enlarge: tile, device, precision, engine."""
    parser.add_argument(
        "--tile",
        metavar="PX",
        type=positive_int,
        help=f"side of a tile in low-resolution pixels (default: {TILE_PX})",
    )
    add_device_arguments(parser)
    parser.add_argument(
        "--engine",
        metavar="NAME",
        choices=ENGINE_CHOICES,
        default="auto",
        help=f"one of: {', '.join(ENGINE_CHOICES)} (default: auto, the faster one here)",
    )


def add_between_arguments(parser: argparse.ArgumentParser, *, several: bool) -> None:
    """A network between two others, weight by weight; `several` shares, or one."""
    parser.add_argument(
        "--between",
        metavar=("FIRST", "SECOND"),
        nargs=2,
        help="a network whose weights lie between those of two equal ones",
    )
    parser.add_argument(
        "--share",
        metavar="S",
        type=float,
        nargs="+" if several else 1,
        help="of the way from FIRST (0) to SECOND (1); the same is --model FIRST~SECOND@S",
    )


def mixtures_asked_for(arguments: argparse.Namespace) -> list[str]:
    """The names that `--between` and `--share` stand for; none without them.

    Raises:
        ConfigError: one without the other, or two that cannot be mixed.
    """
    if (arguments.between is None) != (arguments.share is None):
        raise ConfigError("--between FIRST SECOND and --share S go together; give both or neither")
    if arguments.between is None:
        return []
    first, second = arguments.between
    return [model_info(mixture_name(first, second, share)).name for share in arguments.share]


def add_layout_argument(parser: argparse.ArgumentParser) -> None:
    """How a folder of images is read where that is not clear."""
    parser.add_argument(
        "--layout",
        choices=("auto", "top", "all"),
        default="auto",
        help="read FOLDER as the data set it looks like; or as photographs: those that lie in it "
        "(top), or those in its folders as well (all) (default: auto)",
    )


def _number(text: str, kind: type[Number], fits: Callable[[Number], bool], needed: str) -> Number:
    """What ``text`` says, where it is a number of the kind and ``fits``.

    Raises:
        argparse.ArgumentTypeError: it is none, or does not fit; says what was needed.
    """
    try:
        value = kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a {needed}") from None
    if not fits(value):
        raise argparse.ArgumentTypeError(f"{text} is not a {needed}")
    return value


def positive_int(text: str) -> int:
    """A whole number from 1 up, for argparse."""
    return _number(text, int, lambda value: value >= 1, "whole number from 1 up")


def positive_float(text: str) -> float:
    """A number above 0, for argparse."""
    return _number(text, float, lambda value: value > 0, "number above 0")


def percent(text: str) -> int:
    """A whole number from 1 to 100, for argparse."""
    return _number(text, int, lambda value: 1 <= value <= 100, "whole number from 1 to 100")


def fraction(text: str) -> float:
    """A number between 0 and 1, for argparse."""
    return _number(text, float, lambda value: 0 < value < 1, "number between 0 and 1")


def print_any_name() -> None:
    """Let every file name be printed: what the console cannot show is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class Show(Protocol):
    """Moves a bar."""

    def __call__(self, done: float, total: float | None, name: str = "") -> None: ...


@contextmanager
def progress_bar(unit: str = "it", **options: Any) -> Iterator[Show]:
    """A bar on a terminal, nothing elsewhere; it goes when the work is done.

    Args:
        options: of tqdm.

    Yields:
        What a library calls with (done, of how many or None, the next one's name).
    """
    from tqdm import tqdm

    with tqdm(unit=unit, leave=False, **{"disable": None} | options) as bar:

        def show(done: float, total: float | None, name: str = "") -> None:
            if done < bar.n:  # another part of the work
                bar.reset()
            bar.total = total
            if name:
                bar.set_description(name, refresh=False)
            bar.update(done - bar.n)

        yield show


def format_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain table: columns as wide as their longest cell, numbers to the right."""
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    numeric = [all(_is_number(row[index]) for row in rows) for index in range(len(columns))]
    lines = [columns, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "") or "0")
    except ValueError:
        return False
    return True


def report_error(message: str) -> None:
    """One `error: ...` line on stderr."""
    wait_for_the_leader()
    print(f"error: {message}", file=sys.stderr)


def wait_for_the_leader() -> None:
    """Of several processes that all meet an error the first one tells it.

    Another one waits: where the first has failed too it is ended meanwhile; else the error is its
    own, and it tells it.
    """
    if os.environ.get("RANK", "0") != "0":
        time.sleep(LEADER_SECONDS)


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """`--output` and what it stands for: the files and figures of an evaluation."""
    for option, text in (
        ("--output", f"write {', '.join(OUTPUT_FILES.values())} and figures/ there"),
        ("--figures", "draw figures there"),
        (
            "--save",
            "keep the pictures, as DATASET/MODEL/NAME.png (makes and measures all of them again)",
        ),
    ):
        parser.add_argument(option, metavar="FOLDER", type=Path, help=text)
    for option, text in (
        ("--csv", "write the means of each data set and model (replaced when it exists)"),
        ("--markdown", "write the table with its caption"),
        ("--json", "write the same for programs"),
        (
            "--per-image",
            "write the results of each image as CSV, one after the other; those already in it, "
            "of the same pixels and weights, are not measured again",
        ),
    ):
        parser.add_argument(option, metavar="FILE", type=Path, help=text)


def spread_output(arguments: argparse.Namespace) -> None:
    """`--output` stands for the options of the single files that were not given."""
    if arguments.output is None:
        return
    for option, name in OUTPUT_FILES.items():
        if getattr(arguments, option) is None:
            setattr(arguments, option, arguments.output / name)
    if arguments.figures is None and not arguments.no_original:  # figures compare with originals
        try:
            from sr.figures.plots import need_seaborn

            need_seaborn()
        except ConfigError as error:
            print(f"no figures: {error}", file=sys.stderr)
        else:
            arguments.figures = arguments.output / "figures"


def check_outputs(arguments: argparse.Namespace) -> None:
    """Every output can be written, or nothing is begun."""
    for option in OUTPUT_FILES:
        if (file := getattr(arguments, option)) is not None:
            check_file(file)
    for folder in (arguments.figures, arguments.save, arguments.output):
        if folder is not None:
            check_folder(folder)
    if arguments.figures is not None:
        from sr.figures.plots import need_seaborn

        need_seaborn()


def check_quality(quality: int | None, kind: Format) -> None:
    """Refuse a quality of a format that has none.

    Raises:
        ConfigError: says which formats have one.
    """
    if quality is not None and not kind.has_quality:
        raise ConfigError(
            f"--quality has no effect on {kind.name}, which loses nothing; "
            "leave it out or take --format jpeg or webp"
        )

"""python -m sr evaluate: models and weights files on test sets, as tables and figures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from sr.base.errors import ConfigError
from sr.base.figures import write_figures
from sr.base.files import write_file
from sr.base.machine import own_device
from sr.base.spreadsheets import for_excel
from sr.commands.console import (
    add_between_arguments,
    add_inference_arguments,
    add_output_arguments,
    check_outputs,
    format_table,
    mixtures_asked_for,
    positive_int,
    progress_bar,
    spread_output,
)
from sr.data.pairs import DataSet, Strength, data_sets_at, photographs_at
from sr.evaluation.correlations import CAPTION, Correlation, correlations, telling
from sr.evaluation.measure import evaluate
from sr.evaluation.methods import (
    DEFAULT_MODELS,
    DEFAULT_SCALE,
    Method,
    Runtime,
    default_models,
    parse_methods,
)
from sr.evaluation.pictures import named_folders, picture_methods
from sr.evaluation.results import Evaluation, measured_sets
from sr.evaluation.tables import (
    CORRELATION_HEADINGS,
    PerImageFile,
    caption,
    cells,
    headings_of,
    left_out,
    to_csv,
    to_json,
    to_markdown,
)
from sr.metrics.threshold import check_ppd

if TYPE_CHECKING:
    from sr.training.distributed import Group

EXIT_LEFT_OUT = 1  # the table is there, but not of every image; 2 is an error
TABLES = ("table.csv", "images.csv", "ppd.csv")  # that --excel writes once more


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr evaluate`."""
    parser.add_argument(
        "folders",
        metavar="FOLDER",
        type=Path,
        nargs="+",
        help="folder of high-resolution images, or one that holds Set5, Set14, BSD100, Urban100; "
        "low-resolution images are looked for in it and beside it (Set5 and Set5_LRbicx4, HR and "
        "LRbicx4, Set5_HR and Set5_LR_x4) and made by bicubic reduction otherwise",
    )
    parser.add_argument(
        "--model",
        "--models",
        dest="models",
        metavar="MODEL",
        nargs="+",
        action="extend",
        help="models (python -m sr models lists them) or weights files of sr train, as FILE or "
        f"TRAINING_SET=FILE (default, without --pictures: {' '.join(DEFAULT_MODELS)})",
    )
    parser.add_argument(
        "--pictures",
        metavar="NAME=FOLDER",
        nargs="+",
        action="extend",
        default=[],
        help="finished pictures of any origin, a folder a method, matched by the names of the "
        "originals (baby.png, baby_x4.png); alone, no model is measured",
    )
    add_between_arguments(parser, several=True)
    parser.add_argument(
        "--scale",
        metavar="N",
        type=positive_int,
        nargs="+",
        default=[],
        help="how many times larger, where no network is named (default: that of the "
        "networks, or 4); several are measured on sets of their own, as Set5 x2 and Set5 x4",
    )
    parser.add_argument(
        "--degradation",
        choices=get_args(Strength),
        nargs="+",
        default=[],
        help="on images degraded here, the same in every run (python -m sr data degrade)",
    )
    add_output_arguments(parser)
    for option, text in (
        (
            "--excel",
            "write the tables of --output for spreadsheets too: NAME_excel.csv with semicolons and "
            "decimal commas, and all as tables.xlsx",
        ),
        ("--again", "measure everything, whatever --per-image knows"),
        ("--dists", "measure DISTS too, structure and texture by VGG16"),
        ("--niqe", "measure NIQE too, which needs no original"),
        (
            "--no-original",
            "FOLDER holds photographs as they are: they are enlarged, and NIQE is measured alone",
        ),
        ("--no-lpips", "leave LPIPS out (it is slow)"),
    ):
        parser.add_argument(option, action="store_true", help=text)
    parser.add_argument(
        "--limit",
        metavar="IMAGES",
        type=positive_int,
        help="only the first images of each folder (default: all)",
    )
    parser.add_argument(
        "--ppd",
        metavar="N",
        type=float,
        nargs="+",
        help="also compare all versions as an eye sees them at so many pixels per degree of visual "
        "angle (24-inch full HD at 60 cm: 38; a 460-ppi phone at 30 cm: 95)",
    )
    add_inference_arguments(parser)
    parser.epilog = (
        "Exit status: 0 all measured; 1 images were left out; 2 an error, no table.\n\n"
        "Example:\n  python -m sr evaluate Set5 Set14 --models bicubic srresnet_x4 srgan_x4 "
        "--output results\n"
        "  python -m sr evaluate Set5 --model srgan_x4 VOC2012=runs/voc/srgan_x4.safetensors\n"
        "  python -m sr evaluate Set5 --pictures MINE=results/mine ESRGAN=results/esrgan"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table with its protocol, write what was asked for.

    Raises:
        SRError: a data set, a model or an output is not what it should be; said before the work.
    """
    _check_choice(arguments)
    spread_output(arguments)
    arguments.device = own_device(arguments.device)
    runtime = Runtime(arguments.device, arguments.precision, arguments.tile, arguments.engine)
    check_outputs(arguments)
    for ppd in arguments.ppd or ():
        check_ppd(ppd)
    names = [*(arguments.models or ()), *mixtures_asked_for(arguments)]
    folders = named_folders(arguments.pictures)
    if not (names or folders):
        names = [name for scale in arguments.scale or (None,) for name in default_models(scale)]
    methods = parse_methods(names, runtime, scales=arguments.scale)
    scales = list(dict.fromkeys(m.scale for m in methods)) or arguments.scale or [DEFAULT_SCALE]
    if folders and len(scales) > 1:
        raise ConfigError(f"--pictures are of one scale, the models of {scales}; name a --scale")
    if arguments.no_original:
        data_sets = photographs_at(arguments.folders, scales)
    else:
        data_sets = data_sets_at(arguments.folders, scales, arguments.degradation)
    methods += picture_methods(folders, data_sets, limit=arguments.limit)

    from sr.training.distributed import process_group

    with process_group() as (group, _):
        return _run(arguments, data_sets, methods, group)


def _run(
    arguments: argparse.Namespace, data_sets: list[DataSet], methods: list[Method], group: Group
) -> int:
    store = None if arguments.per_image is None else PerImageFile(arguments.per_image)
    with progress_bar("image", **({} if group.is_leader else {"disable": True})) as show:
        result = evaluate(
            data_sets,
            methods,
            lpips=not arguments.no_lpips,
            dists=arguments.dists,
            niqe=arguments.niqe,
            limit=arguments.limit,
            known=() if store is None or arguments.again else store.rows.values(),
            save_folder=arguments.save,
            progress=show,
            keep=None if store is None else store.keep,
            group=group,
        )
    if not group.is_leader:  # the first process says and writes it all
        return 0
    hard = correlations(result.images)
    _print(result, hard)
    for file, text in (
        (arguments.csv, to_csv(result.rows)),
        (arguments.markdown, to_markdown(result, hard)),
        (arguments.json, to_json(result, hard)),
    ):
        if file is not None:
            write_file(file, text.encode())
    if arguments.figures is not None:
        from sr.figures.plots import draw_figures

        for path in draw_figures(arguments.figures, result, hard, data_sets, methods):
            print(path)
    if arguments.ppd:
        _look(arguments, measured_sets(data_sets, result), methods)
    if arguments.excel:
        files = [arguments.output / name for name in TABLES]
        tables = {file.stem: file.read_text("utf-8") for file in files if file.is_file()}
        for name, data in for_excel(tables, "tables").items():
            write_file(arguments.output / name, data)
    print(*(f"left out: {one}\n" for one in result.failures), sep="", end="", file=sys.stderr)
    if result.failures:
        print(f"error: {left_out(result)}", file=sys.stderr)
    return EXIT_LEFT_OUT if result.failures else 0


def _check_choice(arguments: argparse.Namespace) -> None:
    """What is asked for can be had together."""
    if arguments.excel and arguments.output is None:
        raise ConfigError("--excel adds files to --output FOLDER; give it one")
    if arguments.no_original:
        given = ("degradation", "ppd", "dists", "figures")
        if asked := [f"--{name}" for name in given if getattr(arguments, name)]:
            raise ConfigError(
                f"{asked[0]} compares with originals; --no-original says that there are none"
            )


def _look(arguments: argparse.Namespace, data_sets: list[DataSet], methods: list[Method]) -> None:
    """What a person sees of it: a table, a file and a figure."""
    from sr.evaluation import seen

    with progress_bar("image") as show:
        rows = seen.look(
            data_sets, methods, arguments.ppd, lpips=not arguments.no_lpips, progress=show
        )
    print()
    print(format_table(tuple(seen.HEADINGS.values()), seen.cells(rows)))
    print(f"{seen.CAPTION}.")
    for sentence in seen.sentences(rows):
        print(f"{sentence}.")
    if arguments.output is not None:
        write_file(arguments.output / "ppd.csv", seen.to_csv(rows).encode())
    if arguments.figures is not None:
        for path in write_figures(seen.draw(rows), arguments.figures / "ppd"):
            print(path)


def _print(result: Evaluation, hard: list[Correlation]) -> None:
    headings = headings_of(result.rows)
    print(format_table(tuple(headings.values()), cells(result.rows, headings)))
    for sentence in caption(result):
        print(f"{sentence}.")
    if shown := telling(hard):
        print("\nWhich images are hard:")
        print(
            format_table(tuple(CORRELATION_HEADINGS.values()), cells(shown, CORRELATION_HEADINGS))
        )
        print(f"{CAPTION}.")

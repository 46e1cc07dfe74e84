"""python -m sr train: the arguments, the data they name, and the run they start."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import time
from contextlib import nullcontext
from pathlib import Path

from sr.base.errors import ConfigError
from sr.batches.pixels import Pixels
from sr.batches.training_data import TrainingData
from sr.commands.console import (
    add_device_arguments,
    add_layout_argument,
    fraction,
    positive_int,
    progress_bar,
)
from sr.data.check import report_skipped
from sr.data.pairs import validation_set
from sr.microscopy.data.frames import Frames
from sr.runs.record import claimed
from sr.runs.trackers import TRACKERS, build_trackers, check_trackers
from sr.training.accelerate import accelerate, compiles
from sr.training.checkpoint import refuse_folder
from sr.training.distributed import Group, process_group
from sr.training.initial import prepared_device, sampler, try_out
from sr.training.recipe_files import as_toml, preset, read_recipe
from sr.training.recipes import PRESETS, Training
from sr.training.run import Run
from sr.training.settings import override
from sr.training.stage import Trainer
from sr.training.validation import Validation

logger = logging.getLogger(__name__)


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every command that trains: preset, data, device."""
    parser.add_argument(
        "preset", metavar="PRESET", nargs="?", help=f"one of: {', '.join(sorted(PRESETS))}"
    )
    parser.add_argument(
        "--recipe",
        metavar="FILE",
        type=Path,
        help="in the place of PRESET: a TOML file, as train PRESET --show prints one",
    )
    parser.add_argument(
        "--data",
        metavar="FOLDER",
        type=Path,
        help="a data set as downloaded (python -m sr data check says what it is), photographs, "
        "or for microscopy the word simulator",
    )
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="weights, state and log")
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="override one setting of the preset; may be given more than once",
    )
    add_layout_argument(parser)
    parser.add_argument(
        "--split", metavar="NAME", help="part of the data set (default: its training part)"
    )
    parser.add_argument(
        "--low-resolution",
        choices=("auto", "given", "bicubic"),
        default="auto",
        help="the data set's own low-resolution images, or made by MATLAB's bicubic "
        "(default: auto, its own where all of them fit)",
    )
    parser.add_argument(
        "--multiscale",
        metavar="FRACTION",
        type=fraction,
        nargs="+",
        default=[],
        help="train on every photograph reduced to these fractions of its size as well",
    )
    parser.add_argument(
        "--list", metavar="FILE", type=Path, help="train on the file names in FILE, one a line"
    )
    parser.add_argument(
        "--cache",
        metavar="FOLDER",
        default="auto",
        help="keep decoded pixels there, memory-mapped; or: memory (default: auto, memory where "
        "they fit)",
    )
    parser.add_argument(
        "--validate",
        metavar="FOLDER",
        type=Path,
        help="images or a data set, measured at every checkpoint on its own low-resolution files "
        "where it has them; the best weights are kept beside the last",
    )
    parser.add_argument(
        "--validate-images",
        metavar="N",
        type=positive_int,
        help="so many of them, evenly spread (default: up to 32, fewer where they are large)",
    )
    parser.add_argument(
        "--tracker",
        choices=TRACKERS,
        action="append",
        default=[],
        help="also write results and pictures there; csv always (default: csv)",
    )
    parser.add_argument(
        "--checkpoint-minutes", metavar="N", type=float, default=3.0, help="(default: 3)"
    )
    parser.add_argument(
        "--threads", metavar="N", type=positive_int, help="CPU threads (default: all)"
    )
    add_device_arguments(parser)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr train`."""
    add_data_arguments(parser)
    parser.add_argument(
        "--minutes",
        metavar="N",
        type=float,
        help="end after so many minutes by the clock, reading and validation among them, if the "
        "preset's iterations do not end it before",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the output folder")
    parser.add_argument(
        "--show", action="store_true", help="print the recipe with all its settings, and end"
    )
    parser.add_argument(
        "--compile",
        choices=("auto", "on", "off"),
        default="auto",
        help="torch.compile (default: auto, in long runs on a GPU)",
    )
    parser.add_argument(
        "--kernels",
        choices=("auto", "off"),
        default="auto",
        help="what is faster in C on a CPU, compiled when it is wanted (default: auto, where "
        "there is a C compiler)",
    )
    parser.add_argument(
        "--cuda-graph",
        choices=("auto", "off"),
        default="auto",
        help="replay an update on a GPU as one graph (default: auto)",
    )
    parser.epilog = (
        "Example:\n  python -m sr train srresnet_fast --data photos/ --output runs/a --minutes 60\n"
        "  torchrun --nproc-per-node 4 -m sr train srgan_fast --data photos/ --output runs/b"
    )


def run(args: argparse.Namespace) -> int:
    """`python -m sr train`: returns the exit status.

    Raises:
        SRError: whatever the arguments, the data or the run make impossible.
    """
    started = time.perf_counter()
    follow_the_leader()
    config = checked_config(args)
    if args.show:
        print(as_toml(config), end="")
        return 0
    need_folders(args)
    if args.minutes is not None and not args.minutes > 0:
        raise ConfigError(f"--minutes {args.minutes}: needed a positive number")
    with process_group(prepared_device(args.device, args.threads)) as (group, device):
        refuse_folder(args.output, config, resume=args.resume)
        with claimed(args.output) if group.is_leader else nullcontext():
            check_trackers(args.tracker)
            tried = try_out(config, device, args.precision)
            refuse_folder(args.output, config, resume=args.resume, **tried)
            measured = validation(args, config, group)
            chosen = training_data(args, config)
            pixels = load_data(chosen, config, group)
            data, config = sampler(pixels, config, device, group)
            if measured is not None and isinstance(pixels, Pixels):
                measured.warn_of(pixels.paths)
            trainer = Trainer(config, data, device=device, precision=args.precision, group=group)
            updates = accelerate(
                trainer,
                compile=compiles(args.compile, config, device),
                cuda_graph=args.cuda_graph == "auto",
                kernels=args.kernels == "auto",
            )
            training = Run(
                updates,
                args.output,
                data_name=chosen.name,
                data_sha256=pixels.sha256,
                low_resolution=pixels.origin,
                minutes=args.minutes,
                checkpoint_minutes=args.checkpoint_minutes,
                validation=measured,
                started=started,
            )
            if args.resume:
                training.resume()
            if group.is_leader:
                report_skipped(data.skipped, args.output)
                settings = dataclasses.asdict(config) | {"data": chosen.name}
                training.trackers = build_trackers(
                    args.tracker, args.output, settings, iteration=trainer.iteration
                )
            training.train()
            logger.info("the weights are in %s", training.weights_path)
    return 0


def follow_the_leader() -> None:
    """Of several processes the first one tells what it does, the others only what goes wrong."""
    level = logging.INFO if os.environ.get("RANK", "0") == "0" else logging.WARNING
    logging.basicConfig(level=level, format="%(message)s")


def need_folders(args: argparse.Namespace) -> None:
    """Everything but `--show` reads and writes.

    Raises:
        ConfigError: a folder was not given.
    """
    if args.data is None or args.output is None:
        raise ConfigError("--data FOLDER and --output FOLDER are needed")


def checked_config(args: argparse.Namespace) -> Training:
    """The preset or recipe with what `--set` changes.

    Raises:
        ConfigError: an unknown preset or setting, or a recipe that cannot be read.
    """
    if (args.preset is None) == (args.recipe is None):
        raise ConfigError("give PRESET, or --recipe FILE in its place")
    recipe = preset(args.preset) if args.recipe is None else read_recipe(args.recipe)
    return override(recipe, args.set)


def training_data(args: argparse.Namespace, config: Training) -> TrainingData:
    """What `--data` and its companions name."""
    is_measured = args.validate is not None and config.source == "photographs"
    measured = validation_set(args.validate, scale=config.scale).pairs if is_measured else ()
    return TrainingData(
        args.data,
        source=config.source,
        layout=args.layout,
        split=args.split,
        low_resolution=args.low_resolution,
        fractions=tuple(args.multiscale),
        list_file=args.list,
        cache=args.cache,
        validated=tuple(pair.hr for pair in measured),
    )


def load_data(data: TrainingData, config: Training, group: Group) -> Pixels | Frames:
    """The photographs or frames, with a bar on the leading process.

    Raises:
        DataError: nothing usable is there.
    """
    hidden = None if group.is_leader else True
    with progress_bar("image", desc="decoding", disable=hidden) as show:
        raw_frames = int(config.network_args.get("channels", 1))
        return data.load(
            scale=config.scale, raw_frames=raw_frames, processes=group.here, progress=show
        )


def validation(args: argparse.Namespace, config: Training, group: Group) -> Validation | None:
    """What `--validate` names; only the leading process measures."""
    if args.validate is None or not group.is_leader:
        return None
    if config.source == "microscopy":
        raise ConfigError(
            "--validate: measures photographs; python -m sr microscope evaluate measures frames"
        )
    return Validation(args.validate, scale=config.scale, most=args.validate_images)

"""python -m sr sweep and runs: trainings over a grid of settings; trainings compared."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import Any, NamedTuple

from sr.base.errors import ConfigError
from sr.batches.pixels import Pixels
from sr.commands.console import format_table, positive_float, positive_int
from sr.commands.train import (
    add_data_arguments,
    checked_config,
    load_data,
    need_folders,
    training_data,
    validation,
)
from sr.evaluation.sweep import (
    finished,
    grid,
    parse_vary,
    plot,
    remember,
    summary,
    trial_name,
    write_table,
)
from sr.microscopy.data.frames import Frames
from sr.runs.curves import draw, read_curves, table
from sr.runs.record import claimed
from sr.runs.trackers import build_trackers, check_trackers
from sr.training.accelerate import accelerate
from sr.training.distributed import Group
from sr.training.initial import prepared_device, sampler, try_out
from sr.training.recipes import Training
from sr.training.run import Run
from sr.training.settings import override
from sr.training.stage import Trainer, TrainingDiverged
from sr.training.validation import Validation

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr sweep`."""
    add_data_arguments(parser)
    parser.add_argument(
        "--vary",
        metavar="KEY=VALUE,VALUE",
        action="append",
        required=True,
        help="a setting and its values; several of them make a grid",
    )
    parser.add_argument(
        "--iterations", metavar="N", type=int, default=500, help="of each trial (default: 500)"
    )
    parser.add_argument(
        "--seeds",
        metavar="N",
        type=positive_int,
        default=1,
        help="train every point of the grid so many times, with other chance; the plot shows the "
        "mean and the spread (default: 1)",
    )
    parser.add_argument(
        "--minutes", metavar="N", type=positive_float, help="wall-clock limit of each trial"
    )
    parser.epilog = (
        "Example:\n  python -m sr sweep srgan_fast --data photos/ --output runs/sweep "
        "--validate Set5 \\\n      --vary learning_rate=1e-4,3e-4 --vary content_weight=0.1,0.3 "
        "--tracker mlflow"
    )


def run(args: argparse.Namespace) -> int:
    """`python -m sr sweep`: trains every point of the grid that has no result yet.

    A trial that was begun goes on; a finished one is only validated, where `--validate` is another.

    Raises:
        ConfigError: a trial was begun with other settings.
        SRError: whatever the arguments or the data make impossible. A trial that diverges is a
            result, not an error.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if args.iterations < 1:
        raise ConfigError(f"--iterations {args.iterations}: needed 1 or more")
    need_folders(args)
    base = override(checked_config(args), [f"iterations={args.iterations}", "epochs=0"])
    seeds = [str(base.seed + index) for index in range(args.seeds)]
    vary = [*args.vary, *([f"seed={','.join(seeds)}"] if len(seeds) > 1 else [])]
    trials = [
        Trial(point, config, args.output / trial_name(point), trial_settings(args, config))
        for point, config in grid(base, vary)
    ]
    results = [finished(trial.folder, trial.settings) for trial in trials]
    device = prepared_device(args.device, args.threads)
    check_trackers(args.tracker)
    for config in {(t.config.content, t.config.discriminator): t.config for t in trials}.values():
        try_out(config, device, args.precision)
    rows: list[dict[str, Any]] = []
    with claimed(args.output):
        measured = validation(args, base, Group())
        chosen = training_data(args, base)
        pixels = load_data(chosen, base, Group())
        if measured is not None and isinstance(pixels, Pixels):
            measured.warn_of(pixels.paths)
        for index, (trial, row) in enumerate(zip(trials, results, strict=True), 1):
            if row is None:
                logger.info("trial %d of %d: %s", index, len(trials), trial.folder.name)
                row = _trained(args, trial, pixels, chosen.name, measured)
                if row is None:
                    logger.info("stopped; run the same command again to go on with this trial")
                    break
            rows.append({**trial.point, **row})
            write_table(args.output / "sweep.csv", rows)
    if rows:
        plot(args.output / "sweep", rows, [key for key, _ in parse_vary(args.vary)])
        logger.info("%s", summary(rows, [key for key, _ in parse_vary(args.vary)]))
    return 0


class Trial(NamedTuple):
    """A point of the grid, its recipe, its folder, and all that its results depend on."""

    point: dict[str, str]
    config: Training
    folder: Path
    settings: dict[str, Any]


def _trained(
    args: argparse.Namespace,
    trial: Trial,
    pixels: Pixels | Frames,
    data_name: str,
    measured: Validation | None,
) -> dict[str, Any] | None:
    """The results of a trial, trained from where it was; None where it was stopped."""
    device = prepared_device(args.device, args.threads)
    data, config = sampler(pixels, trial.config, device, Group())
    trainer = Trainer(config, data, device=device, precision=args.precision)
    run = Run(
        accelerate(trainer),
        trial.folder,
        data_name=data_name,
        data_sha256=pixels.sha256,
        low_resolution=pixels.origin,
        minutes=args.minutes,
        checkpoint_minutes=args.checkpoint_minutes,
        validation=measured,
    )
    if run.state_path.is_file():
        run.resume()
    run.trackers = build_trackers(
        args.tracker, trial.folder, trial.settings, iteration=trainer.iteration
    )
    remember(trial.folder, trial.settings, None)
    row: dict[str, Any] = {"diverged": 1}
    try:
        row = dict(run.train())
    except TrainingDiverged as error:
        logger.warning("%s", error)
    if run.stop:
        return None
    remember(trial.folder, trial.settings, row)
    return row


def trial_settings(args: argparse.Namespace, config: Training) -> dict[str, Any]:
    """All that the results of a trial depend on."""
    return dataclasses.asdict(config) | {
        "data": training_data(args, config).name,
        "low_resolution": args.low_resolution,
        "minutes": args.minutes,
        "precision": args.precision,
        "validation": None if args.validate is None else str(args.validate.resolve()),
    }


def add_runs_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr runs`."""
    parser.add_argument(
        "folders", metavar="FOLDER", nargs="+", type=Path, help="--output of train, or of sweep"
    )
    parser.add_argument(
        "--plot", metavar="FILE", type=Path, help="draw their curves: .png, .svg or .pdf"
    )
    parser.epilog = "Example:\n  python -m sr runs runs/a runs/b --plot curves.svg"


def run_runs(args: argparse.Namespace) -> int:
    """`python -m sr runs`: returns the exit status.

    Raises:
        SRError: a folder without a run, or a figure that cannot be drawn.
    """
    runs = read_curves(args.folders)
    if args.plot is not None:
        draw(args.plot, runs)
    print(format_table(*table(runs)))
    return 0

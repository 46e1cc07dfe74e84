"""python -m sr sweep: short trainings over a grid of settings, a table and a plot of them."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from typing import Any

from sr.base.errors import ConfigError
from sr.commands.console import positive_float
from sr.commands.train import (
    add_data_arguments,
    checked_config,
    load_data,
    prepare_device,
    sampler,
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
from sr.training.accelerate import accelerate
from sr.training.distributed import Group
from sr.training.recipes import Training
from sr.training.run import Run
from sr.training.settings import override
from sr.training.stage import Trainer, TrainingDiverged
from sr.training.tracking import build_trackers

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
    base = override(checked_config(args), [f"iterations={args.iterations}", "epochs=0"])
    trials = grid(base, args.vary)
    folders = [args.output / trial_name(point) for point, _ in trials]
    wanted = [trial_settings(args, config) for _, config in trials]
    results = [finished(*trial) for trial in zip(folders, wanted, strict=True)]
    device = prepare_device(args)
    group = Group()
    pixels = load_data(training_data(args, base), base, group)
    measured = validation(args, base, group)
    rows: list[dict[str, Any]] = []
    for index, (point, config) in enumerate(trials):
        folder, settings, row = folders[index], wanted[index], results[index]
        if row is None:
            logger.info("trial %d of %d: %s", index + 1, len(trials), folder.name)
            data, config = sampler(pixels, config, device, group)
            trainer = Trainer(config, data, device=device, precision=args.precision)
            trial = Run(
                accelerate(trainer),
                folder,
                data_name=training_data(args, config).name,
                data_sha256=pixels.sha256,
                low_resolution=pixels.origin,
                minutes=args.minutes,
                checkpoint_minutes=args.checkpoint_minutes,
                validation=measured,
            )
            if trial.state_path.is_file():
                trial.resume()
            trial.trackers = build_trackers(
                args.tracker, folder, settings, iteration=trainer.iteration
            )
            remember(folder, settings, None)
            try:
                row = dict(trial.train())
            except TrainingDiverged as error:
                logger.warning("%s", error)
                row = {"diverged": 1}
            if trial.stop:
                logger.info("stopped; run the same command again to go on with this trial")
                break
            remember(folder, settings, row)
        rows.append({**point, **row})
        write_table(args.output / "sweep.csv", rows)
    if rows:
        plot(args.output / "sweep.png", rows, [key for key, _ in parse_vary(args.vary)])
        logger.info("%s", summary(rows, list(trials[0][0])))
    return 0


def trial_settings(args: argparse.Namespace, config: Training) -> dict[str, Any]:
    """All that the results of a trial depend on."""
    return dataclasses.asdict(config) | {
        "data": training_data(args, config).name,
        "low_resolution": args.low_resolution,
        "minutes": args.minutes,
        "precision": args.precision,
        "validation": None if args.validate is None else str(args.validate.resolve()),
    }

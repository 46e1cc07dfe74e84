"""python -m sr study: short trainings over a grid of settings, a table and a plot of them."""

from __future__ import annotations

import argparse
import dataclasses
import io
import itertools
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sr.base.errors import ConfigError
from sr.base.files import csv_text, write_atomically
from sr.commands.console import positive_float
from sr.commands.train import (
    add_data_arguments,
    checked_config,
    data_name,
    load_data,
    prepare_device,
    sampler,
    validation,
)
from sr.training.distributed import Group
from sr.training.recipes import Training
from sr.training.run import Run
from sr.training.settings import comparable, override
from sr.training.stage import Trainer, TrainingDiverged
from sr.training.tracking import build_trackers

logger = logging.getLogger(__name__)

MOST_TRIALS = 200
HIGHER_IS_BETTER = ("psnr_y", "ssim_y")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr study`."""
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
        "Example:\n  python -m sr study srgan_fast --data photos/ --output runs/study "
        "--validate Set5 \\\n      --vary learning_rate=1e-4,3e-4 --vary content_weight=0.1,0.3 "
        "--tracker mlflow"
    )


def run(args: argparse.Namespace) -> int:
    """`python -m sr study`: trains every point of the grid that has no result yet.

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
    pixels = load_data(args, base, group)
    measured = validation(args, base, group)
    rows: list[dict[str, Any]] = []
    for index, (point, config) in enumerate(trials):
        folder, settings, row = folders[index], wanted[index], results[index]
        if row is None:
            logger.info("trial %d of %d: %s", index + 1, len(trials), folder.name)
            data, config = sampler(pixels, config, device, group)
            trainer = Trainer(config, data, device=device, precision=args.precision)
            trial = Run(
                trainer,
                folder,
                data_name=data_name(args),
                data_sha256=pixels.sha256,
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
        write_table(args.output / "study.csv", rows)
    if rows:
        plot(args.output / "study.png", rows, [key for key, _ in parse_vary(args.vary)])
        logger.info("%s", summary(rows, list(trials[0][0])))
    return 0


def parse_vary(options: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Settings with their values, as text.

    Raises:
        ConfigError: not KEY=VALUE,VALUE, or a setting named twice.
    """
    varied: list[tuple[str, list[str]]] = []
    for option in options:
        key, equals, text = option.partition("=")
        values = [value.strip() for value in text.split(",") if value.strip()]
        if not equals or not values:
            raise ConfigError(f"--vary {option}: needed KEY=VALUE,VALUE")
        if key in (known for known, _ in varied):
            raise ConfigError(f"--vary {key} is there twice; give all its values at once")
        if key in ("iterations", "epochs", "scale"):
            raise ConfigError(f"--vary {key}: all trials of a study have one {key}")
        varied.append((key, values))
    return varied


def grid(base: Training, options: Sequence[str]) -> list[tuple[dict[str, str], Training]]:
    """Every combination: what is varied, and the configuration.

    Raises:
        ConfigError: an impossible value, or more than MOST_TRIALS combinations.
    """
    varied = parse_vary(options)
    points = [
        dict(zip((key for key, _ in varied), values, strict=True))
        for values in itertools.product(*(values for _, values in varied))
    ]
    if len(points) > MOST_TRIALS:
        raise ConfigError(f"{len(points)} trials; give fewer values, {MOST_TRIALS} at most")
    return [
        (point, override(base, [f"{key}={value}" for key, value in point.items()]))
        for point in points
    ]


def trial_name(point: Mapping[str, str]) -> str:
    """The folder of a trial."""
    return ",".join(f"{key}={value}" for key, value in point.items()).replace("/", "_")


def trial_settings(args: argparse.Namespace, config: Training) -> dict[str, Any]:
    """All that the figures of a trial depend on."""
    return dataclasses.asdict(config) | {
        "data": data_name(args),
        "low_resolution": args.low_resolution,
        "minutes": args.minutes,
        "precision": args.precision,
        "validation": None if args.validate is None else str(args.validate.resolve()),
    }


def remember(folder: Path, settings: Mapping[str, Any], row: Mapping[str, Any] | None) -> None:
    """Write down the settings of a trial, and its last figures when it is done."""
    result = {"settings": settings, "row": row}
    write_atomically(folder / "result.json", (json.dumps(result, indent=2) + "\n").encode())


def finished(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """The figures of a trial that is done; None where training or validation is wanted.

    Raises:
        ConfigError: the trial was begun with other settings.
    """
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        known, row = result["settings"], result["row"]
    except (OSError, ValueError, KeyError):
        return None
    known, settings = comparable(known), comparable(settings)
    changed = [key for key in settings if known.get(key) != settings[key]]
    if changed == ["validation"]:
        return row if settings["validation"] is None else None
    if changed:
        raise ConfigError(
            f"{folder}: a trial with other settings ({', '.join(changed)}); give the same, or "
            "another --output folder"
        )
    return row


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """One line a trial: the settings, then the last figures."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = csv_text(columns, ([row.get(column) for column in columns] for row in rows), digits=6)
    write_atomically(path, text.encode())


def metrics_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What trials can be compared by: the validation, else the pixel loss."""
    wanted = ("psnr_y", "lpips_alex")
    found = [key for key in wanted if any(key in row for row in rows)]
    return found or [key for key in ("g/pixel",) if any(key in row for row in rows)]


def summary(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    """The best trial by each metric, in a sentence."""
    said = []
    for metric in metrics_of(rows):
        measured = [row for row in rows if metric in row]
        pick = max if metric in HIGHER_IS_BETTER else min
        best = pick(measured, key=lambda row: float(row[metric]))
        point = ", ".join(f"{key}={best[key]}" for key in keys)
        said.append(f"best {metric} {float(best[metric]):.4g} with {point}")
    return f"{len(rows)} trials; " + ("; ".join(said) or "none has a figure")


def plot(path: Path, rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> None:
    """One panel a metric: the first setting along the axis, a line for each of the others' values.

    Without matplotlib there is no plot, only a line that says so.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        logger.warning("no plot: pip install matplotlib")
        return
    metrics = metrics_of(rows)
    if not metrics:
        logger.warning("no plot: no trial has a figure")
        return
    first, *others = keys
    places = list(dict.fromkeys(str(row[first]) for row in rows))
    lines = list(dict.fromkeys(tuple(str(row[key]) for key in others) for row in rows))
    figure = Figure(figsize=(5.0 * len(metrics), 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, metric in zip(
        figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True
    ):
        for line in lines:
            chosen = {
                str(row[first]): float(row[metric])
                for row in rows
                if metric in row and tuple(str(row[key]) for key in others) == line
            }
            label = ", ".join(f"{key} {value}" for key, value in zip(others, line, strict=True))
            axes.plot(
                [place for place in places if place in chosen],
                [chosen[place] for place in places if place in chosen],
                marker="o",
                label=label or None,
            )
        better = "higher" if metric in HIGHER_IS_BETTER else "lower"
        axes.set(xlabel=first, ylabel=f"{metric} ({better} is better)")
        axes.grid(alpha=0.3)
        if others:
            axes.legend(fontsize="small")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120)
    write_atomically(path, content.getvalue())

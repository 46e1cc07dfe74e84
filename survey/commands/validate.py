"""python -m survey validate: the statistics on simulated studies whose truth is known."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from survey.simulation.validate import validate
from survey.study.errors import SurveyError


class ValidationError(SurveyError):
    """The command cannot do what it was asked."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey validate`."""
    parser.add_argument(
        "--studies", metavar="N", type=int, default=1000, help="in each world (default: 1000)"
    )
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="(default: 0)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all results there")
    parser.add_argument("--figure", metavar="FILE", type=Path, help="draw coverage (.png or .svg)")


def run(args: argparse.Namespace) -> int:
    """Simulate, print, write; status 1 when a promise does not hold.

    Raises:
        ValidationError: a number is out of range or a file cannot be written.
    """
    if args.studies < 1 or args.seed < 0:
        raise ValidationError(
            f"--studies {args.studies} --seed {args.seed}; needed 1 or more studies and no "
            "negative seed"
        )
    result = validate(args.studies, args.seed, _say_what_is_next)
    try:
        if args.json is not None:
            args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        if args.figure is not None:
            from survey.reporting.drawing import write_figure
            from survey.reporting.figures import coverage_figure

            write_figure(coverage_figure(result), args.figure)
    except OSError as error:
        raise ValidationError(f"{error.filename}: {error.strerror}; give another file") from error
    sys.stdout.write(as_text(result))
    return 0 if all(result["proofs"].values()) else 1


def _say_what_is_next(name: str) -> None:
    sys.stderr.write(f"{name} ...\n")


def as_text(result: dict[str, Any]) -> str:
    """The results for a terminal."""
    lines = [f"{result['studies']} studies in each world, seed {result['seed']}", ""]
    for world, found in result["coverage"].items():
        for name, row in found.items():
            lines.append(f"{world:<18} {name:<20} {row['coverage']:6.1%} of {row['intervals']}")
    lines += ["", *(f"{name:<39} {v:6.1%}" for name, v in result["false_positives"].items()), ""]
    for row in result["careless_rater"]:
        lines.append(f"careless rater last among {row['raters']:<13} {row['ranked_last']:6.1%}")
    lines.append(
        f"shift by a left bias of 10 %            {result['left_bias']['largest_shift']:6.2%}"
    )
    lines += ["", f"interval coverage    {result['interval_coverage']:.1%}"]
    lines.append(f"false positive rate  {result['false_positive_rate']:.1%}")
    failed = [name for name, holds in result["proofs"].items() if not holds]
    lines.append(f"failed: {', '.join(failed)}" if failed else "all promises hold")
    return "\n".join(lines) + "\n"

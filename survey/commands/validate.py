"""python -m survey validate: the statistics on simulated studies whose truth is known."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from sr.base.files import write_atomically
from survey.simulation.validate import chunks, proofs, share
from survey.study.errors import SurveyError


class ValidationError(SurveyError):
    """The command cannot do what it was asked."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey validate`."""
    parser.add_argument(
        "--studies", metavar="N", type=int, default=1000, help="in each world (default: 1000)"
    )
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="(default: 0)")
    parser.add_argument(
        "--json", metavar="FILE", type=Path,
        help="write all results there as they come; where it is there already, go on from it",
    )  # fmt: skip
    parser.add_argument("--page", metavar="FILE", type=Path, help="write docs/validity.md")
    parser.add_argument("--figure", metavar="FILE", type=Path, help="draw coverage (.png or .svg)")


def run(args: argparse.Namespace) -> int:
    """Simulate, print, write; status 1 when a promise does not hold.

    Raises:
        ValidationError: a number is out of range, or a file cannot be read or written.
    """
    if args.studies < 1 or args.seed < 0:
        raise ValidationError(
            f"--studies {args.studies} --seed {args.seed}; needed 1 or more studies and no "
            "negative seed"
        )
    result = _earlier(args.json, args.seed) or {"seed": args.seed, "found": {}}
    try:
        for name, found in chunks(args.studies, args.seed, result):
            sys.stderr.write(f"{found['found'][name]['studies']} of {name}\n")
            if args.json is not None:
                write_atomically(args.json, (json.dumps(found, indent=1) + "\n").encode())
        _write_page(args, result)
    except OSError as error:
        raise ValidationError(f"{error.filename}: {error.strerror}; give another file") from error
    held = proofs(result)
    sys.stdout.write(as_text(result, held))
    return 0 if all(held.values()) else 1


def _write_page(args: argparse.Namespace, result: dict[str, Any]) -> None:
    from survey.reporting.page.drawing import write_figure
    from survey.reporting.validity import coverage_figure, page

    if args.page is not None:
        args.page.write_text(page(result), encoding="utf-8")
    if args.figure is not None:
        write_figure(coverage_figure(result), args.figure)


def _earlier(file: Path | None, seed: int) -> dict[str, Any] | None:
    """The results of an earlier run.

    Raises:
        ValidationError: the file is of another seed, or not one of ours.
    """
    if file is None or not file.exists():
        return None
    try:
        result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        its_seed = result["seed"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValidationError(
            f"{file}: no results of an earlier run ({error}); give another --json"
        ) from error
    if its_seed != seed:
        raise ValidationError(f"{file} is of --seed {its_seed}, not {seed}; give another --json")
    return result


def as_text(result: dict[str, Any], held: dict[str, bool]) -> str:
    """The results for a terminal."""
    lines = []
    for world, found in result["found"].items():
        lines.append(f"{world}, {found['studies']} studies")
        lines += [f"  {name:<28} {share(result, world, name):8.3f}" for name in found["numbers"]]
    failed = [name for name, holds in held.items() if not holds]
    lines.append(f"failed: {', '.join(failed)}" if failed else "all promises hold")
    return "\n".join(lines) + "\n"

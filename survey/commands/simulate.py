"""python -m survey simulate: raters who are programs, marked as such."""

from __future__ import annotations

import argparse

from survey.session.survey import opened
from survey.simulation.simulate import simulate
from survey.study.errors import StudyError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey simulate`."""
    parser.add_argument("--raters", metavar="N", type=int, required=True)
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="(default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Send them through.

    Raises:
        SurveyError: the survey cannot run.
    """
    with opened(args.study) as survey:
        if args.raters < 1:
            raise StudyError(f"--raters {args.raters}; needed 1 or more")
        stored = simulate(survey, raters=args.raters, seed=args.seed)
    print(f"{args.raters} simulated raters, {stored} responses")
    return 0

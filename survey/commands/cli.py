"""The command line of the survey: python -m survey --help."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from sr.base.errors import SRError
from sr.commands.console import print_any_name
from survey.commands import (
    export,
    link,
    prepare,
    report,
    restore,
    simulate,
    status,
    validate,
    withdraw,
)
from survey.study.errors import SurveyError
from survey.study.settings import served_study


class Command(NamedTuple):
    """What a name on the command line does."""

    text: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    has_study: bool = True  # whether it takes --study


def of(module: ModuleType, text: str, *, has_study: bool = True) -> Command:
    """The command of a file of its own."""
    return Command(text, module.add_arguments, module.run, has_study)


def no_arguments(parser: argparse.ArgumentParser) -> None:
    """For a command that takes none but --study."""


COMMANDS = {
    "prepare": of(prepare, "make a study from a folder of original photographs"),
    "status": Command("say how far a study is", no_arguments, status.run),
    "export": of(export, "write the ratings and their summaries as CSV"),
    "simulate": of(simulate, "send simulated raters through a study, marked as such"),
    "withdraw": of(withdraw, "erase one person everywhere", has_study=False),
    "anonymise": Command(
        "cut what could point to a person from old entries",
        withdraw.add_age,
        withdraw.run_anonymise,
        has_study=False,
    ),
    "open": Command("let raters in", no_arguments, status.run_open),
    "close": Command("take no more answers", no_arguments, status.run_close),
    "link": of(link, "print the address for a class and its QR code, or make invitations"),
    "restore": of(restore, "fetch a backup into NITIDEZ_DATA, which it fills", has_study=False),
    "mend": Command(
        "make database and journal one again where they differ, or one is lost",
        restore.add_keep,
        restore.run_mend,
        has_study=False,
    ),
    "report": of(report, "write a report with figures and all tables as one zip file"),
    "validate": of(
        validate, "prove the statistics on simulated studies with known truth", has_study=False
    ),
}


def build_parser() -> argparse.ArgumentParser:
    """All commands."""
    parser = argparse.ArgumentParser(
        prog="python -m survey",
        description="Prepare, watch and export the blind survey. Its data lie in NITIDEZ_DATA.",
        epilog="Example: python -m survey export --study default --output results",
    )
    parser.add_argument(
        "--debug", action="store_true", help="show the traceback of an error as well"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        added = commands.add_parser(name, help=command.text, description=command.text)
        if command.has_study:
            added.add_argument(
                "--study",
                metavar="NAME",
                default=served_study(),
                help="(default: NITIDEZ_STUDY, else default; here %(default)s)",
            )
        command.add_arguments(added)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and do what it says; returns the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    # What it says is raised again, and told once.
    logging.getLogger("survey.session.survey").setLevel(logging.CRITICAL)
    print_any_name()
    args = build_parser().parse_args(arguments)
    try:
        return COMMANDS[args.command].run(args)
    except (SurveyError, SRError) as error:
        if args.debug:
            raise
        sys.stderr.write(f"error: {error}\n")
        return 2

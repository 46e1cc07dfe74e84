"""python -m survey withdraw, anonymise: erase a person, or what points to one, in all studies."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from survey.session.owner import anonymise
from survey.session.rating import withdraw
from survey.session.survey import Survey
from survey.study.errors import StudyError
from survey.study.settings import data_folder

PENDING = "begun, and gone on with by the app: its next backup removes the older ones"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey withdraw`."""
    parser.add_argument("code", metavar="CODE", help="the withdrawal code the person was shown")


def run(args: argparse.Namespace) -> int:
    """Erase.

    Raises:
        SurveyError: nobody has the code, or there is no database.
    """
    with _with_answers() as survey:
        is_done = withdraw(survey, args.code)
    print("erased" if is_done else PENDING)
    return 0


def add_age(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey anonymise`."""
    parser.add_argument("--older-than", metavar="DAYS", type=int, required=True)


def run_anonymise(args: argparse.Namespace) -> int:
    """Make anonymous.

    Raises:
        SurveyError: a negative age, or there is no database.
    """
    if args.older_than < 0:
        raise StudyError(f"--older-than {args.older_than}; needed 0 days or more")
    with _with_answers() as survey:
        print(f"{anonymise(survey, args.older_than)} participants made anonymous")
        if survey.record.jobs():
            print(PENDING)
    return 0


@contextmanager
def _with_answers() -> Iterator[Survey]:
    folder = data_folder()
    if not any((folder / name).exists() for name in ("survey.db", "journal")):
        raise StudyError(f"{folder} holds no answers; set NITIDEZ_DATA to the survey's folder")
    survey = Survey(folder)
    try:
        yield survey
    finally:
        survey.close()

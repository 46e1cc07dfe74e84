"""python -m survey restore, mend: data back from a backup, from database or journal."""

from __future__ import annotations

import argparse

from survey.backup.backends import BackupError, open_backend
from survey.backup.restore import restore
from survey.storage.erasure import COPIES, is_nobody_in
from survey.storage.record import Record
from survey.study.errors import RecordsDifferError, StudyError
from survey.study.settings import data_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey restore`."""
    parser.add_argument(
        "place", metavar="PLACE", help="as in NITIDEZ_BACKUP: dataset:OWNER/NAME, ..."
    )


def run(args: argparse.Namespace) -> int:
    """Fetch a backup.

    Raises:
        SurveyError: the folder is not empty, or no whole backup can be had.
    """
    folder = data_folder()
    if not is_nobody_in(folder):
        raise StudyError(f"{folder} holds answers already; set NITIDEZ_DATA to a new folder")
    try:
        backend = open_backend(args.place, folder / COPIES)
        if not restore(folder, backend):
            raise StudyError(f"{args.place}: no backup is there yet")
    except BackupError as error:
        raise StudyError(str(error)) from None
    print(f"{args.place} restored into {folder}; python -m survey status says what is in it")
    return 0


def add_keep(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey mend`."""
    parser.add_argument(
        "--keep",
        choices=["database", "journal"],
        default="",
        help="which of the two is right; the other is put aside, and made anew",
    )


def run_mend(args: argparse.Namespace) -> int:
    """Say how database and journal differ, or make them one again; where one is lost, it is made
    from the other.

    Raises:
        SurveyError: there are none, or the one to keep cannot be read.
    """
    folder = data_folder()
    if not any((folder / name).exists() for name in ("survey.db", "journal")):
        raise StudyError(f"{folder} holds no answers; set NITIDEZ_DATA to the survey's folder")
    try:
        record = Record(folder, keep=args.keep)
    except RecordsDifferError as error:
        print(f"{error} --keep database or --keep journal; the other one is put aside")
        return 1
    events, responses = (
        record.store.number(f"SELECT count(*) FROM {table}") for table in ("event", "response")
    )
    print(f"database and journal tell the same story: {events} events, {responses} responses")
    for note in record.told_aside():
        print(f"aside/{note}")
    record.store.close()
    return 0

"""python -m survey restore, replay, mend: data back from a backup, a database from the journal."""

from __future__ import annotations

import argparse
from pathlib import Path

from survey.backup.backends import BackupError, open_backend
from survey.backup.restore import restore
from survey.storage.erasure import is_nobody_in
from survey.storage.events import check_copy, retell
from survey.storage.journal import Journal, joined
from survey.storage.record import Record
from survey.storage.store import Store
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
        backend = open_backend(args.place)
        if not restore(folder, backend, check=check_copy, is_empty=is_nobody_in):
            raise StudyError(f"{args.place}: no backup is there yet")
    except BackupError as error:
        raise StudyError(str(error)) from None
    print(f"{args.place} restored into {folder}; python -m survey status says what is in it")
    return 0


def add_output(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey replay`."""
    parser.add_argument(
        "--output", metavar="FILE", type=Path, required=True, help="of the database"
    )


def run_replay(args: argparse.Namespace) -> int:
    """Make a new database from the journal.

    Raises:
        SurveyError: the file exists, there is no journal, or it is damaged.
    """
    output: Path = args.output
    if output.exists():
        raise StudyError(f"{output} exists; give the name of a new file")
    folder = data_folder() / "journal"
    if not any(folder.glob("*.jsonl")):
        raise StudyError(f"{folder}: no journal there; set NITIDEZ_DATA to the survey's folder")
    lines, damaged = Journal(folder).read()
    record, more = joined([], lines)
    store = Store(output)
    try:
        retell(store, record)
        count = store.number("SELECT count(*) FROM response")
        print(f"{len(record)} events, {count} responses in {output}")
    finally:
        store.close()
    if damaged + more:
        print(f"{damaged + more} lines of the journal were damaged and are left out")
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
    """Say how database and journal differ, or make them one again.

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
    print("database and journal tell the same story")
    for note in record.told_aside():
        print(f"aside/{note}")
    record.store.close()
    return 0

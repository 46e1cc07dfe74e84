"""python -m survey restore, replay: data back from a backup, a database back from the journal."""

from __future__ import annotations

import argparse
from pathlib import Path

from survey.storage.backends import open_backend
from survey.storage.backup import BackupError, restore
from survey.storage.erasure import is_nobody_in
from survey.storage.journal import read_journal
from survey.storage.replay import apply
from survey.storage.responses import response_ids
from survey.storage.store import Store, check_database
from survey.study.errors import StudyError
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
        if not restore(folder, backend, check=check_database, is_empty=is_nobody_in):
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
    journal = data_folder() / "journal"
    if not any(journal.glob("*.jsonl")):
        raise StudyError(f"{journal}: no journal there; set NITIDEZ_DATA to the survey's folder")
    store = Store(output)
    try:
        count = apply(store, read_journal(journal))
        print(f"{count} events, {len(response_ids(store))} responses in {output}")
    finally:
        store.close()
    return 0

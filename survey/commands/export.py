"""python -m survey export: responses and summaries as CSV."""

from __future__ import annotations

import argparse
from pathlib import Path

from sr.base.errors import OutputError
from sr.base.files import check_folder
from survey.session.survey import opened
from survey.storage.responses import read_responses


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey export`."""
    parser.add_argument("--output", metavar="FOLDER", type=Path, required=True)
    parser.add_argument(
        "--excel",
        action="store_true",
        help="each table also with semicolons and decimal commas, and all as tables.xlsx",
    )
    parser.add_argument(
        "--include-simulated", action="store_true", help="simulated raters too, for tests"
    )


def run(args: argparse.Namespace) -> int:
    """Write the files.

    Raises:
        SurveyError: the study cannot be read, or the folder not written.
    """
    from survey.reporting.export import ExportError, export_files, write_export
    from survey.reporting.results import asked_of

    try:
        check_folder(args.output)  # before the analysis, which takes a while
    except OutputError as error:
        raise ExportError(f"--output {error}") from error
    with opened(args.study) as survey:
        frame = read_responses(survey.store, args.study, args.include_simulated)
        asked = asked_of(survey, args.include_simulated)
        files = export_files(frame, survey.study, asked=asked, excel=args.excel)
        write_export(files, args.output)
    print(f"{len(frame)} responses written to {args.output}")
    return 0

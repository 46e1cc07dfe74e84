"""python -m survey report: everything about a study in one zip file."""

from __future__ import annotations

import argparse
from pathlib import Path

from survey.reporting.report import ReportError, report_files, zip_bytes
from survey.reporting.words import LANGUAGES
from survey.session.survey import opened
from survey.storage.responses import read_responses


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey report`."""
    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="a .zip file")
    parser.add_argument(
        "--public", action="store_true", help="the edition that points to nobody: displays in bins"
    )
    parser.add_argument(
        "--include-simulated", action="store_true", help="simulated raters too, for tests"
    )
    parser.add_argument(
        "--language", choices=list(LANGUAGES), default="pt-BR", help="(default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Write the zip.

    Raises:
        SurveyError: the study or the database cannot be read, or the file not written.
    """
    if args.output.suffix.lower() != ".zip":
        raise ReportError(f"{args.output}: needed a name that ends with .zip")
    with opened(args.study) as survey:
        study = survey.study
        responses = read_responses(survey.store, args.study, args.include_simulated)
    files = report_files(responses, study, is_public=args.public, language=args.language)
    try:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_bytes(zip_bytes(files))
    except OSError as error:
        raise ReportError(f"{args.output}: {error.strerror}; give another --output") from error
    print(f"{len(responses)} responses, {len(files)} files in {args.output}")
    return 0

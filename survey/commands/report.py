"""python -m survey report: everything about a study in one zip file."""

from __future__ import annotations

import argparse
from pathlib import Path

from sr.base.errors import OutputError
from sr.base.files import check_file, write_file
from survey.reporting.page.words import LANGUAGES
from survey.reporting.public import SMALLEST_GROUP, WHY
from survey.reporting.report import ReportError, report_files, zip_bytes
from survey.reporting.results import asked_of
from survey.session.survey import opened
from survey.statistics.estimates.verdicts import MARGIN, SHARE_MARGIN
from survey.storage.responses import read_responses

UNDERSTOOD = "understood"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey report`."""
    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="a .zip file")
    parser.add_argument(
        "--public",
        action="store_true",
        help=f"the edition for anybody: tables of groups of {SMALLEST_GROUP} people or more",
    )
    parser.add_argument(
        "--single-responses",
        metavar="UNDERSTOOD",
        help="in the public edition too, for whoever has read why they are not: the word "
        f"'understood'. {WHY}".replace("%", "%%"),
    )
    parser.add_argument(
        "--include-simulated", action="store_true", help="simulated raters too, for tests"
    )
    parser.add_argument(
        "--margin", metavar="MOS", type=float,
        help="a difference in scores below this does not matter (default: as the owner set it in "
        f"the results tab, else {MARGIN:g})",
    )  # fmt: skip
    parser.add_argument(
        "--margin-preference", metavar="PERCENT", type=float,
        help="nor does a preference within so many per cent of one half (default: likewise, else "
        f"{100 * SHARE_MARGIN:g})",
    )  # fmt: skip
    parser.add_argument(
        "--language", choices=list(LANGUAGES), default="pt-BR", help="(default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Write the zip.

    Raises:
        SurveyError: the study or the database cannot be read, or the file not be written there.
        OutputError: it could not be written in the end.
    """
    if args.output.suffix.lower() != ".zip":
        raise ReportError(f"{args.output}: needed a name that ends with .zip")
    if args.single_responses is not None:
        if not args.public:
            raise ReportError("--single-responses: the full edition has them; needed --public")
        if args.single_responses != UNDERSTOOD:
            raise ReportError(f"{WHY} If they are to be public: --single-responses {UNDERSTOOD}")
    try:
        check_file(args.output)  # before the analysis, which takes a while
    except OutputError as error:
        raise ReportError(f"--output {error}") from error
    with opened(args.study) as survey:
        study = survey.study
        percent = args.margin_preference
        asked = asked_of(
            survey, args.include_simulated, margin=args.margin,
            share_margin=None if percent is None else percent / 100,
        )  # fmt: skip
        responses = read_responses(survey.store, args.study, args.include_simulated)
    files = report_files(
        responses, study, is_public=args.public, language=args.language, asked=asked,
        has_responses=args.single_responses is not None,
    )  # fmt: skip
    write_file(args.output, zip_bytes(files))
    print(f"{len(responses)} responses, {len(files)} files in {args.output}")
    return 0

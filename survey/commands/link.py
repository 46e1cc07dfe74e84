"""python -m survey link: the address for a class and its QR code, or one for each person."""

from __future__ import annotations

import argparse
from pathlib import Path

from sr.base.files import atomic_file, check_file
from survey.reporting.page.words import LANGUAGES
from survey.session.invitations import invite, set_completion
from survey.session.survey import opened
from survey.study.errors import StudyError

PICTURES, LISTS = (".svg", ".png"), (".pdf", ".csv", ".txt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey link`."""
    parser.add_argument(
        "address", metavar="ADDRESS", help="of the app, such as http://10.0.0.5:7860"
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="QR code as SVG or PNG; of invitations slips to cut as PDF, with their list beside "
        "it, or the list alone as CSV or text",
    )
    parser.add_argument(
        "--invitations",
        metavar="N",
        type=int,
        help="make N addresses for one person each; the study takes nobody else from then on",
    )
    parser.add_argument(
        "--completion-url",
        metavar="URL",
        help="of a panel (https), to which those it sends go back when they have finished; {id} in "
        "it becomes its id for the person; '' for none",
    )
    parser.add_argument(
        "--language", choices=list(LANGUAGES), default="pt-BR", help="of the slips (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the address; draw its code there or into a file.

    Raises:
        SurveyError: not an address, no such study, or a file cannot be written.
        SRError: the file to write is a folder.
    """
    address = args.address.rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise StudyError(f"address {args.address!r}; needed one that begins with http")
    link = f"{address}/?tab=survey"
    kinds = PICTURES if args.invitations is None else LISTS
    if args.output is not None and args.output.suffix.lower() not in kinds:
        raise StudyError(f"{args.output}: needed a name that ends with {' or '.join(kinds)}")
    if args.completion_url is not None:
        with opened(args.study) as survey:
            set_completion(survey, args.completion_url)
        if args.completion_url:
            print(f"for the panel, with its mark for the person's id behind it: {link}&panel=")
            print(f"for Prolific: {link}&PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}")
    if args.invitations is not None:
        return _invite(args, link)
    print(link)
    return _draw(link, args.output)


def _draw(link: str, output: Path | None) -> int:
    import segno

    code = segno.make(link, error="m")
    if output is None:
        code.terminal(compact=True)
        return 0
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        code.save(str(output), scale=10)
    except OSError as error:
        raise StudyError(f"{output}: {error.strerror}; give another --output") from error
    print(f"QR code in {output}")
    return 0


def _invite(args: argparse.Namespace, link: str) -> int:
    from survey.reporting.slips import list_csv, slips_pdf

    if args.output is None:
        raise StudyError("--invitations: needed --output FILE, as they can be shown only once")
    paths = [args.output]
    if args.output.suffix.lower() == ".pdf":
        paths.append(args.output.with_suffix(".csv"))
    for path in paths:
        check_file(path)
        if path.exists():
            raise StudyError(f"{path} exists, perhaps with invitations; give another --output")
    try:
        slips_pdf([f"{link}&invitation=XXXXX-XXXXX"], args.language)  # before any is made
    except ValueError as error:
        raise StudyError(
            f"address of {len(link)} characters: {error}; give a shorter one"
        ) from None
    with opened(args.study) as survey:
        invitations = invite(survey, args.invitations)
    addresses = [f"{link}&invitation={invitation}" for invitation in invitations]
    try:
        for path in paths:
            suffix = path.suffix.lower()
            with atomic_file(path, mode=0o600) as file:
                if suffix == ".pdf":
                    file.write(slips_pdf(addresses, args.language))
                elif suffix == ".csv":
                    file.write(list_csv(invitations, addresses))
                else:
                    file.write("".join(f"{line}\n" for line in addresses).encode())
    except OSError as error:
        raise StudyError(
            f"{error.filename}: {error.strerror}; these invitations are lost, make others with "
            "another --output"
        ) from error
    print(f"{len(invitations)} invitations in {' and '.join(map(str, paths))}, shown only there")
    print(f"study {args.study!r} takes nobody without one from now on")
    return 0

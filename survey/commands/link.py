"""python -m survey link: the address for a class, and its QR code."""

from __future__ import annotations

import argparse
from pathlib import Path

from survey.study.errors import StudyError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey link`."""
    parser.add_argument(
        "address", metavar="ADDRESS", help="of the app, such as http://10.0.0.5:7860"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="QR code as SVG or PNG")


def run(args: argparse.Namespace) -> int:
    """Print the address; draw its code there or into a file.

    Raises:
        SurveyError: not an address, or the file cannot be written.
    """
    import segno

    address = args.address.rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise StudyError(f"address {args.address!r}; needed one that begins with http")
    link = f"{address}/?tab=survey"
    code = segno.make(link, error="m")
    print(link)
    if args.output is None:
        code.terminal(compact=True)
        return 0
    if args.output.suffix.lower() not in (".svg", ".png"):
        raise StudyError(f"{args.output}: needed a name that ends with .svg or .png")
    try:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        code.save(str(args.output), scale=10)
    except OSError as error:
        raise StudyError(f"{args.output}: {error.strerror}; give another --output") from error
    print(f"QR code in {args.output}")
    return 0

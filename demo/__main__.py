"""python -m demo examples | static | publish: the examples' results, the site without a server, and
the way to a Space.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from demo.hosting import publish
from demo.static import build
from demo.static.space import uploads_of_the_site
from demo.upscale.samples import make_results
from demo.work.engine import LPIPS_TIMEOUT_SECONDS, SuperResolution
from demo.work.jobs import Jobs
from demo.work.versions import ImageStore
from sr.base.errors import ConfigError, SRError


def build_parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Work on the app's own files.",
        epilog="Example: python -m demo publish --space maria/nitidez --dry-run",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "examples", help="compute the examples' results with the current weights, after a training"
    )
    build.add_arguments(
        commands.add_parser("static", help="write the site that needs no server into a folder")
    )
    publishing = commands.add_parser("publish", help="create or update the Hugging Face Space")
    publish.add_arguments(publishing)
    publishing.add_argument(
        "--static", action="store_true", help="the site without a server, as a Static Space"
    )
    build.add_survey_argument(publishing)
    return parser


def main() -> int:
    """Parse the command line and do what it says."""
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        if args.command == "publish":
            return publish_space(args)
        if args.command == "static":
            return build.run(args)
        compute_examples()
    except SRError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def publish_space(args: argparse.Namespace) -> int:
    """What `python -m demo publish` does: the app as it is, or the site without a server.

    Raises:
        SRError: a bad name, a site that cannot be made, or the hub does not take it.
    """
    publish.check_space(args.space)
    if not args.static:
        if args.survey_address:
            raise ConfigError("--survey-address is for --static: the app has its own survey")
        return publish.run(args, publish.files_of_the_space())
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        build.write_site(site, survey_address=args.survey_address)
        return publish.run(args, uploads_of_the_site(site), sdk="static")


def compute_examples() -> None:
    """What `python -m demo examples` does.

    Raises:
        SRError: a model cannot be used.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = ImageStore(Path(folder), max_bytes=2**30, max_age_seconds=3600)
        jobs = Jobs(SuperResolution(lpips_wait_seconds=LPIPS_TIMEOUT_SECONDS), store)
        try:
            make_results(jobs)
        finally:
            jobs.close()


if __name__ == "__main__":
    sys.exit(main())

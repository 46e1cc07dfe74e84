"""python -m demo examples: compute the results of the example photos that ship with the app."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from demo.engine import SuperResolution
from demo.jobs import Jobs
from demo.samples import make_results
from demo.store import ImageStore
from sr.errors import SRError


def main() -> int:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Work on the app's own files.",
        epilog="Example: python -m demo examples",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "examples", help="compute the examples' results with the current weights, after a training"
    )
    parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    with tempfile.TemporaryDirectory() as folder:
        store = ImageStore(Path(folder), max_bytes=2**30, max_age_seconds=3600)
        jobs = Jobs(SuperResolution(), store)
        try:
            make_results(jobs)
        except SRError as error:
            sys.stderr.write(f"error: {error}\n")
            return 2
        finally:
            jobs.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Start the Nitidez web app: python app.py, then open the address it prints."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from demo.app.serve import serve
from demo.app.settings import Settings
from sr import __version__
from sr.base.errors import SRError


def build_parser(defaults: Settings) -> argparse.ArgumentParser:
    """The command line; what is not given comes from the environment."""
    parser = argparse.ArgumentParser(
        prog="python app.py",
        description="Serve the Nitidez page: upscale a photo and compare the versions.",
        epilog="Example: HOST=0.0.0.0 python app.py --port 8000 --max-megapixels 1",
    )
    add = parser.add_argument
    add("--version", action="version", version=f"Nitidez {__version__}")
    add("--host", default=defaults.host, help="address to listen on; HOST (default: %(default)s)")
    add(
        "--port",
        type=int,
        default=defaults.port,
        help="port to listen on, 0 for any free one; PORT (default: %(default)s)",
    )
    add(
        "--max-megapixels",
        type=float,
        default=defaults.max_megapixels,
        metavar="MP",
        help="largest photo taken, in megapixels; NITIDEZ_MAX_MEGAPIXELS (default: %(default)g)",
    )
    add(
        "--threads",
        type=int,
        default=defaults.threads,
        metavar="N",
        help="CPU threads of the networks; NITIDEZ_THREADS (default: one per core)",
    )
    add("--open", action="store_true", help="open the page in the browser of this machine")
    return parser


def main() -> int:
    """Read the settings, serve until interrupted."""
    try:
        defaults = Settings.from_environment()
        given = vars(build_parser(defaults).parse_args())
        opens_browser = given.pop("open")
        return serve(replace(defaults, **given), opens_browser=opens_browser)
    except SRError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

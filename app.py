"""Start the Nitidez web app: python app.py, then open the address it prints."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import sys
from dataclasses import replace

from demo.app.scratch import Scratch
from demo.app.settings import Settings
from demo.hosting.memory import bound_kernels
from sr import __version__
from sr.base.errors import ConfigError, SRError
from survey.study.errors import SurveyError


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


def usable_port(host: str, port: int) -> int:
    """The port, or a free one for 0.

    Raises:
        ConfigError: a server cannot listen there.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name != "nt":  # there it would let two servers share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text = f"port {port} of {host} is taken; give another with --port or PORT"
        elif error.errno in (errno.EACCES, errno.EPERM):
            text = f"port {port} may not be used; give one from 1024 with --port or PORT"
        else:
            text = f"{host} is no address of this machine; give 127.0.0.1 or 0.0.0.0 with --host"
        raise ConfigError(text) from None


def end(number: int, frame: object) -> None:
    """Let `finally` clauses run before the process goes."""
    raise SystemExit(128 + number)


def main() -> int:
    """Read the settings, build the page, serve it until interrupted."""
    # Nothing is sent home; libraries look when they are imported.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    bound_kernels()
    try:
        defaults = Settings.from_environment()
        args = build_parser(defaults).parse_args()
        settings = replace(
            defaults,
            host=args.host,
            port=args.port,
            max_megapixels=args.max_megapixels,
            threads=args.threads,
        )
        settings = replace(settings, port=usable_port(settings.host, settings.port))
        scratch = Scratch(settings)
    except (SRError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    from demo.app.build import build_app, launch_options
    from demo.app.owner import Owner
    from demo.rating.routes import close_surveys, open_survey
    from survey.preparation.default_study import prepare_in_background

    signal.signal(signal.SIGTERM, end)  # what `docker stop`, systemd and Spaces send
    try:
        survey = open_survey(
            settings.data_folder,
            settings.study,
            backup=settings.backup,
            backup_seconds=settings.backup_seconds,
        )
        owner = Owner(password=settings.owner_password, names=settings.owners)
        app = build_app(settings)
        app.launch(
            **launch_options(settings, owner),
            quiet=True,
            inbrowser=args.open,
            prevent_thread_lock=True,
        )
        prepare_in_background(survey)
    except (SRError, SurveyError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"Nitidez {__version__} is at {settings.address} (stop with Ctrl+C)", flush=True)
    if not settings.is_proxied:  # whoever reads this terminal is the owner
        token = owner.link_token()
        print(f"Results, for you only: {settings.address}/?tab=results#owner={token}", flush=True)
    try:
        app.block_thread()
    finally:
        close_surveys()
        scratch.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

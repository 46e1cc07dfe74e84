"""From settings to a server that runs until it is stopped."""

from __future__ import annotations

import errno
import os
import signal
import socket
from dataclasses import replace

from demo.app.scratch import Scratch
from demo.app.settings import Settings
from demo.hosting.process import bound_kernels
from sr import __version__
from sr.base.errors import ConfigError
from survey.study.errors import SurveyError


def serve(settings: Settings, *, opens_browser: bool = False) -> int:
    """Build the page and serve it until interrupted; the exit status.

    Raises:
        ConfigError: it cannot be served so: a port that is taken, a folder that cannot be used.
    """
    # Nothing is sent home; libraries look when they are imported.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    bound_kernels()
    settings = replace(settings, port=usable_port(settings.host, settings.port))
    try:
        scratch = Scratch(settings)
    except OSError as error:
        raise ConfigError(str(error)) from error
    from demo.app.build import build_app
    from demo.results.owner import Owner
    from survey.preparation.default_study import prepare_in_background
    from survey.preparation.drafts import remove_stale_drafts
    from survey.session.protected import ProtectedSurvey

    signal.signal(signal.SIGTERM, end)  # what `docker stop`, systemd and Spaces send
    try:
        survey = ProtectedSurvey(
            settings.data_folder.resolve(),
            study=settings.study,
            is_fixed=settings.is_study_fixed,
            place=settings.backup,
            seconds=settings.backup_seconds,
        )
        remove_stale_drafts(survey.survey.data_folder / "studies")
        owner = Owner(password=settings.owner_password, names=settings.owners)
        app = build_app(settings, survey, owner=owner)
        app.launch(quiet=True, inbrowser=opens_browser, prevent_thread_lock=True)
        prepare_in_background(survey.survey)
    except (SurveyError, OSError) as error:
        raise ConfigError(str(error)) from error
    print(f"Nitidez {__version__} is at {settings.address} (stop with Ctrl+C)", flush=True)
    if not settings.is_space:  # whoever reads this terminal is the owner
        token = owner.link_token()
        print(f"Results, for you only: {settings.address}/?tab=results#owner={token}", flush=True)
    try:
        app.block_thread()
    finally:
        survey.close()
        scratch.close()
    return 0


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

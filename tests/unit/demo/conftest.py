"""A launched app with a fake engine, and clients for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for every app of the run: Gradio looks for uploads in one place a process."""
    folder = tmp_path_factory.mktemp("nitidez")
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    return folder


@pytest.fixture(scope="session")
def serve_demo(demo_folder: Path) -> Iterator[Callable[..., str]]:
    """A function that serves an app with an engine, a survey and settings; returns its address."""
    from demo.app.build import build_app
    from demo.app.settings import Settings
    from survey.session.protected import ProtectedSurvey

    apps = []

    def serve(engine: Any, survey: ProtectedSurvey | None = None, **settings: Any) -> str:
        chosen = Settings(port=0, folder=demo_folder, **settings)
        own = survey or ProtectedSurvey(demo_folder / "data")
        app = build_app(chosen, own, engine)
        _, address, _ = app.launch(server_port=None, prevent_thread_lock=True, quiet=True)
        apps.append(app)
        return address

    yield serve
    for app in apps:
        app.close(verbose=False)

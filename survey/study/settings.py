"""Where the survey's data lie and which study is served, for the app and for the commands alike."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

DEFAULT_STUDY = "default"


def data_folder(environment: Mapping[str, str] | None = None) -> Path:
    """NITIDEZ_DATA; without it `var` beside app.py, and on Spaces a folder beside the app's."""
    env = os.environ if environment is None else environment
    if given := env.get("NITIDEZ_DATA", "").strip():
        return Path(given)
    return (
        Path.home() / "nitidez-data" if env.get("SPACE_ID") else Path(__file__).parents[2] / "var"
    )


def served_study(environment: Mapping[str, str] | None = None) -> str:
    """NITIDEZ_STUDY, or the one that is there without preparing one."""
    env = os.environ if environment is None else environment
    return env.get("NITIDEZ_STUDY", "").strip() or DEFAULT_STUDY

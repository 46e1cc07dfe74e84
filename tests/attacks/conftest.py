"""What attacks need: an app that runs, with a survey that people take part in; a data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from survey.study.protocol import Protocol
from tests.helpers.tiny_study import make_study
from tests.unit.demo.conftest import demo_folder, serve_demo

__all__ = ["demo_folder", "serve_demo"]

PROTOCOL = Protocol(width=48, height=32, images_per_rater=4, practice=2, warmups=1, repeats=2)


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """A data folder with a study of four photographs, prepared without any network."""
    make_study(tmp_path / "data", protocol=PROTOCOL, images=4)
    return tmp_path / "data"

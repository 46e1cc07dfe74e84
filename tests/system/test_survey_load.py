"""No acknowledged answer is lost, whatever happens to the server."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from tests.system.load import HttpRater, Result, Server, check, run


@pytest.fixture
def data_folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small study."""
    import numpy as np

    from survey.preparation.sources import Source
    from survey.preparation.versions import prepare_study
    from tests.unit.survey.conftest import PROTOCOL

    rng = np.random.default_rng(3)
    sources = [
        Source(f"photo {i}", rng.integers(0, 256, (40, 60, 3), dtype=np.uint8), role)
        for i, role in enumerate(("main",) * 4 + ("practice",))
    ]
    folder = tmp_path / "data" / "studies" / "default"
    folder.parent.mkdir(parents=True)
    prepare_study(sources, folder, protocol=PROTOCOL, now="2026-01-02T03:04:05.678+00:00")
    return tmp_path / "data"


def test_many_raters_at_once_and_a_server_that_is_killed(data_folder: Path) -> None:
    result, _ = run(data_folder, raters=5, kills=2, think=0.1, images=False)
    assert check(data_folder, result) == []
    assert result.retries > 0
    assert len(result.acknowledged) > 5 * 40  # all went to the end


def test_a_server_that_is_told_to_end_backs_up_and_the_next_one_restores(
    data_folder: Path, tmp_path: Path
) -> None:
    server = Server(data_folder, NITIDEZ_BACKUP=f"folder:{tmp_path / 'backup'}")
    server.start()
    result = Result()
    HttpRater(server.url, 1, result, think=0, images=True).go(threading.Event())
    assert len(result.acknowledged) > 40
    server.stop()
    shutil.rmtree(data_folder)
    server.start()
    server.stop()
    assert check(data_folder, result) == []

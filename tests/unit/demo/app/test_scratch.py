"""What visitors sent is gone when the server ends, and when it starts again after a crash."""

from pathlib import Path

import pytest

from demo.app.scratch import Scratch
from demo.app.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(folder=tmp_path / "nitidez")


def leave_a_photo(settings: Settings) -> Path:
    photo = settings.uploads_folder / "abc" / "photo.png"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"x")
    settings.versions_folder.mkdir(exist_ok=True)
    (settings.versions_folder / "result.png").write_bytes(b"x")
    return photo


def files(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.folder.rglob("*") if path.is_file())


def test_what_a_crashed_server_left_is_gone_at_the_start(settings: Settings):
    leave_a_photo(settings)
    scratch = Scratch(settings)
    assert files(settings) == ["lock"]
    scratch.close()


def test_nothing_is_left_at_the_end_and_nothing_else_is_touched(settings: Settings):
    scratch = Scratch(settings)
    leave_a_photo(settings)
    (settings.folder / "own.txt").write_text("mine", encoding="utf-8")
    scratch.close()
    assert files(settings) == ["lock", "own.txt"]


def test_a_second_server_leaves_the_first_ones_files(settings: Settings):
    first = Scratch(settings)
    photo = leave_a_photo(settings)
    Scratch(settings).close()
    assert photo.is_file()
    first.close()
    assert not photo.exists()

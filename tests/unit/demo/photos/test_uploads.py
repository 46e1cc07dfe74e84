"""Only what was uploaded is opened, whatever path a client names."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.photos.uploads import uploaded_file


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


def test_an_upload_is_found(uploads: Path) -> None:
    photo = uploads / "abc" / "photo.png"
    photo.parent.mkdir()
    photo.write_bytes(b"x")
    assert uploaded_file(photo) == photo.resolve()


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "/dev/zero", "link.png", "", "x"])
def test_every_other_path_is_refused(uploads: Path, name: str) -> None:
    (uploads.parent / "secret.png").write_bytes(b"x")
    (uploads / "link.png").symlink_to(uploads.parent / "secret.png")
    with pytest.raises(FileNotFoundError):
        uploaded_file(uploads / name)

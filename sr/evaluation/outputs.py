"""Places to write to: looked at before the work starts, so that hours of it are not lost."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sr.base.errors import OutputError


def check_file(path: Path) -> None:
    """Make sure that a file can be written there, now; nothing is created.

    Raises:
        OutputError: a folder has that name, or its folder cannot be made or written in.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file")
    _check_place(path, path.absolute().parent)


def check_folder(path: Path) -> None:
    """Make sure that files can be written into this folder, now; nothing is created.

    Raises:
        OutputError: a file has that name, or the folder cannot be made or written in.
    """
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path} is a file; name a folder")
    _check_place(path, path.absolute())


def write_file(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; an existing one is replaced, folders are made.

    Raises:
        OutputError: it cannot be written.
    """
    from sr.base.files import write_atomically

    try:
        write_atomically(path, content)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _check_place(path: Path, folder: Path) -> None:
    """Try it out in the nearest folder that exists: permissions do not tell of a full or
    read-only disk."""
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not place.is_dir():
        raise OutputError(f"{path}: {place} is a file, not a folder; name another place")
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise OutputError(
            f"{path}: nothing can be written in {place} ({error.strerror or error}); "
            "name another place"
        ) from error

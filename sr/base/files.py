"""Files that are there whole or not at all, what they are told apart by, and tables as CSV."""

from __future__ import annotations

import csv
import glob
import hashlib
import io
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sr.base.errors import OutputError


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Args:
        durable: as of `atomic_file`.

    Raises:
        OSError: it cannot be written; the old content is as it was.
    """
    with atomic_file(path, durable=durable) as file:
        file.write(data)


@contextmanager
def atomic_file(
    path: Path, *, mode: int | None = None, durable: bool = True
) -> Iterator[IO[bytes]]:
    """A file to write, which takes the place of `path` when all of it is there.

    A process killed meanwhile leaves the old content, and a hidden file that
    `remove_leftovers` clears away. Missing folders are made.

    Args:
        mode: permissions; None are those of any new file.
        durable: wait until the disk has it, so that it outlasts a loss of power.

    Raises:
        OSError: it cannot be written; the old content is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(_prefix(path) + secrets.token_hex(8))
    try:
        with temporary.open("xb") as file:
            if mode is not None:
                temporary.chmod(mode)
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def make_private(path: Path) -> None:
    """Let only its owner read a file or a folder, where the disk knows owners; folders are made.

    Raises:
        OSError: the folder cannot be made.
    """
    if not path.is_file():
        path.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # a stick, or a folder of somebody else's
        path.chmod(0o600 if path.is_file() else 0o700)


def _prefix(path: Path) -> str:
    """What the hidden files of `path` begin with; short, however long its name is."""
    return f".{path.name[:40]}."


def file_sha256(path: Path) -> str:
    """The sha256 of a file's content, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def remove_leftovers(path: Path) -> None:
    """Delete what killed processes left of `path`; no other process may be writing it."""
    for left in path.parent.glob(f"{glob.escape(_prefix(path))}*"):
        left.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """The new name too is on the disk; not every system can do that for a folder."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def csv_text(
    columns: Sequence[str], rows: Iterable[Iterable[object]], *, digits: int | None = None
) -> str:
    """A table as CSV with a heading; None is an empty cell.

    Args:
        rows: cells in the order of the columns.
        digits: significant digits of floats; None keeps all.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(
            [f"{cell:.{digits}g}" if digits and isinstance(cell, float) else cell for cell in row]
        )
    return text.getvalue()


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

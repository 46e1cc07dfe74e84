"""What a generation of backups is, and the way back after the disk was lost."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sr.base.files import atomic_file
from survey.backup.backends import Backend, BackupError
from survey.storage.erasure import is_nobody_in
from survey.storage.events import check_copy

logger = logging.getLogger(__name__)

Entry = dict[str, Any]  # sha256 and bytes of a file
Files = dict[str, Entry]  # by name


class Generation(NamedTuple):
    """What the name of a generation says; the newest is the greatest."""

    seq: int  # -1 in those of earlier versions, whose names begin with a time
    name: str
    erasures: int


def generations(names: Iterable[str]) -> list[Generation]:
    """Those among the names in a place, the oldest first."""
    found = []
    for name in names:
        if name.startswith("generations/"):
            ours = re.fullmatch(r"generations/([0-9]+)-([0-9]+)-[0-9a-f]+\.json", name)
            before = re.search(r"-([0-9]+)\.json$", name)
            found.append(
                Generation(int(ours[1]), name, int(ours[2]))
                if ours
                else Generation(-1, name, int(before[1]) if before else 0)
            )
    return sorted(found)


def restore(folder: Path, backend: Backend) -> bool:
    """Fill a data folder that nobody is in from the newest generation that is whole.

    Returns:
        Whether something was restored; False also for a place that holds no backup yet.

    Raises:
        BackupError: the place cannot be reached, or holds generations and none of them is whole.
            The survey must not start empty then.
    """
    if not is_nobody_in(folder):
        return False
    problems = []
    for _, generation, _ in reversed(generations(backend.names())):
        try:
            _restore_generation(folder, backend, generation)
        except (BackupError, OSError) as error:
            _remove_record(folder)
            logger.error("%s cannot be restored: %s", generation, error)
            problems.append(str(error))
        else:
            logger.info("restored %s", generation)
            return True
    if problems:
        raise BackupError(f"none of {len(problems)} backups can be restored; first: {problems[0]}")
    return False


def _restore_generation(folder: Path, backend: Backend, generation: str) -> None:
    """All files of one generation into `folder`. Killed before the database, the next start does
    it again, as nobody is in the folder; killed after it, that has the journal's events.
    """
    files = read_generation(backend, generation)
    if "survey.db" not in files:
        raise BackupError(f"{generation}: names no database")
    root = folder.resolve()
    _remove_record(folder)
    for name in sorted(files, key=lambda name: (name.startswith("journal/"), name == "survey.db")):
        target = (folder / name).resolve()
        if not target.is_relative_to(root) or target == root:
            raise BackupError(f"{generation}: {name!r} is outside the data folder")
        data = read_blob(backend, blob_of(files[name]))
        with atomic_file(target, mode=0o600) as file:
            file.write(data)
            file.flush()
            if name == "survey.db":
                try:
                    check_copy(Path(file.name))
                except Exception as error:
                    raise BackupError(f"{generation}: the database is damaged ({error})") from error


def _remove_record(folder: Path) -> None:
    """Delete a database and a journal that nobody is in."""
    for path in (*folder.glob("survey.db*"), *folder.glob("journal/*.jsonl")):
        path.unlink()


def read_generation(backend: Backend, name: str) -> Files:
    """The files of one generation: name to sha256 and bytes.

    Raises:
        BackupError: not there, or not a generation.
    """
    try:
        files: Files = json.loads(backend.read(name))["files"]
        valid = all(len(entry["sha256"]) == 64 for entry in files.values())
    except (ValueError, KeyError, TypeError, AttributeError):
        valid = False
    if not valid:
        raise BackupError(f"{name}: not a list of backed-up files; delete it from the backups")
    return files


def files_of(folder: Path, snapshot: Path) -> dict[str, Path]:
    """What is copied: a data folder's secret and studies, and the snapshot of the rest."""
    found = [(folder, folder / "secret")]
    found += [(folder, path) for path in (folder / "studies").rglob("*")]
    found += [(snapshot, path) for path in snapshot.rglob("*")]
    return {
        path.relative_to(root).as_posix(): path
        for root, path in sorted(found)
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
    }


def described(path: Path) -> Entry:
    """How a generation names a file."""
    data = path.read_bytes()
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def blob_of(entry: Mapping[str, Any]) -> str:
    """The name of a described file's content."""
    return f"blobs/{entry['sha256']}"


def read_blob(backend: Backend, name: str) -> bytes:
    """The content of a blob.

    Raises:
        BackupError: not there, or not what its name says.
    """
    data = backend.read(name)
    found = hashlib.sha256(data).hexdigest()
    if name != f"blobs/{found}":
        raise BackupError(f"{name} has sha256 {found}")
    return data

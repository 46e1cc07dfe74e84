"""Copies of the survey's data somewhere else, and the way back after the disk was lost.

A backup is content-addressed: every file becomes `blobs/<sha256>`, and
`generations/<time>-<erasures>.json` says which blob was which file. The generation is written after
its blobs, so that an upload that breaks off leaves the one before as it was; blobs that no kept
generation names are removed.

`erasures` counts the people who had been erased or made anonymous by then, by the app or a command:
a generation that knows of fewer still holds somebody, and goes with the next backup.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from sr.base.files import atomic_file

logger = logging.getLogger(__name__)

KEPT_GENERATIONS = 5
SHORTEST_SECONDS, LONGEST_SECONDS = 60, 300


class BackupError(Exception):
    """The place of the backups cannot be reached, or what lies there is damaged."""


class Backend(Protocol):
    """A place for named blobs of bytes."""

    def names(self) -> list[str]:
        """All names.

        Raises:
            BackupError: the place cannot be reached.
        """

    def read(self, name: str) -> bytes:
        """The bytes of one name.

        Raises:
            BackupError: not there, or the place cannot be reached.
        """

    def change(self, add: Mapping[str, Path | bytes], remove: Iterable[str] = ()) -> None:
        """Write and remove. Not atomic: after an error any part of it may have happened.

        Raises:
            BackupError: the place cannot be reached, or refused.
        """


@dataclass(frozen=True)
class BackupStatus:
    """What the owner is told."""

    place: str
    last_success: datetime | None  # UTC; of the last backup, or the last look that found no change
    problem: str = ""  # why the last attempt failed; "" when it did not


class Backup:
    """Copies the files of a data folder to a backend, again and again.

    Args:
        folder: the survey's data folder.
        backend: where to.
        place: its name, for people.
        snapshot: copies the live database and the journal, as of one moment, into a folder, and
            returns how many people have been erased from them so far.
    """

    def __init__(
        self, folder: Path, backend: Backend, *, place: str, snapshot: Callable[[Path], int]
    ) -> None:
        self._folder = folder
        self._backend = backend
        self._place = place
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._last: dict[str, dict[str, Any]] | None = None  # files of the newest generation
        self._last_success: datetime | None = None
        self._problem = ""
        self._wake = threading.Event()
        self._is_closing = False
        self._thread: threading.Thread | None = None

    @property
    def status(self) -> BackupStatus:
        """Where the copies are, how old the newest is, what went wrong last."""
        return BackupStatus(self._place, self._last_success, self._problem)

    def run(self) -> bool:
        """Make one backup now, unless nothing has changed since the last.

        Returns:
            Whether something was written.

        Raises:
            BackupError: it did not work; the generations before are as they were.
            SurveyError, OSError: the data cannot be read.
        """
        with self._lock:
            try:
                written = self._run()
            except Exception as error:
                self._problem = str(error)
                raise
            self._problem = ""
            self._last_success = datetime.now(timezone.utc)
            return written

    def _run(self) -> bool:
        with tempfile.TemporaryDirectory(prefix="nitidez-backup-") as temporary:
            erasures = self._snapshot(Path(temporary))
            files = files_of(self._folder, Path(temporary))
            described = {name: _described(path) for name, path in files.items()}
            if described == self._last:
                return False
            there = set(self._backend.names())
            blobs = {_blob(entry): files[name] for name, entry in described.items()}
            now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
            generation = f"generations/{now}-{erasures}.json"
            text = json.dumps({"version": 1, "created_at": now, "files": described}, indent=1)
            self._backend.change({name: p for name, p in blobs.items() if name not in there})
            # Only now, when all it names is there.
            self._backend.change({generation: text.encode()})
            self._prune({*there, *blobs, generation}, erasures)
            self._last = described  # not before: what could not be removed is tried again
            return True

    def _prune(self, there: set[str], erasures: int) -> None:
        """Remove generations that are old or hold somebody who is erased, and unused blobs."""
        generations = sorted(name for name in there if name.startswith("generations/"))
        kept = [n for n in generations[-KEPT_GENERATIONS:] if erasures_of(n) >= erasures]
        used = {
            _blob(entry) for name in kept for entry in read_generation(self._backend, name).values()
        }
        unused = {name for name in there if name.startswith("blobs/")} - used
        gone = set(generations) - set(kept)
        if unused or gone:  # generations last: while they are there, the rest is tried again
            self._backend.change({}, [*unused, *gone])

    def soon(self) -> None:
        """Let the thread make a backup now, as after an erasure; nobody waits for it."""
        self._wake.set()

    def start(self, seconds: float) -> None:
        """Back up every so many seconds, in a thread of its own, until `close`."""

        def work() -> None:
            while True:
                self._wake.wait(seconds)
                self._wake.clear()
                if self._is_closing:
                    return
                self._try()

        self._thread = threading.Thread(target=work, name="survey-backup", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, after one last backup."""
        self._is_closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._try()

    def _try(self) -> None:
        try:
            self.run()
        except BackupError as error:
            logger.error("backup failed, the next will try again: %s", error)
        except Exception:
            logger.exception("backup failed, the next will try again")


def restore(
    folder: Path,
    backend: Backend,
    *,
    check: Callable[[Path], None],
    is_empty: Callable[[Path], bool],
) -> bool:
    """Fill an empty data folder from the newest generation that is whole.

    Args:
        folder: the data folder; nothing happens when it is not empty.
        is_empty: whether there is nobody in its database and journal, so that these may go.
        check: raises an exception when the database at a path is damaged.

    Returns:
        Whether something was restored; False also for a place that holds no backup yet.

    Raises:
        BackupError: the place cannot be reached, or holds generations and none of them is whole.
            The survey must not start empty then.
    """
    if not is_empty(folder):
        return False
    generations = sorted(
        (name for name in backend.names() if name.startswith("generations/")), reverse=True
    )
    problems = []
    for generation in generations:
        try:
            _restore_generation(folder, backend, generation, check)
        except (BackupError, OSError) as error:
            logger.error("%s cannot be restored: %s", generation, error)
            problems.append(str(error))
        else:
            logger.info("restored %s", generation)
            return True
    if problems:
        raise BackupError(f"none of {len(problems)} backups can be restored; first: {problems[0]}")
    return False


def _restore_generation(
    folder: Path, backend: Backend, generation: str, check: Callable[[Path], None]
) -> None:
    """All files of one generation into `folder`, the database last: its presence says "whole"."""
    files = read_generation(backend, generation)
    if "survey.db" not in files:
        raise BackupError(f"{generation}: names no database")
    root = folder.resolve()
    for name in ("survey.db", "survey.db-wal", "survey.db-shm"):  # nobody is in it
        (folder / name).unlink(missing_ok=True)
    for path in folder.glob("journal/*.jsonl"):
        path.unlink()
    for name in sorted(files, key=lambda name: name == "survey.db"):
        target = (folder / name).resolve()
        if not target.is_relative_to(root) or target == root:
            raise BackupError(f"{generation}: {name!r} is outside the data folder")
        data = backend.read(_blob(files[name]))
        found = hashlib.sha256(data).hexdigest()
        if found != files[name]["sha256"]:
            raise BackupError(f"{generation}: {name} has sha256 {found}, not the one written down")
        with atomic_file(target, mode=0o600 if name == "secret" else None) as file:
            file.write(data)
            file.flush()
            if name == "survey.db":
                try:
                    check(Path(file.name))
                except Exception as error:
                    raise BackupError(f"{generation}: the database is damaged ({error})") from error


def read_generation(backend: Backend, name: str) -> dict[str, dict[str, Any]]:
    """The files of one generation: name to sha256 and bytes.

    Raises:
        BackupError: not there, or not a generation.
    """
    try:
        files: dict[str, dict[str, Any]] = json.loads(backend.read(name))["files"]
        valid = all(len(entry["sha256"]) == 64 for entry in files.values())
    except (ValueError, KeyError, TypeError, AttributeError):
        valid = False
    if not valid:
        raise BackupError(f"{name}: not a list of backed-up files")
    return files


def erasures_of(generation: str) -> int:
    """How many people had been erased, by its name; that of an earlier version does not say."""
    match = re.search(r"-(\d+)\.json$", generation)
    return int(match[1]) if match else 0


def files_of(folder: Path, snapshot: Path) -> dict[str, Path]:
    """What is copied: a data folder's secret and studies, and the snapshot of the rest."""
    found = [(folder, folder / "secret")]
    found += [(folder, path) for path in (folder / "studies").rglob("*")]
    found += [(snapshot, path) for path in snapshot.rglob("*")]
    return {
        path.relative_to(root).as_posix(): path
        for root, path in sorted(found)
        if path.is_file() and not path.name.startswith(".")
    }


def _described(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _blob(entry: Mapping[str, Any]) -> str:
    return f"blobs/{entry['sha256']}"

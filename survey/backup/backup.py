"""Copies of the survey's data somewhere else, again and again.

A backup is content-addressed: every file becomes `blobs/<sha256>`, and
`generations/<seq>-<erasures>-<what>.json` says which blob was which file. The blobs are written,
read back and replayed before the generation is, so that an upload that breaks off leaves the one
before as it was. Blobs that no kept generation names are removed.

`seq` is that of the last event: what is newer is never a matter of clocks. `erasures` counts the
people who had been erased or made anonymous by then: a generation that knows of fewer still holds
somebody, and goes with the next backup.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from sr.base.files import make_private
from survey.backup.backends import Backend, BackupError
from survey.backup.repeated import Repeated
from survey.backup.restore import (
    blob_of,
    described,
    files_of,
    generations,
    read_blob,
    read_generation,
)
from survey.storage.erasure import COPIES

logger = logging.getLogger(__name__)

KEPT_GENERATIONS = 5
SHORTEST_SECONDS, LONGEST_SECONDS = 60, 300


@dataclass(frozen=True)
class BackupStatus:
    """What the owner is told."""

    place: str
    last_success: datetime | None  # UTC; of the last backup, or the last look that found no change
    problem: str = ""  # why the last attempt failed, or what was wrong with the place; "" for none


class Backup:
    """Copies the files of a data folder to a backend.

    Args:
        folder: the survey's data folder.
        backend: where to.
        place: its name, for people.
        snapshot: copies the live database and the journal, as of one moment, into a folder; the
            `seq` of the last event, and how many people have been erased so far.
        check: raises an exception when a copy of the database is damaged.
        done: told when the place holds that snapshot, and nothing of who was erased before it.
    """

    def __init__(
        self,
        folder: Path,
        backend: Backend,
        *,
        place: str,
        snapshot: Callable[[Path], tuple[int, int]],
        check: Callable[[Path], None],
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder = folder
        self._backend = backend
        self._place = place
        self._snapshot = snapshot
        self._check = check
        self._done = done
        self._lock = threading.Lock()
        self._written = ""  # the newest generation of ours
        self._is_pruned = False
        self._last_success: datetime | None = None
        self._problem = ""
        self._alarm = ""  # stays until the app starts again
        self._repeated = Repeated(self._try, "survey-backup")

    @property
    def status(self) -> BackupStatus:
        """Where the copies are, how old the newest is, what went wrong last."""
        return BackupStatus(self._place, self._last_success, self._problem)

    def run(self) -> bool:
        """Make one backup now, unless the place has what there is.

        Returns:
            Whether something was written.

        Raises:
            BackupError: it did not work; the generations before are as they were.
            SurveyError, OSError: the data cannot be read.
        """
        with self._lock:
            copies = self._folder / COPIES
            try:
                make_private(copies)
                with tempfile.TemporaryDirectory(dir=copies) as temporary:
                    written = self._run(Path(temporary))
            except Exception as error:
                self._problem = str(error)
                raise
            self._done()
            self._problem = self._alarm
            self._last_success = datetime.now(timezone.utc)
            return written

    def _run(self, temporary: Path) -> bool:
        snapshot = temporary / "snapshot"
        snapshot.mkdir()
        seq, erasures = self._snapshot(snapshot)
        files = files_of(self._folder, snapshot)
        found = {name: described(path) for name, path in files.items()}
        text = json.dumps({"version": 2, "files": found}, indent=1, sort_keys=True).encode()
        what = hashlib.sha256(text).hexdigest()[:12]
        generation = f"generations/{seq:012d}-{erasures}-{what}.json"
        there = set(self._backend.names())
        self._look(there, seq)
        written = generation not in there
        if written:
            blobs = {blob_of(entry): files[name] for name, entry in found.items()}
            new = {name: path for name, path in blobs.items() if name not in there}
            self._backend.change(new)
            for name in new:
                read_blob(self._backend, name)
            copy = temporary / "copy.db"
            copy.write_bytes(read_blob(self._backend, blob_of(found["survey.db"])))
            try:
                self._check(copy)
            except Exception as error:
                raise BackupError(f"what was written cannot be used: {error}") from error
            self._backend.change({generation: text})
            if read_generation(self._backend, generation) != found:
                raise BackupError(f"{generation} does not read as it was written")
        self._written = generation
        if written or not self._is_pruned:
            self._is_pruned = False
            self._prune(generation, erasures)
            self._is_pruned = True
        return written

    def _look(self, there: set[str], seq: int) -> None:
        """Find out whether something is wrong with a place, though it answers."""
        newest = max(generations(there), default=None)
        alarm = ""
        if self._written and self._written not in there:
            alarm = f"{self._written} has vanished from the backups; another was made"
        elif newest and newest.seq > seq:
            alarm = (
                f"the backups know of {newest.seq} events and this folder of {seq}: another app "
                "writes there, or an older state was put into this one"
            )
        if alarm:
            logger.error("%s: %s", self._place, alarm)
            self._alarm = alarm

    def _prune(self, own: str, erasures: int) -> None:
        """Remove generations that are old or hold somebody who is erased, and unused blobs."""
        there = set(self._backend.names())
        if own not in there:
            raise BackupError(f"{own} was written and is not there")
        known = generations(there)
        kept = {g.name for g in known[-KEPT_GENERATIONS:] if g.erasures >= erasures} | {own}
        used = {blob_of(e) for name in kept for e in read_generation(self._backend, name).values()}
        unused = {name for name in there if name.startswith("blobs/")} - used
        gone = {g.name for g in known} - kept
        # Generations last: while they are there, the rest is tried again.
        self._backend.change({}, [*unused, *gone])

    def soon(self) -> None:
        """Make a backup now, as after an erasure; nobody waits for it."""
        self._repeated.soon()

    def start(self, seconds: float) -> None:
        """Back up every so many seconds, until `close`."""
        self._repeated.start(seconds)

    def close(self) -> None:
        """Stop, after one last backup."""
        self._repeated.close()

    def _try(self) -> None:
        try:
            self.run()
        except BackupError as error:
            logger.error("backup failed, the next will try again: %s", error)
        except Exception:
            logger.exception("backup failed, the next will try again")

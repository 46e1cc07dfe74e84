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
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from sr.base.files import make_private
from survey.backup.backends import Backend, BackupError, open_backend
from survey.backup.repeated import Repeated
from survey.backup.restore import (
    Entry,
    blob_of,
    described,
    files_of,
    generations,
    read_blob,
    read_generation,
)
from survey.storage.erasure import COPIES
from survey.storage.events import check_copy
from survey.storage.record import Record

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
    """Copies a survey's data to a backend.

    Args:
        record: of what, in the folder of its secret and studies.
        backend: where to.
        place: its name.

    Raises:
        SurveyError: the place cannot be noted.
    """

    def __init__(self, record: Record, backend: Backend, *, place: str) -> None:
        self._record = record
        self._backend = backend
        self._place = place
        self._lock = threading.Lock()
        self._was_used = record.note_place(place)
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
        """Make one backup now, unless the place has what there is; then every erasure that was
        begun before is done.

        Returns:
            Whether something was written.

        Raises:
            BackupError: it did not work; the generations before are as they were.
            SurveyError, OSError: the data cannot be read.
        """
        with self._lock:
            copies = self._record.folder / COPIES
            try:
                self._record.clean()
                make_private(copies)
                with tempfile.TemporaryDirectory(dir=copies) as temporary:
                    return self._run(Path(temporary))
            except Exception as error:
                self._problem = str(error)
                raise

    def _run(self, temporary: Path) -> bool:
        record = self._record
        with record.alone():
            jobs, others = record.jobs(), record.places() - {self._place}
            seq, erasures = record.copy(temporary / "snapshot")
        files = files_of(record.folder, temporary / "snapshot")
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
                check_copy(copy)
            except Exception as error:
                raise BackupError(f"what was written cannot be used: {error}") from error
            self._backend.change({generation: text})
            if read_generation(self._backend, generation) != found:
                raise BackupError(f"{generation} does not read as it was written")
        self._written = generation
        self._problem, self._last_success = self._alarm, datetime.now(timezone.utc)
        if written or not self._is_pruned:
            self._is_pruned = False
            self._prune(generation, erasures)
            self._is_pruned = True
        for place in others if jobs else ():
            self._leave(place, erasures, found["secret"])
        record.forget_jobs(jobs)
        return written

    def _look(self, there: set[str], seq: int) -> None:
        """Find out whether something is wrong with a place, though it answers."""
        newest = max(generations(there), default=None)
        alarm = ""
        if self._written and self._written not in there:
            alarm = f"{self._written} has vanished from the backups; another was made"
        elif self._was_used and not self._written and not newest:
            alarm = (
                "this folder's backups have gone there before, and there are none; another was "
                "made: find out whether it is the right place"
            )
        elif newest and newest.seq > seq:
            alarm = (
                f"the backups know of {newest.seq} events and this folder of {seq}: another app "
                "writes there, or an older state was put into this one"
            )
        if alarm:
            logger.error("%s: %s", self._place, alarm)
            self._alarm = alarm

    def _prune(self, own: str, erasures: int) -> None:
        """Keep a few generations, and none that holds somebody who is erased."""
        there = self._backend.names()
        if own not in there:
            raise BackupError(f"{own} was written and is not there")
        newest = generations(there)[-KEPT_GENERATIONS:]
        keep(self._backend, there, {g.name for g in newest if g.erasures >= erasures} | {own})

    def _leave(self, place: str, erasures: int, secret: Entry) -> None:
        """Remove this survey's generations from a place of before: nobody who is erased may stay
        there. Those of another survey that goes there now have another secret.
        """
        backend = open_backend(place, self._record.folder / COPIES)
        there = backend.names()
        known = {g: read_generation(backend, g.name) for g in generations(there)}
        ours = {g for g, files in known.items() if files.get("secret") == secret}
        keep(backend, there, {g.name for g in known if g not in ours or g.erasures >= erasures})
        self._record.forget_place(place)

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


def keep(backend: Backend, there: list[str], kept: set[str]) -> None:
    """Of the names there remove all other generations, and blobs that none of these names.

    Raises:
        BackupError: it did not work, and is to be done again.
    """
    used = {blob_of(e) for name in kept for e in read_generation(backend, name).values()}
    blobs = {name for name in there if name.startswith("blobs/")}
    gone = [g.name for g in generations(there) if g.name not in kept]
    # Generations last: while they are there, the rest is tried again.
    backend.change({}, [*(blobs - used), *gone])

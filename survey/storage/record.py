"""The record of a data folder: database and journal as one, one change at a time.

What happens is an event. It is appended to the table `event` with its effect in one transaction,
then to the journal, then acknowledged; all under one lock, which every process at the data folder
takes in turn: the app, a second one, each command of `python -m survey`.

At the start, and wherever the two are found apart, they are compared by `seq` and checksum. The one
that knows less is completed. A journal with damaged lines is put aside and written anew from the
database. Where both are whole and differ, nothing is touched until somebody chooses.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Literal

from filelock import FileLock

from sr.base.files import make_private, write_atomically
from survey.storage import erasure, legacy
from survey.storage.codes import read_secret
from survey.storage.events import Erased, Event, Gone, append, differences, retell
from survey.storage.journal import Journal, first_unfit, joined
from survey.storage.store import GONE, Line, Store, insert
from survey.study.errors import RecordsDifferError, StoreError

logger = logging.getLogger(__name__)

CODES = (  # somebody was given one that the secret tells
    "SELECT 1 FROM participant WHERE code_hmac IS NOT NULL UNION SELECT 1 FROM invitation"
)


class Record:
    """What happened in a data folder, and the tables it comes to.

    Args:
        folder: made when it is not there, for its owner only.
        keep: which of the two is right where they differ; the other is put aside.

    Attributes:
        secret: the key of codes and tokens.
        store: the database; read as you like, written by `append` alone.
        problem: why the journal could not be written the last time, or None.

    Raises:
        RecordsDifferError: database and journal tell different stories.
        StoreError: one of them cannot be read or written.
    """

    def __init__(self, folder: Path, *, keep: Literal["database", "journal", ""] = "") -> None:
        self.folder = folder
        self.problem: StoreError | None = None
        self._lock = threading.RLock()
        self._file_lock = FileLock(folder / "lock", poll_interval=0.01)
        self._head: Line | None = None
        with self.alone(), ExitStack() as undone:
            is_secret_known = (folder / "secret").exists()
            self.secret = read_secret(folder / "secret")
            self.journal = Journal(folder / "journal")
            known = self._last_seq() if keep else 0
            if keep == "journal":
                self.put_aside("the journal was kept", *folder.glob("survey.db*"))
            self.store = Store(folder / "survey.db")
            undone.callback(self.store.close)
            if legacy.is_of_before(self.store, folder):
                legacy.migrate(self.store, folder)
            self.put_aside("of an earlier version, taken over", *legacy.journals(folder))
            if keep == "database":
                self.put_aside("the database was kept", self.journal.path)
                if differences(self.store.db.conn):
                    with self.store.replaying() as db:
                        legacy.tell(db)
            self._agree()
            if known:  # older backups are not the newer ones
                self.append(*[Gone()] * (known + 1 - self.store.lines()[-1].seq))
            if not is_secret_known and self.store.row(CODES):
                self.tell_aside(
                    "the secret was lost, and another made: withdrawal codes and invitations that "
                    "were handed out are unknown; put the file secret back from a backup"
                )
            undone.pop_all()

    def _last_seq(self) -> int:
        """The last event that database or journal knows, where they can be read."""
        told, _ = self.journal.read()
        known = [line.seq for line in told]
        if (path := self.folder / "survey.db").exists():
            with suppress(StoreError), closing(Store(path)) as store:
                known += [line.seq for line in store.lines()]
        return max(known, default=0)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One change at a time at this data folder, of all threads of all processes; a thread that
        is alone may say so again.

        Raises:
            StoreError: the folder cannot be locked.
        """
        with self._lock, ExitStack() as stack:
            try:
                if not self.folder.exists():
                    make_private(self.folder)
                stack.enter_context(self._file_lock)
            except OSError as error:
                raise StoreError(
                    f"{self.folder / 'lock'}: {error.strerror}; make the folder writable, or set "
                    "NITIDEZ_DATA to one on a local disk"
                ) from error
            yield

    def append(self, *events: Event) -> None:
        """Let events happen, all or none of them, and write them down; within `alone`.

        Without any it makes sure that what has happened is written down, as after a retry.

        Raises:
            StoreError: they were not stored, or not written down; do not acknowledge them.
        """
        lines: list[Line] = []
        if events:
            with self.store.writing() as db:
                lines = [append(db, event) for event in events]

        def lines_after(seq: int) -> Sequence[Line]:
            head = self._head  # known here unless another process wrote meanwhile
            if head and lines and (head.seq, lines[0].seq) == (seq + 1, seq + 2):
                return [head, *lines]
            return self.store.lines(seq)

        try:
            if not self.journal.complete(lines_after):
                self._agree()
        except StoreError as error:
            self.problem, self._head = error, None
            raise
        self.problem, self._head = None, lines[-1] if lines else self._head

    def check(self) -> None:
        """Whether an answer could be acknowledged now, as far as can be told without one.

        Raises:
            StoreError: it could not.
        """
        if self.problem is not None:
            with self.alone():
                self.append()
        self.journal.check()

    def _agree(self) -> None:
        """Let database and journal tell the same story."""
        record = self.store.lines()
        if (seq := first_unfit(record)) is not None:
            raise RecordsDifferError(f"event {seq} of the database does not fit its checksum")
        told, unreadable = self.journal.read()
        whole, damaged = joined(record, told)
        if [line.kind for line in whole] != [line.kind for line in record]:
            if any(new.kind == GONE != old.kind for new, old in zip(whole, record, strict=False)):
                with self.store.writing() as db:  # an older database still has their bytes
                    insert(db, "job", [{"receipt": secrets.token_hex(16)}])
            retell(self.store, whole)
        elif found := differences(self.store.db.conn):
            raise RecordsDifferError(found)
        if unreadable + damaged:
            lost = [line.seq for line in whole if not line.sha256]
            self.put_aside(
                f"{unreadable + damaged} lines were damaged; "
                + (f"events {lost} are lost" if lost else "the database had them, nothing is lost"),
                self.journal.path,
            )
        if told != whole[: len(told)]:
            self.journal.replace(whole)
        self.journal.complete(self.store.lines)
        self._head = None

    def put_aside(self, why: str, *paths: Path) -> None:
        """Move files out of the way, into a folder of their own under `aside`."""
        if found := [path for path in paths if path.exists()]:
            self.tell_aside(f"{', '.join(path.name for path in found)}: {why}", found)

    def tell_aside(self, what: str, files: Sequence[Path] = ()) -> None:
        """Write down what the owner should know, beside the files that it is about."""
        aside = self.folder / "aside"
        taken = [int(place.name) for place in aside.glob("[0-9]*")]
        place = aside / f"{max(taken, default=0) + 1:04d}"
        try:
            make_private(aside)
            make_private(place)
            for path in files:
                path.replace(place / path.name)
                make_private(place / path.name)
            write_atomically(place / "why.txt", f"{what}\n".encode())
        except OSError as error:
            raise StoreError(f"{place}: {error.strerror}; make the folder writable") from error
        logger.warning("%s; see %s", what, place)

    def told_aside(self) -> list[str]:
        """What was put aside and why, for the owner."""
        notes = sorted(self.folder.glob("aside/*/why.txt"))
        return [f"{path.parent.name}: {path.read_text('utf-8').strip()}" for path in notes]

    # Erasing

    def erase(self, person: str, receipt: str, day: str) -> None:
        """Erase a person's rows and events, and write down that the rest is to be cleaned.

        `clean` does that, and is called until nothing is left; within `alone`.

        Args:
            receipt: by which the person's next question is known, until all is clean.
        """
        with self.store.replaying() as db:
            insert(db, "job", [{"receipt": receipt}])
            erasure.forget(db, [person])
            append(db, Erased("withdrawal", day))

    def anonymise(self, before: str, day: str) -> int:
        """Cut what could point to a person from everybody who consented before a moment, as
        `erase` does; how many; within `alone`.
        """
        old = "SELECT id FROM participant WHERE consented_at < ? AND anonymised_at IS NULL"
        people = [row["id"] for row in self.store.rows(old, [before])]
        with self.store.replaying() as db:
            erasure.anonymise(db, people, day)
            for _ in people:
                insert(db, "job", [{"receipt": secrets.token_hex(16)}])
                append(db, Erased("anonymous", day))
        return len(people)

    def clean(self) -> None:
        """Clean what erasures have left in this folder, or as much as can be."""
        try:
            with self.alone():
                if self.store.row("SELECT 1 FROM job WHERE NOT is_clean_here"):
                    self.journal.replace(self.store.lines())
                    erasure.remove_copies(self.folder)
                    self.store.compact()
                    with self.store.writing() as db:
                        db.execute("UPDATE job SET is_clean_here = 1")
                if not self.places():  # there never was a backup
                    self.forget_jobs(self.jobs())
        except (StoreError, OSError):
            logger.exception("an erasure is not done yet, and will be tried again")

    def jobs(self) -> list[str]:
        """Receipts of the erasures that are not done yet."""
        return [row["receipt"] for row in self.store.rows("SELECT receipt FROM job")]

    def forget_jobs(self, receipts: Sequence[str]) -> None:
        """Those erasures are done, as far as this folder is clean."""
        if receipts:
            with self.alone(), self.store.writing() as db:
                sql = "DELETE FROM job WHERE is_clean_here AND receipt = ?"
                db.executemany(sql, [[receipt] for receipt in receipts])

    # Backups

    def places(self) -> set[str]:
        """Where copies are: an erasure is not done without them."""
        return {row["name"] for row in self.store.rows("SELECT name FROM place")}

    def note_place(self, name: str) -> bool:
        """Remember that copies go there from now on; whether that is known already."""
        with self.alone(), self.store.writing() as db:
            return db.execute("INSERT OR IGNORE INTO place VALUES (?)", [name]).rowcount == 0

    def forget_place(self, name: str) -> None:
        """There are no copies any more."""
        with self.alone(), self.store.writing() as db:
            db.execute("DELETE FROM place WHERE name = ?", [name])

    def copy(self, folder: Path) -> tuple[int, int]:
        """Copy database and journal into a folder, as of one moment.

        Returns:
            The `seq` of the last event, and how many people had been erased by then.
        """
        make_private(folder)
        self.store.snapshot(folder / "survey.db")
        lines = self.store.lines()
        Journal(folder / "journal").replace(lines)
        return (lines[-1].seq if lines else 0), erasure.erasures(self.store)

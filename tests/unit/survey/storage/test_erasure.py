"""Nothing of a person is left in any byte of any place, whatever fails on the way."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from survey.backup.backends import BackupError, FolderBackend
from survey.session import owner, rating
from survey.session.invitations import invite, set_completion
from survey.session.protected import ProtectedSurvey
from survey.session.survey import Survey
from survey.storage.codes import code_hmac, token_sha256
from survey.storage.erasure import LEFT_BY_OLDER, person_as_told
from survey.study.errors import StoreError, UnknownCodeError, UnknownTokenError
from tests.unit.survey.conftest import Rater, tell_the_same

COMMENT = "o monitor do fundo é azulado"
PANEL = "5f3a0panel9"


class Place:
    """A survey with backups in a folder, two raters, and every kind of leftover."""

    def __init__(self, data_folder: Path, tmp_path: Path) -> None:
        self.data, self.elsewhere = data_folder, tmp_path / "elsewhere"
        self.temporary = tmp_path / "temporary"
        self.temporary.mkdir()
        self.open()
        set_completion(self.survey, "https://panel.example/{id}")
        stays, self.invitation = invite(self.survey, 2)
        self.stays = Rater(self.survey, invitation=stays)
        self.goes = Rater(self.survey, invitation=self.invitation, panel=PANEL)
        self.stays.go_on(3)
        self.goes.go_on()
        self.run_backup()
        rating.finish(self.survey, self.goes.token, comment=COMMENT, vision="impaired")
        self.run_backup()
        self.words = self.words_of(self.goes)
        half_made = self.temporary / LEFT_BY_OLDER.replace("*", "x")
        leftovers = (
            half_made / "survey.db",
            data_folder / "copies" / "tmp1" / "snapshot" / "survey.db",
            data_folder / "aside" / "0001" / "events.jsonl",
            data_folder / "journal" / ".events.jsonl.0a",
            data_folder / ".survey.db.0b",
            self.elsewhere / "blobs" / ".0c.0d",
        )
        for path in leftovers:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"...".join(self.words.values()))

    def open(self) -> None:
        self.backend = FolderBackend(self.elsewhere)
        self.protected = ProtectedSurvey(
            self.data, place=f"folder:{self.elsewhere}", seconds=3600, backend=self.backend
        )
        self.survey = self.protected.survey

    def run_backup(self) -> None:
        assert self.protected.backup is not None
        self.protected.backup.run()

    def words_of(self, rater: Rater) -> dict[str, bytes]:
        """What may be left of nobody."""
        store = self.survey.store
        session = store.rows(
            "SELECT * FROM session WHERE token_sha256 = ?", [token_sha256(rater.token)]
        )[0]
        told = person_as_told(store.db.conn, session["participant"])
        words = {
            "participant": told.person,
            "session": session["id"],
            "token": rater.token,
            "its hash": session["token_sha256"],
            "code": rater.code,
            "its hmac": code_hmac(self.survey.secret, rater.code),
            "comment": COMMENT,
            "comment escaped": json.dumps(COMMENT)[1:-1],
            "vision": "impaired",
            "invitation": self.invitation,
            "panel": PANEL,
        }
        for trial in told.trials:
            for column in ("id", "left_token", "right_token"):
                words |= {f"{column} {trial['seq']}": trial[column]} if trial[column] else {}
        return {name: word.encode() for name, word in words.items()}

    def left(self) -> set[str]:
        """Which of the words are in which files, once nothing moves while they are read: the
        thread of the backups makes copies and removes them.
        """
        for _ in range(100):
            before = self.files()
            found = set()
            for path in before:
                with suppress(FileNotFoundError):
                    data = path.read_bytes()
                    found |= {f"{n} in {path}" for n, word in self.words.items() if word in data}
            if self.files() == before:
                return found
        raise AssertionError("the files never stood still")

    def files(self) -> dict[Path, tuple[int, ...]]:
        """Every file of every place, and by what one is known that was written since."""
        found = {}
        for folder in (self.data, self.elsewhere, self.temporary):
            for inside, _, names in os.walk(folder):  # says nothing of folders that vanish
                for path in (Path(inside, name) for name in names):
                    with suppress(FileNotFoundError):
                        about = path.stat()
                        found[path] = (about.st_ino, about.st_size, about.st_mtime_ns)
        return found

    def close(self) -> None:
        self.protected.close()


@pytest.fixture
def place(data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = Place(data_folder, tmp_path)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(made.temporary))
    yield made
    made.close()


def leave(place: Place, survey: Survey) -> bool:
    return rating.withdraw(survey, place.goes.code)


def anonymise(place: Place, survey: Survey) -> bool:
    owner.anonymise(survey, older_than_days=-1)
    return not survey.record.jobs()


@pytest.mark.parametrize("go", [leave, anonymise])
def test_no_byte_is_left_of_a_person_with_the_app_running_beside(
    place: Place, go: Callable[[Place, Survey], bool]
) -> None:
    assert len({n.split(" in ")[0] for n in place.left()}) == len(place.words)
    command = Survey(place.data)
    assert go(place, command) is False, "backups still hold them"
    here = {file for file in place.left() if str(place.data) in file}
    assert here == set()
    command.close()
    place.run_backup()
    assert place.left() == set()
    assert place.survey.record.jobs() == []
    assert tell_the_same(place.survey)
    with pytest.raises(UnknownCodeError):
        rating.withdraw(place.survey, place.goes.code)
    if go is leave:
        place.stays.go_on(2)
        assert tell_the_same(place.survey)


def fail(*args: Any, **options: Any) -> Any:
    raise StoreError("not now")


def fail_folder(*args: Any, **options: Any) -> Any:
    raise OSError(30, "Read-only file system")


FAULTS = {
    "journal": ("survey.storage.journal.Journal.replace", fail),
    "copies": ("survey.storage.erasure.remove_copies", fail_folder),
    "free pages": ("survey.storage.store.Store.compact", fail),
}


@pytest.mark.parametrize("go", [leave, anonymise])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_step_that_fails_is_repeated_and_nobody_is_told_that_it_is_done(
    place: Place,
    go: Callable[[Place, Survey], bool],
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(*FAULTS[fault])
        assert go(place, place.survey) is False
        if go is leave:
            assert go(place, place.survey) is False, "asked again, and still not 'nobody'"
    assert any("left" in note for note in place.survey.told())
    place.run_backup()
    assert place.left() == set()
    assert place.survey.record.jobs() == []


@pytest.mark.parametrize("operation", ["add", "remove"])
def test_backups_that_cannot_be_reached_keep_the_job_open(
    place: Place, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    real = place.backend.change

    def change(add: Mapping[str, Path | bytes], remove: Any = ()) -> None:
        if add if operation == "add" else remove:
            raise BackupError("no route to host")
        real(add, remove)

    monkeypatch.setattr(place.survey, "on_erased", lambda: None)
    with monkeypatch.context() as patch:
        patch.setattr(place.backend, "change", change)
        assert leave(place, place.survey) is False
        with pytest.raises(BackupError):
            place.run_backup()
    assert leave(place, place.survey) is False
    place.run_backup()
    assert place.left() == set()
    with pytest.raises(UnknownCodeError):
        leave(place, place.survey)


class Killed(BaseException):
    """kill -9, as far as the process is concerned."""


@pytest.mark.parametrize("step", FAULTS)
def test_a_process_killed_at_any_step_leaves_a_job_for_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def kill(*args: Any, **options: Any) -> Any:
        raise Killed

    command = Survey(place.data)
    with monkeypatch.context() as patch:
        patch.setattr(FAULTS[step][0], kill)
        with pytest.raises(Killed):
            leave(place, command)
    command.close()
    place.close()  # with a last backup, in which the rest of the job is done
    assert place.left() == set()
    place.open()
    assert place.survey.record.jobs() == []


def test_a_reader_that_holds_the_log_makes_it_wait(place: Place) -> None:
    place.survey.store.db.conn.execute("PRAGMA busy_timeout=20")
    reader = sqlite3.connect(place.data / "survey.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM participant").fetchone()
    assert leave(place, place.survey) is False
    assert place.survey.record.store.rows("SELECT is_clean_here FROM job") == [{"is_clean_here": 0}]
    reader.close()
    place.run_backup()
    assert place.left() == set()


def test_without_backups_it_is_done_at_once(survey: Survey) -> None:
    rater = Rater(survey)
    rater.go_on(3)
    assert rating.withdraw(survey, rater.code) is True
    with pytest.raises(UnknownCodeError):
        rating.withdraw(survey, rater.code)


def test_files_can_be_read_by_their_owner_only(place: Place) -> None:
    for folder in (place.data, place.elsewhere):
        assert folder.stat().st_mode & 0o077 == 0
    files = [place.data / "secret", *place.data.glob("survey.db*")]
    files += [place.data / "journal" / "events.jsonl"]
    files += [p for p in place.elsewhere.rglob("*") if p.is_file() and p.name[0] != "."]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    folders = [place.data / "journal", place.elsewhere / "blobs", place.elsewhere / "generations"]
    assert {path.stat().st_mode & 0o077 for path in folders} == {0}


def test_an_older_database_put_back_loses_who_has_gone_since(place: Place, tmp_path: Path) -> None:
    place.survey.store.snapshot(tmp_path / "older.db")
    leave(place, place.survey)
    place.close()
    for path in place.data.glob("survey.db*"):
        path.unlink()
    (tmp_path / "older.db").rename(place.data / "survey.db")
    place.open()
    assert place.survey.status()["state"] == "open"
    assert tell_the_same(place.survey)
    assert place.survey.store.rows("SELECT count(*) AS n FROM participant") == [{"n": 1}]
    place.run_backup()
    assert place.left() == set(), "in no byte of the database that was put back"
    assert place.survey.record.jobs() == []


def test_many_are_made_anonymous_in_one_look_at_the_record(survey: Survey) -> None:
    for _ in range(4):
        Rater(survey).go_on(2)
    statements: list[str] = []
    survey.store.db.conn.set_trace_callback(statements.append)
    assert owner.anonymise(survey, older_than_days=-1) == 4
    survey.store.db.conn.set_trace_callback(None)
    assert len([text for text in statements if text.startswith("UPDATE event")]) == 1
    assert tell_the_same(survey)


def test_no_picture_of_a_person_who_went_is_shown(survey: Survey) -> None:
    goes, stays = Rater(survey), Rater(survey)
    tokens = goes.state["next"]["images"]
    for token in tokens:
        assert rating.image(survey, token).exists()
    owner.anonymise(survey, older_than_days=-1)
    with pytest.raises(UnknownTokenError):
        rating.image(survey, tokens[0])
    with pytest.raises(UnknownTokenError):
        rating.state(survey, stays.token)


def test_what_cleans_outlasts_a_folder_that_cannot_be_locked(
    survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(survey.record, "_file_lock", None)
        patch.setattr(Path, "exists", fail_folder)
        survey.record.clean()  # and its thread goes on
    survey.record.clean()

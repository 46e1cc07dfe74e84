"""Backups: what was backed up comes back, whatever goes wrong on the way."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import create_autospec

import pytest

from survey.backup.backends import (
    Backend,
    BackupError,
    BucketBackend,
    DatasetBackend,
    FolderBackend,
    open_backend,
)
from survey.backup.backup import KEPT_GENERATIONS, Backup
from survey.backup.restore import generations, restore
from survey.session.survey import Survey
from survey.storage.events import Erased, Event, InvitationsMade, check_copy
from survey.storage.record import Record
from survey.study.errors import StoreError
from tests.helpers.fake_hub import FakeHub, serve_hub
from tests.unit.survey.conftest import Rater


class Data:
    """A data folder whose survey has handed out invitations, each in an event of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "studies" / "default" / "images").mkdir(parents=True)
        (folder / "studies" / "default" / "images" / "0a.png").write_bytes(b"picture")
        self.record = Record(folder)

    def rate(self, trial: str) -> None:
        self._append(InvitationsMade("default", [trial]))

    def erase(self) -> None:
        self._append(Erased("withdrawal", "2026-01-02"))

    def _append(self, event: Event) -> None:
        with self.record.alone():
            self.record.append(event)

    def backup(self, backend: Backend) -> Backup:
        return Backup(self.record, backend, place="there")


def trials(folder: Path) -> list[str]:
    database = sqlite3.connect(folder / "survey.db")
    rows = database.execute("SELECT code_hmac FROM invitation ORDER BY code_hmac").fetchall()
    database.close()
    return [row[0] for row in rows]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Data]:
    data = Data(tmp_path / "data")
    yield data
    data.record.store.close()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeHub, str]]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # this hub is on this machine
    with serve_hub() as served:
        yield served


def bucket_api(buckets: dict[str, dict[str, bytes]], *, faults: list[str] | None = None) -> Any:
    """The hub's own client with buckets in memory: its signatures are checked, its wire is not.

    Args:
        buckets: files by name, by bucket.
        faults: what the next changes do: "refuse" does nothing, "half" stores the first file only.
    """
    from huggingface_hub import HfApi

    api = create_autospec(HfApi, instance=True)

    def create(name: str, *, private: bool, exist_ok: bool) -> None:
        assert private
        buckets.setdefault(name, {})

    def tree(name: str, *, recursive: bool) -> list[Any]:
        files = [SimpleNamespace(path=path, size=len(data)) for path, data in buckets[name].items()]
        return [SimpleNamespace(path="blobs"), *files]

    def download(name: str, files: list[tuple[str, Path]], *, raise_on_missing_files: bool) -> None:
        for path, target in files:
            Path(target).write_bytes(buckets[name][path])

    def batch(name: str, *, add: list[tuple[str | bytes, str]], delete: list[str]) -> None:
        fault = faults.pop(0) if faults else ""
        if fault == "refuse":
            raise OSError("503 Service Unavailable")
        for source, path in add[:1] if fault == "half" else add:
            data = source if isinstance(source, bytes) else Path(source).read_bytes()
            buckets[name][path] = data
        if fault == "half":
            raise OSError("connection reset")
        for path in delete:
            del buckets[name][path]

    api.create_bucket.side_effect = create
    api.list_bucket_tree.side_effect = tree
    api.download_bucket_files.side_effect = download
    api.batch_bucket_files.side_effect = batch
    return api


@pytest.fixture(params=["folder", "dataset", "bucket"])
def make_backend(
    request: pytest.FixtureRequest, tmp_path: Path, hub: tuple[FakeHub, str]
) -> Callable[[], Backend]:
    buckets: dict[str, dict[str, bytes]] = {}

    def make() -> Backend:
        if request.param == "folder":
            return FolderBackend(tmp_path / "backup")
        if request.param == "bucket":
            return BucketBackend("owner/ratings", bucket_api(buckets))
        from huggingface_hub import HfApi

        return DatasetBackend("owner/ratings", HfApi(endpoint=hub[1], token="hf_test"))

    return make


def test_what_was_backed_up_comes_back(
    data: Data, make_backend: Callable[[], Backend], tmp_path: Path
) -> None:
    data.rate("a")
    backup = data.backup(make_backend())
    assert backup.run() is True
    data.rate("b")
    assert backup.run() is True
    assert backup.run() is False  # nothing changed
    assert backup.status.last_success is not None
    new = tmp_path / "new"
    assert restore(new, make_backend()) is True
    assert trials(new) == ["a", "b"]
    assert (new / "journal" / "events.jsonl").read_text().count("InvitationsMade") == 2
    assert (new / "studies" / "default" / "images" / "0a.png").read_bytes() == b"picture"
    assert (new / "secret").read_bytes() == data.record.secret
    assert (new / "secret").stat().st_mode & 0o077 == 0
    assert restore(new, make_backend()) is False  # somebody is in it


def test_a_place_without_a_backup_starts_empty(
    make_backend: Callable[[], Backend], tmp_path: Path
) -> None:
    assert restore(tmp_path / "new", make_backend()) is False


def test_old_generations_and_their_blobs_go(
    data: Data, make_backend: Callable[[], Backend], tmp_path: Path
) -> None:
    backend = make_backend()
    backup = data.backup(backend)
    for index in range(KEPT_GENERATIONS + 3):
        data.rate(f"trial{index}")
        backup.run()
    names = backend.names()
    assert sum(name.startswith("generations/") for name in names) == KEPT_GENERATIONS
    # per generation a database and a journal; the picture and the secret once
    assert sum(name.startswith("blobs/") for name in names) == 2 * KEPT_GENERATIONS + 2
    assert restore(tmp_path / "new", backend) is True


def test_an_erasure_leaves_one_generation(data: Data, make_backend: Callable[[], Backend]) -> None:
    backend = make_backend()
    backup = data.backup(backend)
    for index in range(3):
        data.rate(f"trial{index}")
        backup.run()
    data.rate("trial3")
    data.erase()
    data.backup(backend).run()  # of another process, which made none of those before
    names = backend.names()
    assert sum(name.startswith("generations/") for name in names) == 1
    assert sum(name.startswith("blobs/") for name in names) == 4


def test_what_could_not_be_removed_after_an_erasure_goes_next_time(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = FolderBackend(tmp_path / "backup")
    backup = data.backup(backend)
    data.rate("a")
    backup.run()
    data.rate("b")
    data.erase()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda path, missing_ok: (_ for _ in ()).throw(OSError()))
        with pytest.raises(BackupError):
            backup.run()
    assert backup.run() is False  # nothing has changed, and what was left goes all the same
    assert [generation.erasures for generation in generations(backend.names())] == [1]
    assert sum(name.startswith("blobs/") for name in backend.names()) == 4


def test_a_generation_of_an_earlier_version_is_kept_until_somebody_is_erased(
    data: Data, tmp_path: Path
) -> None:
    backend = FolderBackend(tmp_path / "backup")
    data.rate("a")
    data.backup(backend).run()
    (path,) = (backend.folder / "generations").iterdir()
    path.rename(path.with_name("20260101T000000.000000Z.json"))
    data.rate("b")
    data.backup(backend).run()
    assert sum(name.startswith("generations/") for name in backend.names()) == 2
    data.rate("c")
    data.erase()
    data.backup(backend).run()
    assert sum(name.startswith("generations/") for name in backend.names()) == 1


def test_whatever_goes_wrong_is_told_and_tried_again(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = FolderBackend(tmp_path / "backup")
    backup = data.backup(backend)
    real, calls = data.record.copy, iter([StoreError("disk full"), OSError("gone")])

    def fail_twice(folder: Path) -> tuple[int, int]:
        for error in calls:
            raise error
        return real(folder)

    monkeypatch.setattr(data.record, "copy", fail_twice)
    for text in ("disk full", "gone"):
        with pytest.raises((StoreError, OSError), match=text):
            backup.run()
        assert backup.status.problem == text
    backup.start(3600)
    backup.soon()
    deadline = time.monotonic() + 10
    while backup.status.last_success is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert backup.status.problem == ""
    backup.close()


def test_a_damaged_newest_generation_falls_back_to_the_one_before(
    data: Data, tmp_path: Path
) -> None:
    backend = FolderBackend(tmp_path / "backup")
    backup = data.backup(backend)
    data.rate("a")
    backup.run()
    before = {name for name in backend.names() if name.startswith("blobs/")}
    data.rate("b")
    backup.run()
    for name in set(backend.names()) - before:
        if name.startswith("blobs/"):
            (backend.folder / name).write_bytes(b"half")
    assert restore(tmp_path / "new", backend) is True
    assert trials(tmp_path / "new") == ["a"]
    for name in backend.names():
        if name.startswith("blobs/"):
            (backend.folder / name).write_bytes(b"half")
    with pytest.raises(BackupError, match="none of 2 backups"):
        restore(tmp_path / "newer", backend)
    assert not (tmp_path / "newer" / "survey.db").exists()


def test_a_generation_cannot_write_outside_the_data_folder(data: Data, tmp_path: Path) -> None:
    backend = FolderBackend(tmp_path / "backup")
    data.backup(backend).run()
    (path,) = (backend.folder / "generations").iterdir()
    generation = json.loads(path.read_text())
    generation["files"]["../evil"] = generation["files"]["secret"]
    path.write_text(json.dumps(generation))
    with pytest.raises(BackupError, match="outside the data folder"):
        restore(tmp_path / "new", backend)
    assert not (tmp_path / "evil").exists()


def test_the_newest_is_the_one_that_knows_most_whatever_a_clock_says(
    data: Data, tmp_path: Path
) -> None:
    backend = FolderBackend(tmp_path / "backup")
    backup = data.backup(backend)
    for index in range(KEPT_GENERATIONS + 2):
        data.rate(f"trial{index}")
        backup.run()
    kept = generations(backend.names())
    assert [generation.seq for generation in kept] == [3, 4, 5, 6, 7]
    restore(tmp_path / "new", backend)
    assert len(trials(tmp_path / "new")) == KEPT_GENERATIONS + 2


def test_the_one_just_written_is_never_pruned_and_a_newer_one_there_is_an_alarm(
    data: Data, tmp_path: Path
) -> None:
    backend = FolderBackend(tmp_path / "backup")
    for index in range(KEPT_GENERATIONS + 1):
        data.rate(f"trial{index}")
        data.backup(backend).run()
    older = Data(tmp_path / "older")  # an older state was put back, and goes on
    older.rate("other")
    backup = older.backup(backend)
    assert backup.run() is True
    kept = [generation.seq for generation in generations(backend.names())]
    assert kept == [1, 2, 3, 4, 5, 6]
    assert "the backups know of 6 events and this folder of 1" in backup.status.problem


def test_a_disk_that_is_not_there_is_not_an_empty_place(tmp_path: Path) -> None:
    backend = FolderBackend(tmp_path / "stick" / "nitidez")
    with pytest.raises(BackupError, match="No such file or directory"):
        restore(tmp_path / "new", backend)
    assert not (tmp_path / "stick").exists()
    (tmp_path / "stick").mkdir()
    assert restore(tmp_path / "new", backend) is False


def test_a_place_that_was_emptied_while_no_app_ran_is_an_alarm(data: Data, tmp_path: Path) -> None:
    backend = FolderBackend(tmp_path / "backup")
    data.rate("a")
    first = data.backup(backend)
    first.run()
    assert first.status.problem == ""
    shutil.rmtree(backend.folder)
    again = data.backup(backend)
    assert again.run() is True
    assert "have gone there before, and there are none" in again.status.problem


@pytest.mark.parametrize("folder", ["100% #1?", "a b;c"])
def test_a_folder_may_have_any_name(tmp_path: Path, folder: str) -> None:
    data = Data(tmp_path / folder / "data")
    backend = FolderBackend(tmp_path / folder / "backup")
    data.rate("a")
    data.backup(backend).run()
    data.record.store.close()
    assert restore(tmp_path / folder / "new", backend) is True
    assert trials(tmp_path / folder / "new") == ["a"]


class Killed(BaseException):
    """kill -9, as far as the process is concerned."""


def test_a_restore_that_is_killed_anywhere_is_made_up_for_by_the_next_start(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = FolderBackend(tmp_path / "backup")
    data.rate("a")
    data.backup(backend).run()
    real, new = os.replace, tmp_path / "new"
    for number in range(4):  # a picture, secret, database, journal
        left = iter(range(number))

        def replace(source: Path, target: Path, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Killed
            real(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", replace)
            with pytest.raises(Killed):
                restore(new, backend)
        restore(new, backend)
        assert trials(new) == ["a"]
        record = Record(new)
        assert record.secret == data.record.secret
        assert record.journal.read() == (data.record.store.lines(), 0)
        assert (new / "studies" / "default" / "images" / "0a.png").exists()
        record.store.close()
        shutil.rmtree(new)


def test_a_place_of_before_loses_who_leaves_and_nothing_of_another_survey(
    data: Data, tmp_path: Path
) -> None:
    before, now = (FolderBackend(tmp_path / name) for name in ("before", "now"))
    other = Data(tmp_path / "other")
    for of in (data, other):
        of.rate("a")
        Backup(of.record, before, place=f"folder:{before.folder}").run()
    backup = Backup(data.record, now, place=f"folder:{now.folder}")
    backup.run()
    assert len(generations(before.names())) == 2, "for nobody has left"
    with data.record.store.writing() as db:
        db.execute("INSERT INTO job (receipt) VALUES ('who left')")
    data.erase()
    before.folder.rename(tmp_path / "away")
    before.folder.write_bytes(b"")
    with pytest.raises(BackupError, match="before"):
        backup.run()
    assert backup.status.last_success is not None
    assert data.record.jobs() == ["who left"]
    before.folder.unlink()
    (tmp_path / "away").rename(before.folder)
    assert backup.run() is False
    assert data.record.jobs() == []
    assert len(generations(before.names())) == 1
    assert restore(tmp_path / "new", before) is True
    assert (tmp_path / "new" / "secret").read_bytes() == other.record.secret
    assert data.record.places() == {f"folder:{now.folder}"}
    other.record.store.close()


def test_a_place_that_becomes_empty_is_an_alarm(data: Data, tmp_path: Path) -> None:
    backend = FolderBackend(tmp_path / "backup")
    backup = data.backup(backend)
    data.rate("a")
    backup.run()
    shutil.rmtree(backend.folder)
    assert backup.run() is True, "though nothing has changed since"
    assert "has vanished from the backups" in backup.status.problem
    assert len(generations(backend.names())) == 1
    assert backup.run() is False
    assert "has vanished from the backups" in backup.status.problem, "until the app starts again"


@pytest.mark.parametrize("what", ["lost", "changed", "unusable"])
def test_a_backup_counts_when_it_has_been_read_back(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    backend = FolderBackend(tmp_path / "backup")
    backup = data.backup(backend)
    data.rate("a")
    backup.run()
    data.rate("b")
    real = backend.read
    answers = {"changed": lambda name: real(name)[:-1], "lost": lambda name: real("nothing")}
    if what == "unusable":
        unusable = StoreError("its events give others")
        check = lambda path: (_ for _ in ()).throw(unusable)  # noqa: E731
        monkeypatch.setattr("survey.backup.backup.check_copy", check)
    else:
        monkeypatch.setattr(backend, "read", answers[what])
    with pytest.raises(BackupError):
        backup.run()
    assert backup.status.problem
    assert [generation.seq for generation in generations(backend.names())] == [1]


def test_a_copy_whose_events_give_other_tables_is_refused(survey: Survey, tmp_path: Path) -> None:
    Rater(survey).go_on(2)
    survey.store.snapshot(tmp_path / "copy.db")
    check_copy(tmp_path / "copy.db")
    with sqlite3.connect(tmp_path / "copy.db") as database:
        database.execute("UPDATE response SET rt_ms = 1")
    database.close()
    with pytest.raises(StoreError, match="table response of the database has 2 rows"):
        check_copy(tmp_path / "copy.db")


@pytest.fixture
def dataset(hub: tuple[FakeHub, str], monkeypatch: pytest.MonkeyPatch) -> DatasetBackend:
    from huggingface_hub import HfApi

    return DatasetBackend("owner/ratings", HfApi(endpoint=hub[1], token="hf_test"))


def test_the_data_set_is_private(dataset: DatasetBackend, hub: tuple[FakeHub, str]) -> None:
    assert dataset.names() == []
    assert hub[0].private == {"owner/ratings": True}


def test_a_failed_upload_is_said_and_made_up_for_later(
    data: Data, dataset: DatasetBackend, hub: tuple[FakeHub, str], tmp_path: Path
) -> None:
    backup = data.backup(dataset)
    data.rate("a")
    backup.run()
    data.rate("b")
    hub[0].faults = [("/commit/", "500")] * 20
    with pytest.raises(BackupError):
        backup.run()
    assert "500" in backup.status.problem
    assert restore(tmp_path / "old", dataset) is True
    assert trials(tmp_path / "old") == ["a"]
    hub[0].faults = []
    assert backup.run() is True
    assert backup.status.problem == ""
    assert restore(tmp_path / "new", dataset) is True
    assert trials(tmp_path / "new") == ["a", "b"]


def test_a_history_that_keeps_what_was_erased_is_squashed_the_next_time(
    data: Data, dataset: DatasetBackend, hub: tuple[FakeHub, str]
) -> None:
    backup = data.backup(dataset)
    data.rate("a")
    backup.run()
    data.erase()
    data.rate("b")
    squashes = hub[0].squashes
    hub[0].faults = [("/super-squash", "500")] * 20
    with pytest.raises(BackupError):
        backup.run()
    assert hub[0].squashes == squashes
    hub[0].faults = []
    backup = data.backup(DatasetBackend(dataset.name, dataset.api))  # after a restart, too
    backup.run()
    assert hub[0].squashes > squashes


def test_an_upload_that_stops_half_way_changes_nothing(
    data: Data, dataset: DatasetBackend, hub: tuple[FakeHub, str], tmp_path: Path
) -> None:
    backup = data.backup(dataset)
    data.rate("a")
    backup.run()
    data.rate("b")
    commits = hub[0].commits
    real = dataset.change

    def half(add: object, remove: object = ()) -> None:
        if hub[0].commits > commits:
            raise BackupError("the line went dead")
        real(add, remove)  # type: ignore[arg-type]

    dataset.change = half  # type: ignore[method-assign]
    with pytest.raises(BackupError):
        backup.run()  # the blobs arrived, the generation did not
    assert hub[0].commits == commits + 1
    assert restore(tmp_path / "new", dataset) is True
    assert trials(tmp_path / "new") == ["a"]


def test_a_download_with_a_wrong_checksum_is_not_taken(
    data: Data, dataset: DatasetBackend, hub: tuple[FakeHub, str], tmp_path: Path
) -> None:
    data.rate("a")
    data.backup(dataset).run()
    hub[0].faults = [("/blobs/", "wrong")] * 50
    with pytest.raises(BackupError, match=r"sha256|blobs"):
        restore(tmp_path / "new", dataset)
    assert not (tmp_path / "new" / "survey.db").exists()


@pytest.mark.parametrize("fault", ["refuse", "half"])
def test_a_bucket_that_fails_loses_nothing(data: Data, tmp_path: Path, fault: str) -> None:
    faults: list[str] = []
    backend = BucketBackend("owner/ratings", bucket_api({}, faults=faults))
    backup = data.backup(backend)
    data.rate("a")
    assert backup.run() is True
    data.rate("b")
    faults.append(fault)
    with pytest.raises(BackupError, match="owner/ratings"):
        backup.run()
    assert restore(tmp_path / "then", backend) is True
    assert trials(tmp_path / "then") == ["a"]
    assert backup.run() is True
    assert restore(tmp_path / "later", backend) is True
    assert trials(tmp_path / "later") == ["a", "b"]


def test_a_hub_that_is_not_there_is_not_an_empty_one(tmp_path: Path) -> None:
    from huggingface_hub import HfApi

    backend = DatasetBackend("owner/ratings", HfApi(endpoint="http://127.0.0.1:9", token="hf_x"))
    with pytest.raises(BackupError):
        restore(tmp_path / "new", backend)


@pytest.mark.parametrize("place", ["", "folder:", "dataset:name", "ftp:a/b", "bucket:a/"])
def test_a_place_that_makes_no_sense_is_refused(place: str) -> None:
    with pytest.raises(BackupError, match="needed folder:PATH"):
        open_backend(place)


def test_places_by_name(tmp_path: Path) -> None:
    assert isinstance(open_backend(f"folder:{tmp_path}"), FolderBackend)
    assert isinstance(open_backend("dataset:maria/ratings"), DatasetBackend)


def test_the_thread_backs_up_by_itself_and_once_more_at_the_end(data: Data, tmp_path: Path) -> None:
    backend = FolderBackend(tmp_path / "backup")
    backup = data.backup(backend)
    backup.start(0.05)
    data.rate("a")
    backup.close()
    assert restore(tmp_path / "new", backend) is True
    assert trials(tmp_path / "new") == ["a"]

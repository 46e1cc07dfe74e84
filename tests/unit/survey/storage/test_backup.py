"""Backups: what was backed up comes back, whatever goes wrong on the way."""

from __future__ import annotations

import json
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
from survey.storage.events import check_copy
from survey.study.errors import StoreError
from tests.helpers.fake_hub import FakeHub, serve_hub
from tests.unit.survey.conftest import Rater


def is_empty(folder: Path) -> bool:
    return not (folder / "survey.db").exists()


def check(path: Path) -> None:
    database = sqlite3.connect(path)
    try:
        if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise ValueError("not ok")
    finally:
        database.close()


class Data:
    """A data folder with a database that counts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.erasures = self.seq = 0
        (folder / "journal").mkdir(parents=True)
        (folder / "studies" / "default" / "images").mkdir(parents=True)
        (folder / "studies" / "default" / "images" / "0a.png").write_bytes(b"picture")
        (folder / "secret").write_bytes(b"s" * 32)
        self.database = sqlite3.connect(folder / "survey.db", check_same_thread=False)
        self.database.execute("CREATE TABLE response (trial_id TEXT PRIMARY KEY)")

    def rate(self, trial: str) -> None:
        self.seq += 1
        with self.database:
            self.database.execute("INSERT INTO response VALUES (?)", [trial])
        with (self.folder / "journal" / "boot.jsonl").open("a") as file:
            file.write(json.dumps({"trial_id": trial}) + "\n")

    def snapshot(self, folder: Path) -> tuple[int, int]:
        copy = sqlite3.connect(folder / "survey.db")
        self.database.backup(copy)
        copy.close()
        shutil.copytree(self.folder / "journal", folder / "journal")
        return self.seq, self.erasures

    def backup(self, backend: Backend) -> Backup:
        return Backup(self.folder, backend, place="there", snapshot=self.snapshot, check=check)


def trials(folder: Path) -> list[str]:
    database = sqlite3.connect(folder / "survey.db")
    rows = database.execute("SELECT trial_id FROM response ORDER BY trial_id").fetchall()
    database.close()
    return [row[0] for row in rows]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Data]:
    data = Data(tmp_path / "data")
    yield data
    data.database.close()


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
    assert restore(new, make_backend(), check=check, is_empty=is_empty) is True
    assert trials(new) == ["a", "b"]
    assert (new / "journal" / "boot.jsonl").read_text().count("trial_id") == 2
    assert (new / "studies" / "default" / "images" / "0a.png").read_bytes() == b"picture"
    assert (new / "secret").read_bytes() == b"s" * 32
    assert (new / "secret").stat().st_mode & 0o077 == 0
    assert (
        restore(new, make_backend(), check=check, is_empty=is_empty) is False
    )  # a database is there


def test_a_place_without_a_backup_starts_empty(
    make_backend: Callable[[], Backend], tmp_path: Path
) -> None:
    assert restore(tmp_path / "new", make_backend(), check=check, is_empty=is_empty) is False


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
    assert restore(tmp_path / "new", backend, check=check, is_empty=is_empty) is True


def test_an_erasure_leaves_one_generation(data: Data, make_backend: Callable[[], Backend]) -> None:
    backend = make_backend()
    backup = data.backup(backend)
    for index in range(3):
        data.rate(f"trial{index}")
        backup.run()
    data.rate("trial3")
    data.erasures += 1
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
    data.erasures += 1
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
    data.erasures += 1
    data.backup(backend).run()
    assert sum(name.startswith("generations/") for name in backend.names()) == 1


def test_whatever_goes_wrong_is_told_and_tried_again(data: Data, tmp_path: Path) -> None:
    backend = FolderBackend(tmp_path / "backup")
    backup = data.backup(backend)
    real, calls = backup._snapshot, iter([StoreError("disk full"), OSError("gone")])

    def fail_twice(folder: Path) -> tuple[int, int]:
        for error in calls:
            raise error
        return real(folder)

    backup._snapshot = fail_twice
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
    assert restore(tmp_path / "new", backend, check=check, is_empty=is_empty) is True
    assert trials(tmp_path / "new") == ["a"]
    for name in backend.names():
        if name.startswith("blobs/"):
            (backend.folder / name).write_bytes(b"half")
    with pytest.raises(BackupError, match="none of 2 backups"):
        restore(tmp_path / "newer", backend, check=check, is_empty=is_empty)
    assert not (tmp_path / "newer" / "survey.db").exists()


def test_a_generation_cannot_write_outside_the_data_folder(data: Data, tmp_path: Path) -> None:
    backend = FolderBackend(tmp_path / "backup")
    data.backup(backend).run()
    (path,) = (backend.folder / "generations").iterdir()
    generation = json.loads(path.read_text())
    generation["files"]["../evil"] = generation["files"]["secret"]
    path.write_text(json.dumps(generation))
    with pytest.raises(BackupError, match="outside the data folder"):
        restore(tmp_path / "new", backend, check=check, is_empty=is_empty)
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
    restore(tmp_path / "new", backend, check=check, is_empty=is_empty)
    assert len(trials(tmp_path / "new")) == KEPT_GENERATIONS + 2


def test_the_one_just_written_is_never_pruned_and_a_newer_one_there_is_an_alarm(
    data: Data, tmp_path: Path
) -> None:
    backend = FolderBackend(tmp_path / "backup")
    for index in range(KEPT_GENERATIONS + 1):
        data.rate(f"trial{index}")
        data.backup(backend).run()
    data.seq = 0  # an older state was put back, and goes on
    data.rate("other")
    backup = data.backup(backend)
    assert backup.run() is True
    kept = [generation.seq for generation in generations(backend.names())]
    assert kept == [1, 2, 3, 4, 5, 6]
    assert "the backups know of 6 events and this folder of 1" in backup.status.problem


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
        backup._check = lambda path: (_ for _ in ()).throw(StoreError("its events give others"))
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
    assert restore(tmp_path / "old", dataset, check=check, is_empty=is_empty) is True
    assert trials(tmp_path / "old") == ["a"]
    hub[0].faults = []
    assert backup.run() is True
    assert backup.status.problem == ""
    assert restore(tmp_path / "new", dataset, check=check, is_empty=is_empty) is True
    assert trials(tmp_path / "new") == ["a", "b"]


def test_a_history_that_keeps_what_was_erased_is_squashed_the_next_time(
    data: Data, dataset: DatasetBackend, hub: tuple[FakeHub, str]
) -> None:
    backup = data.backup(dataset)
    data.rate("a")
    backup.run()
    data.erasures += 1
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
    assert restore(tmp_path / "new", dataset, check=check, is_empty=is_empty) is True
    assert trials(tmp_path / "new") == ["a"]


def test_a_download_with_a_wrong_checksum_is_not_taken(
    data: Data, dataset: DatasetBackend, hub: tuple[FakeHub, str], tmp_path: Path
) -> None:
    data.rate("a")
    data.backup(dataset).run()
    hub[0].faults = [("/blobs/", "wrong")] * 50
    with pytest.raises(BackupError, match=r"sha256|blobs"):
        restore(tmp_path / "new", dataset, check=check, is_empty=is_empty)
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
    assert restore(tmp_path / "then", backend, check=check, is_empty=is_empty) is True
    assert trials(tmp_path / "then") == ["a"]
    assert backup.run() is True
    assert restore(tmp_path / "later", backend, check=check, is_empty=is_empty) is True
    assert trials(tmp_path / "later") == ["a", "b"]


def test_a_hub_that_is_not_there_is_not_an_empty_one(tmp_path: Path) -> None:
    from huggingface_hub import HfApi

    backend = DatasetBackend("owner/ratings", HfApi(endpoint="http://127.0.0.1:9", token="hf_x"))
    with pytest.raises(BackupError):
        restore(tmp_path / "new", backend, check=check, is_empty=is_empty)


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
    assert restore(tmp_path / "new", backend, check=check, is_empty=is_empty) is True
    assert trials(tmp_path / "new") == ["a"]

"""A disk that is lost, a place that cannot be reached, a person who is erased."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from survey.backup.backends import BackupError, FolderBackend
from survey.session import rating
from survey.session.protected import ProtectedSurvey
from survey.session.survey import Survey
from survey.simulation.simulate import simulate
from survey.storage.responses import counts, read_responses
from survey.storage.store import Line
from tests.unit.survey.conftest import Rater, tell_the_same

PLACE = "folder:elsewhere"


class Unreachable(FolderBackend):
    """A folder that does not answer when told so."""

    is_down = False

    def names(self) -> list[str]:
        self._check()
        return super().names()

    def change(self, add: Mapping[str, Path | bytes], remove: object = ()) -> None:
        self._check()
        super().change(add, remove)  # type: ignore[arg-type]

    def _check(self) -> None:
        if self.is_down:
            raise BackupError("no route to host")


@pytest.fixture
def backend(tmp_path: Path) -> Unreachable:
    return Unreachable(tmp_path / "elsewhere")


@pytest.fixture
def opened(data_folder: Path, backend: Unreachable) -> Iterator[ProtectedSurvey]:
    survey = ProtectedSurvey(data_folder, place=PLACE, seconds=3600, backend=backend)
    yield survey
    survey.close()


def test_an_empty_database_does_not_hide_a_backup(
    opened: ProtectedSurvey, backend: Unreachable, tmp_path: Path
) -> None:
    rater = Rater(opened.survey)
    rater.go_on(3)
    assert opened.backup is not None
    opened.backup.run()
    new = tmp_path / "new"
    shutil.copytree(opened.survey.data_folder / "studies", new / "studies")
    other = Survey(new)
    simulate(other, raters=1, seed=1)
    other.close()
    again = ProtectedSurvey(new, place=PLACE, seconds=3600, backend=backend)
    assert counts(again.survey.store, "default")["responses"] == 3
    assert rating.state(again.survey, rater.token)["progress"]["done"] == 3
    assert tell_the_same(again.survey)  # and nothing of the simulated rater
    again.close()


def test_a_journal_that_somebody_is_in_is_not_replaced_by_a_backup(
    opened: ProtectedSurvey, backend: Unreachable, data_folder: Path, tmp_path: Path
) -> None:
    rater = Rater(opened.survey)
    rater.go_on(2)
    assert opened.backup is not None
    opened.backup.run()
    rater.answer()  # since the last backup
    new = tmp_path / "new"
    shutil.copytree(data_folder, new, ignore=shutil.ignore_patterns("survey.db*", "lock"))
    again = ProtectedSurvey(new, place=PLACE, seconds=3600, backend=backend)
    assert rating.state(again.survey, rater.token)["progress"]["done"] == 3
    again.close()


def wait_for(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_was_backed_up_survives_a_lost_disk(
    opened: ProtectedSurvey, data_folder: Path, backend: Unreachable
) -> None:
    rater = Rater(opened.survey)
    rater.go_on(8)
    assert opened.backup is not None
    opened.backup.run()
    before = read_responses(opened.survey.store, "default")
    rater.go_on(2)  # not yet backed up: what the next interval would have taken
    shutil.rmtree(data_folder)
    again = ProtectedSurvey(data_folder, place=PLACE, seconds=3600, backend=backend)
    assert read_responses(again.survey.store, "default").equals(before)
    rater.survey = again.survey
    rater.state = rating.state(again.survey, rater.token)
    assert rater.state["progress"]["done"] == 8
    rater.finish()
    rating.withdraw(again.survey, rater.code)
    again.close()


def test_closing_backs_up_the_rest(data_folder: Path, backend: Unreachable, tmp_path: Path) -> None:
    first = ProtectedSurvey(data_folder, place=PLACE, seconds=3600, backend=backend)
    Rater(first.survey).go_on(5)
    first.close()
    second = ProtectedSurvey(tmp_path / "new", place=PLACE, seconds=3600, backend=backend)
    assert len(read_responses(second.survey.store, "default")) == 5
    second.close()


def test_a_place_that_cannot_be_reached_closes_the_survey(
    data_folder: Path, backend: Unreachable
) -> None:
    backend.is_down = True
    survey = ProtectedSurvey(data_folder, place=PLACE, seconds=3600, backend=backend).survey
    status = survey.status()
    assert (status["state"], status["problem"]["key"]) == ("broken", "survey_backup")
    assert not (data_folder / "survey.db").exists()
    backend.is_down = False
    again = ProtectedSurvey(data_folder, place=PLACE, seconds=3600, backend=backend)
    assert again.survey.status()["state"] == "open"
    again.close()


def test_a_place_that_makes_no_sense_closes_the_survey(data_folder: Path) -> None:
    survey = ProtectedSurvey(data_folder, place="ftp://x").survey
    assert "needed folder:PATH" in survey.status()["problem"]["detail"]


def test_an_erased_person_is_in_no_backup(
    opened: ProtectedSurvey, backend: Unreachable, tmp_path: Path
) -> None:
    stays, goes = Rater(opened.survey), Rater(opened.survey)
    stays.go_on(4)
    goes.go_on(6)
    assert opened.backup is not None
    opened.backup.run()
    trial = goes.state["trial"]["id"]
    backend.is_down = True
    rating.withdraw(opened.survey, goes.code)
    wait_for(lambda: opened.backup_status.problem)  # type: ignore[union-attr]
    backend.is_down = False
    opened.backup.run()
    assert sum(n.startswith("generations/") for n in backend.names()) == 1
    data = b"".join(backend.read(name) for name in backend.names())
    assert trial.encode() not in data
    again = ProtectedSurvey(tmp_path / "new", place=PLACE, seconds=3600, backend=backend)
    assert len(read_responses(again.survey.store, "default")) == 4
    again.close()


@pytest.mark.parametrize("while_the_app_runs", [True, False])
def test_a_person_whom_a_command_erases_is_in_no_backup(
    data_folder: Path, backend: Unreachable, while_the_app_runs: bool
) -> None:
    app = ProtectedSurvey(data_folder, place=PLACE, seconds=3600, backend=backend)
    goes = Rater(app.survey)
    trial = goes.state["next"]["id"]
    assert app.backup is not None
    app.backup.run()
    goes.go_on(6)
    app.backup.run()
    if not while_the_app_runs:
        app.close()
    command = Survey(data_folder)
    rating.withdraw(command, goes.code)
    command.close()
    if not while_the_app_runs:
        app = ProtectedSurvey(data_folder, place=PLACE, seconds=3600, backend=backend)
    app.close()  # with a last backup
    assert sum(name.startswith("generations/") for name in backend.names()) == 1
    assert not any(trial.encode() in backend.read(name) for name in backend.names())


def test_a_backup_waits_until_an_erasure_is_done(
    opened: ProtectedSurvey, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes = Rater(opened.survey)
    copied: list[str] = []

    def copy() -> None:
        with tempfile.TemporaryDirectory() as folder:
            with opened.survey.record.alone():
                opened.survey.record.copy(Path(folder))
            copied.extend(path.read_text() for path in Path(folder).rglob("*.jsonl"))

    copying = threading.Thread(target=copy)
    real = opened.survey.record.journal.replace

    def replace(lines: Sequence[Line]) -> None:
        copying.start()
        copying.join(1)
        real(lines)

    monkeypatch.setattr(opened.survey.record.journal, "replace", replace)
    rating.withdraw(opened.survey, goes.code)
    copying.join()
    assert len(copied) == 1
    assert "SessionStarted" not in copied[0]


def test_without_a_place_there_is_no_backup(data_folder: Path) -> None:
    survey = ProtectedSurvey(data_folder)
    assert survey.backup_status is None
    survey.close()

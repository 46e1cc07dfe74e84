"""Database and journal under bad conditions: said clearly, nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from sr.metrics import downloads
from survey.preparation.default_study import prepare_default
from survey.session import owner, rating
from survey.session.start import start
from survey.session.survey import Survey
from survey.simulation.simulate import simulate
from survey.storage import repository
from survey.storage.codes import CROCKFORD, normal_code, read_secret, token_and_code
from survey.storage.events import check_copy
from survey.storage.responses import read_responses
from survey.storage.store import Store
from survey.study.display import pixels_per_degree
from survey.study.errors import StoreError, StudyError, SurveyError
from tests.helpers.tiny_study import PROTOCOL, make_study
from tests.unit.survey.conftest import CONDITIONS, Rater, answer_to, tell_the_same, value_for

AGAIN = "2026-11-01T12:00:00.000+00:00"


def prepare_again(data_folder: Path) -> None:
    """Put a study of other photographs and another protocol under the name of the one there."""
    shutil.rmtree(data_folder / "studies" / "default")
    make_study(data_folder)


def test_tables_are_strict_and_durable(survey: Survey) -> None:
    connection = survey.store.db.conn
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    tables = [t for t in survey.store.db.tables if not t.name.startswith("_")]
    assert {t.name for t in tables} >= {"participant", "session", "trial", "response"}
    assert all(table.strict for table in tables)


def test_a_file_that_is_no_database_breaks_the_survey_and_not_the_program(
    data_folder: Path, open_survey: Callable[..., Survey]
) -> None:
    (data_folder / "survey.db").write_bytes(b"this is not a database" * 100)
    survey = open_survey()
    status = survey.status()
    assert status["state"] == "broken"
    assert status["problem"]["key"] == "survey_store"
    assert "mend --keep journal" in status["problem"]["detail"]
    assert str(data_folder) not in status["problem"]["detail"]
    with pytest.raises(StoreError):
        start(survey, language="en", consent_version="x", adult=True)


def test_a_damaged_database_is_noticed_at_the_start(
    data_folder: Path, open_survey: Callable[..., Survey]
) -> None:
    survey = open_survey()
    Rater(survey).go_on(20)
    survey.close()
    path = data_folder / "survey.db"
    data = bytearray(path.read_bytes())
    data[4096:20480] = bytes(16384)
    path.write_bytes(data)
    assert open_survey().status()["state"] == "broken"
    with pytest.raises(StoreError):
        check_copy(path)


@pytest.mark.skipif(hasattr(os, "getuid") and os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(data_folder: Path, open_survey: Callable[..., Survey]) -> None:
    open_survey().close()
    (data_folder / "survey.db").chmod(0o400)
    data_folder.chmod(0o500)
    try:
        assert "writable" in open_survey().status()["problem"]["detail"]
    finally:
        data_folder.chmod(0o700)


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path / "survey.db").close()
    database = sqlite3.connect(tmp_path / "survey.db")
    with database:
        database.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('survey', 'm999_future', '2030-01-01')"
        )
    database.close()
    with pytest.raises(StoreError, match=r"newer version of Nitidez \(m999_future\)"):
        Store(tmp_path / "survey.db")


def test_an_older_database_is_brought_up_to_date(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "survey.db").close()  # no table at all yet
    store = Store(tmp_path / "survey.db")
    assert store.rows("SELECT * FROM event") == []
    store.close()


def test_a_study_changed_on_disk_breaks_the_survey(
    data_folder: Path, open_survey: Callable[..., Survey]
) -> None:
    image = next((data_folder / "studies" / "default" / "images").iterdir())
    image.write_bytes(image.read_bytes() + b"x")
    status = open_survey().status()
    assert (status["state"], status["problem"]["key"]) == ("broken", "survey_study")


def test_a_study_prepared_again_takes_the_place_of_one_that_nobody_began(
    data_folder: Path, open_survey: Callable[..., Survey]
) -> None:
    owner.set_results_open(open_survey(), True)
    prepare_again(data_folder)
    survey = open_survey()
    row = repository.study_row(survey.store, "default")
    assert row is not None
    assert row["created_at"] == AGAIN
    assert row["protocol_sha256"] == survey.study.protocol.sha256 == PROTOCOL.sha256
    Rater(survey).finish()
    assert tell_the_same(survey)
    assert open_survey().status()["state"] == "open"


def test_simulated_raters_leave_with_the_study_they_rehearsed(
    data_folder: Path, open_survey: Callable[..., Survey]
) -> None:
    simulate(open_survey(), raters=2, seed=1)
    prepare_again(data_folder)
    survey = open_survey()
    assert survey.status()["state"] == "open"
    assert read_responses(survey.store, "default", include_simulated=True).empty
    assert tell_the_same(survey)


def test_a_study_prepared_again_under_its_raters_is_refused(
    data_folder: Path, open_survey: Callable[..., Survey], tmp_path: Path
) -> None:
    Rater(open_survey()).go_on(2)
    folder = data_folder / "studies" / "default"
    shutil.copytree(folder, tmp_path / "first")
    prepare_again(data_folder)
    survey = open_survey()
    problem = survey.status()["problem"]
    assert problem["key"] == "survey_study"
    detail = problem["detail"]
    assert "begun the one prepared at 2026-01-02T03:04:05.678+00:00 (1 so far)" in detail
    assert f"holds one prepared at {AGAIN}" in detail
    assert "under another --study NAME" in detail
    shutil.rmtree(folder)
    shutil.move(tmp_path / "first", folder)
    assert open_survey().status()["state"] == "open"


def test_a_missing_study(open_survey: Callable[..., Survey]) -> None:
    status = open_survey(study="other").status()
    assert status["state"] == "broken"
    assert "python -m survey prepare" in status["problem"]["detail"]


def test_without_a_study_the_default_one_is_prepared(tmp_path: Path, sources: list) -> None:
    survey = Survey(tmp_path)
    assert survey.status()["state"] == "preparing"
    with pytest.raises(StudyError, match="being prepared"):
        start(survey, language="en", consent_version="x", adult=True)
    prepare_default(survey, sources=lambda: [])
    assert survey.status()["state"] == "broken"
    survey.close()


def test_a_preparation_that_waits_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey, seen = Survey(tmp_path), []
    monkeypatch.setattr(downloads, "_waiting", {"alexnet-owt-7be5be79.pth"})

    def sources() -> list:
        seen.append(survey.status())
        return []

    assert survey.status()["waiting_for"] is None
    prepare_default(survey, sources=sources)
    assert seen[0]["state"] == "preparing"
    assert seen[0]["waiting_for"] == "alexnet-owt-7be5be79.pth"
    survey.close()


class Full(Exception):
    """What the disk says."""


def test_a_full_disk_acknowledges_nothing_and_the_answer_can_be_sent_again(
    survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    rater = Rater(survey)
    rater.go_on(3)
    trial = rater.state["trial"]
    body = answer_to(trial, value_for(trial))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("survey.storage.journal.os.fsync", full)
        with pytest.raises(StoreError, match="free disk space"):
            rating.answer(survey, rater.token, body)
    assert rating.answer(survey, rater.token, body)["saved"] == 4
    lines, _ = survey.record.journal.read()
    assert sum(line.kind == "Answered" and trial["id"] in line.body for line in lines) == 1


def test_a_full_disk_under_the_database(survey: Survey) -> None:
    rater = Rater(survey)
    rater.go_on(3)
    connection = survey.store.db.conn
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")

    def fill() -> None:
        for _ in range(50):
            Rater(survey)

    with pytest.raises(StoreError, match="free disk space"):
        fill()
    connection.execute("PRAGMA max_page_count=1073741823")
    rater.finish()


def test_the_secret_is_made_once_and_private(tmp_path: Path) -> None:
    secret = read_secret(tmp_path / "data" / "secret")
    assert secret == read_secret(tmp_path / "data" / "secret")
    assert len(secret) == 32
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o077 == 0
    (tmp_path / "short").write_bytes(b"x")
    with pytest.raises(StoreError, match="1 bytes; needed 32"):
        read_secret(tmp_path / "short")


def test_codes_can_be_typed_in_many_ways() -> None:
    token, code = token_and_code(b"secret", "request")
    assert len(code) == 11
    assert set(code) <= {*CROCKFORD, "-"}
    assert (token, code) == token_and_code(b"secret", "request")
    others = {token_and_code(b"secret", str(k)) for k in range(1000)}
    assert len({code for _, code in others}) == len({token for token, _ in others}) == 1000
    assert normal_code("io-l0 7k") == "10107K"


def test_errors_of_the_survey_have_a_text_and_a_status() -> None:
    for error in [SurveyError, *SurveyError.__subclasses__()]:
        assert error.key.startswith(("survey_", "results_", "studies_"))
        assert 400 <= error.status < 600


def test_anonymous_answers_keep_the_density_of_what_is_rounded(survey: Survey) -> None:
    Rater(survey).finish()  # at 92 ppi and 60 cm
    untold = Rater(survey)
    untold.show_display(ppi=None, ppi_method="skipped")
    untold.go_on(4)
    untold.answer(conditions=CONDITIONS | {"viewport_width": 1873})
    with survey.record.alone():
        assert survey.record.anonymise("9999", "2027-01-01") == 2
    frame = read_responses(survey.store, "default")
    assert set(frame["vision"]) == set(frame["comment"]) == {""}
    told = frame[frame["ppi"].notna()]
    assert set(told["ppd"]) == {pixels_per_degree(90, 60)}
    assert set(frame["viewport_width"]) == {1900}
    assert len(frame) - len(told) == 5
    assert frame[frame["ppi"].isna()]["ppd"].isna().all()

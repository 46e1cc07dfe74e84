"""Attacks on the record: no acknowledged answer is lost, none is silently changed, and the survey
starts or says why not.

    make attack
"""

from __future__ import annotations

import random
import resource
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from survey.session import rating
from survey.session.protected import ProtectedSurvey
from survey.session.survey import Survey
from survey.storage.journal import Journal
from survey.storage.responses import counts
from survey.storage.store import RESULTS, link
from survey.study.errors import StoreError
from tests.system.load import HttpRater, Result, Server, check, run
from tests.unit.survey.conftest import Rater, answer_to, tell_the_same, value_for

CUTS = 120


def responses(survey: Survey) -> int:
    found: int = counts(survey.store, "default")["responses"]
    return found


def journal_of(folder: Path) -> Path:
    return folder / "journal" / "events.jsonl"


def test_ten_times_kill_9_under_load(data_folder: Path) -> None:
    result, _ = run(data_folder, raters=12, kills=10, think=0.4, images=False, is_whole_app=False)
    assert check(data_folder, result) == []
    assert result.retries > 0
    survey = Survey(data_folder)
    assert tell_the_same(survey)
    survey.close()


def test_three_times_sigterm_under_load(data_folder: Path) -> None:
    server, result, stop = Server(data_folder, is_whole_app=False), Result(), threading.Event()
    server.start()
    raters = [
        threading.Thread(
            target=HttpRater(server.url, seed, result, think=0.3, images=False).go, args=[stop]
        )
        for seed in range(8)
    ]
    for rater in raters:
        rater.start()
    for _ in range(3):
        time.sleep(1)
        server.stop()
        server.start()
    stop.set()
    for rater in raters:
        rater.join()
    server.stop()
    assert len(result.acknowledged) > 8
    assert check(data_folder, result) == []


def test_clocks_that_jump_lose_no_backup(data_folder: Path, tmp_path: Path) -> None:
    place = f"folder:{tmp_path / 'elsewhere'}"
    rng = random.Random(5)
    now = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
    people: list[Rater] = []
    for day in range(9):
        protected = ProtectedSurvey(data_folder, place=place, seconds=3600)
        protected.survey.clock = lambda: now  # noqa: B023
        people.append(Rater(protected.survey))
        people[-1].go_on(3)
        assert protected.backup is not None
        assert protected.backup.run()
        if day == 6:
            rating.withdraw(protected.survey, people.pop(0).code)
        now += timedelta(hours=rng.uniform(-48, 24))
        protected.close()
        assert protected.backup.status.problem == ""
    shutil.rmtree(data_folder)
    again = ProtectedSurvey(data_folder, place=place, seconds=3600)
    assert responses(again.survey) == 3 * len(people)
    again.close()


def copied(data_folder: Path, tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(data_folder, folder)
    return folder


@pytest.fixture
def rated(data_folder: Path) -> Path:
    """Two people have answered, one of them with an undo; a third has left."""
    survey = Survey(data_folder)
    first, second, third = Rater(survey), Rater(survey), Rater(survey)
    first.finish()
    second.go_on(8)
    second.state = rating.undo(survey, second.token)
    second.answer()
    third.go_on(4)
    rating.withdraw(survey, third.code)
    survey.store.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    survey.close()
    return data_folder


def test_a_journal_cut_or_flipped_anywhere_is_mended_from_the_database(
    rated: Path, tmp_path: Path
) -> None:
    whole = journal_of(rated).read_bytes()
    rng = random.Random(1)
    for number in range(CUTS):
        data = bytearray(whole)
        place = rng.randrange(len(data))
        match number % 4:
            case 0:
                del data[place:]
            case 1:
                data[place] ^= 1 << rng.randrange(8)
            case 2:
                del data[place : place + rng.randrange(1, 3000)]
            case _:
                data[place:place] = rng.randbytes(40)
        folder = copied(rated, tmp_path, "cut")
        journal_of(folder).write_bytes(data)
        survey = Survey(folder)
        assert survey.problem is None, (number, place)
        assert journal_of(folder).read_bytes() == whole, (number, place)
        assert tell_the_same(survey)
        survey.close()


def test_a_journal_cut_anywhere_without_a_database_keeps_every_whole_line(
    rated: Path, tmp_path: Path
) -> None:
    whole = journal_of(rated).read_bytes()
    rng = random.Random(2)
    for _ in range(CUTS // 4):
        folder = copied(rated, tmp_path, "cut")
        (folder / "survey.db").unlink()
        place = rng.randrange(len(whole))
        journal_of(folder).write_bytes(whole[:place])
        survey = Survey(folder)
        assert survey.problem is None, place
        lines = whole[:place].count(b"\n")
        assert len(survey.store.lines()) >= lines, "and the study, where it was cut off"
        assert whole.startswith(journal_of(folder).read_bytes()) or lines == 0
        survey.close()


def values_of(folder: Path) -> list[tuple[str, str]]:
    """Every column of every table that events come to."""
    with sqlite3.connect(folder / "survey.db") as database:
        columns = [
            (table, row[1])
            for table in RESULTS
            for row in database.execute(f"PRAGMA table_info({table})")
            if database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        ]
    database.close()
    return columns


def test_a_value_changed_anywhere_in_the_database_is_noticed(rated: Path, tmp_path: Path) -> None:
    unnoticed = []
    for table, column in values_of(rated):
        folder = copied(rated, tmp_path, "changed")
        database = sqlite3.connect(folder / "survey.db")
        database.execute("PRAGMA ignore_check_constraints=ON")
        try:
            with database:
                changed = database.execute(
                    f"UPDATE {table} SET {column} = CASE typeof({column}) WHEN 'text' THEN "
                    f"{column} || 'x' WHEN 'null' THEN 1 ELSE {column} + 1 END "
                    f"WHERE rowid = (SELECT max(rowid) FROM {table})"
                ).rowcount
        except sqlite3.IntegrityError:  # SQLite itself would not have it
            continue
        finally:
            database.close()
        before = (folder / "survey.db").read_bytes(), journal_of(folder).read_bytes()
        survey = Survey(folder)
        if changed and survey.problem is None:
            unnoticed.append(f"{table}.{column}")
        else:
            assert "mend" in str(survey.problem)
            after = (folder / "survey.db").read_bytes(), journal_of(folder).read_bytes()
            assert before == after, "neither is touched"
        survey.close()
    assert unnoticed == []


def test_an_event_forged_with_all_its_checksums_is_noticed(rated: Path, tmp_path: Path) -> None:
    lines, _ = Journal(rated / "journal").read()
    for number in range(0, len(lines), 5):
        if lines[number].body == "{}":
            continue
        folder = copied(rated, tmp_path, "forged")
        forged = list(lines)
        body = forged[number].body[:-1] + ',"x":1}'
        forged[number] = forged[number]._replace(body=body)
        previous = forged[number - 1].sha256 if number else ""
        for place in range(number, len(forged)):
            line = forged[place]
            if line.kind != "Gone":
                sha256 = link(previous, line.seq, line.kind, line.body)
                forged[place] = line._replace(sha256=sha256)
            previous = forged[place].sha256
        Journal(folder / "journal").replace(forged)
        survey = Survey(folder)
        assert "mend" in str(survey.problem), number
        survey.close()


def test_a_disk_that_fills_up_acknowledges_nothing_that_it_did_not_keep(data_folder: Path) -> None:
    survey = Survey(data_folder)
    rater = Rater(survey)
    rater.go_on(4)
    acknowledged, refused = 4, 0
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    rng = random.Random(3)
    try:
        for _ in range(30):
            size = max(path.stat().st_size for path in _written(data_folder))
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + rng.randrange(3000), hard))
            trial = rater.state["trial"]
            if trial is None:
                break
            body = answer_to(trial, value_for(trial))
            try:
                rater.state = rating.answer(survey, rater.token, body)["state"]
                acknowledged += 1
            except StoreError:
                refused += 1
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
                rater.state = rating.answer(survey, rater.token, body)["state"]
                acknowledged += 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused > 0
    assert responses(survey) == acknowledged
    assert tell_the_same(survey)
    survey.close()


def _written(folder: Path) -> list[Path]:
    return [journal_of(folder), *folder.glob("survey.db*")]


def test_an_older_folder_beside_newer_backups_is_told(data_folder: Path, tmp_path: Path) -> None:
    place = f"folder:{tmp_path / 'elsewhere'}"
    protected = ProtectedSurvey(data_folder, place=place, seconds=3600)
    rater = Rater(protected.survey)
    rater.go_on(2)
    older = copied(data_folder, tmp_path, "older")
    rater.go_on(3)
    protected.close()
    again = ProtectedSurvey(older, place=place, seconds=3600)
    Rater(again.survey)
    assert again.backup is not None
    again.backup.run()
    assert "an older state was put into this one" in again.backup.status.problem
    again.close()


Surprise = Callable[[Path], Any]
SURPRISES: dict[str, Surprise] = {
    "a folder for a database": lambda folder: (folder / "survey.db").mkdir(),
    "a folder for a journal": lambda folder: journal_of(folder).mkdir(parents=True),
    "noise for a database": lambda folder: (folder / "survey.db").write_bytes(b"x" * 9000),
    "noise for a journal": lambda folder: _write(journal_of(folder), bytes(range(256)) * 40),
    "noise for a secret": lambda folder: (folder / "secret").write_bytes(b"x"),
    "a file for a journal's folder": lambda folder: _write(folder / "journal", b"x"),
    "a study that is none": lambda folder: _write(folder / "studies/default/study.json", b"[]"),
}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.mark.parametrize("surprise", SURPRISES)
def test_whatever_lies_in_the_folder_the_app_starts_and_upscales(
    data_folder: Path, surprise: str
) -> None:
    SURPRISES[surprise](data_folder)
    protected = ProtectedSurvey(data_folder)
    assert protected.survey.status()["state"] in ("broken", "open", "preparing")
    protected.close()

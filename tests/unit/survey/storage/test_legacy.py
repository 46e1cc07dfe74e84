"""A real data folder of before the record was kept event by event: everybody is still there.

It holds somebody made anonymous, somebody who came to the end, somebody half way after an undo,
somebody who withdrew, a simulated rater; a journal whose last line a crash cut off; and a backup
that is two answers older, one of them given again after an undo.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from survey.session import rating
from survey.session.protected import ProtectedSurvey
from survey.session.survey import Survey
from survey.storage.responses import counts, read_responses
from survey.study.errors import UnknownCodeError, UnknownTokenError
from tests.unit.survey.conftest import Rater, tell_the_same

FOLDER = Path(__file__).parents[3] / "fixtures" / "data_folder_of_2026.zip"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with zipfile.ZipFile(FOLDER) as file:
        file.extractall(tmp_path)
    return tmp_path


def known(old: Path) -> Any:
    return json.loads((old / "known.json").read_text())


def without_ids(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["participant", "session", "trial_id", "repeat_of"]
    return frame.drop(columns=columns).reset_index(drop=True)


def check(survey: Survey, old: Path) -> None:
    people = known(old)
    assert survey.status()["state"] == "open"
    assert survey.status()["results_open"] is True
    assert counts(survey.store, "default") == people["counts"]
    assert tell_the_same(survey)
    frame = read_responses(survey.store, "default", include_simulated=True)
    everybody = frame.groupby("participant")["finished"].first()
    kept = people["counts"]
    assert int(everybody.sum()) == kept["finished"] + kept["simulated"]["finished"]
    frame = frame.drop(columns=["trials", "finished"])  # a table of before has no such columns
    then = pd.read_csv(old / "responses.csv").astype(frame.dtypes.to_dict())
    is_old = then["created_at"].str.len() == 10  # made anonymous
    named = then[~is_old].fillna({"flags": "", "vision": "", "comment": ""})
    now = frame[frame["trial_id"].isin(named["trial_id"])]
    pd.testing.assert_frame_equal(
        now.reset_index(drop=True), named.reset_index(drop=True), check_dtype=False
    )
    assert len(frame) == len(then)
    assert not set(frame["trial_id"]) & set(then[is_old]["trial_id"]), "ids are replaced, too"
    assert rating.state(survey, people["done"]["token"])["phase"] == "end"
    with pytest.raises(UnknownTokenError):
        rating.state(survey, people["gone"]["token"])
    with pytest.raises(UnknownCodeError):
        rating.withdraw(survey, people["gone"]["code"])


def go_on(survey: Survey, old: Path) -> None:
    """The one half way comes to the end, with the pictures that the browser may have already."""
    rater = Rater.__new__(Rater)
    rater.survey, rater.token = survey, known(old)["half"]["token"]
    rater.state = rating.state(survey, rater.token)
    assert rater.state["progress"]["done"] == known(old)["half"]["done"]
    for token in rater.state["trial"]["images"]:
        assert rating.image(survey, token).exists()
    rater.finish()
    assert rating.withdraw(survey, known(old)["half"]["code"])


@pytest.mark.parametrize("lost", ["nothing", "database", "journal"])
def test_a_folder_of_before_migrates(old: Path, lost: str) -> None:
    data = old / "data"
    if lost == "database":
        (data / "survey.db").unlink()
    if lost == "journal":
        shutil.rmtree(data / "journal")
    survey = Survey(data)
    check(survey, old)
    survey.close()
    again = Survey(data)
    check(again, old)
    go_on(again, old)
    again.close()


def test_a_migration_that_is_killed_leaves_no_old_journal_where_nobody_erases(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """kill -9, as far as the process is concerned."""

    def kill(*args: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("survey.storage.record.Record.put_aside", kill)
        with pytest.raises(Killed):
            Survey(old / "data")
    survey = Survey(old / "data")
    check(survey, old)
    assert [path.name for path in (old / "data" / "journal").iterdir()] == ["events.jsonl"]
    assert "of an earlier version" in survey.record.told_aside()[0]
    survey.close()


def test_a_mixed_up_journal_of_before_is_read_all_the_same(old: Path) -> None:
    data = old / "data"
    (path,) = (data / "journal").iterdir()
    *lines, _ = path.read_bytes().splitlines(keepends=True)
    order = [*lines[40:60], *lines[60:], *lines[20:40], b'{"event"\n', *lines[:20]]
    path.with_name("20260101T000000000000-0.jsonl").write_bytes(b"".join(order[:50]))
    path.write_bytes(b"".join(order[50:]))
    (data / "survey.db").unlink()
    survey = Survey(data)
    assert counts(survey.store, "default") == known(old)["counts"]
    survey.close()


def test_a_backup_of_before_comes_back(old: Path) -> None:
    place = f"folder:{old / 'backup'}"
    protected = ProtectedSurvey(old / "new", place=place, seconds=3600)
    survey = protected.survey
    assert counts(survey.store, "default")["responses"] == known(old)["counts"]["responses"] - 1
    assert tell_the_same(survey)
    rating.withdraw(survey, known(old)["half"]["code"])
    protected.close()
    assert len(list((old / "backup" / "generations").iterdir())) == 1

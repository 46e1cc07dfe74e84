"""Addresses for one person each, and the way back to a panel: what is kept, and what never is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from survey.backup.backends import FolderBackend
from survey.commands.cli import main
from survey.reporting.export import export_files
from survey.reporting.report import report_files
from survey.session import owner, rating
from survey.session.invitations import admit, invite, set_completion
from survey.session.protected import ProtectedSurvey
from survey.session.survey import Survey
from survey.simulation.simulate import simulate
from survey.storage.erasure import is_nobody_in
from survey.storage.events import check_copy
from survey.storage.responses import invitations, read_responses
from survey.storage.store import Store
from survey.study.errors import (
    InvitationError,
    PanelError,
    StoreError,
    StudyClosedError,
    StudyError,
)
from tests.helpers.tiny_study import make_study
from tests.unit.survey.conftest import Rater, tell_the_same

Opening = Callable[..., Survey]
BACK = "https://panel.example/done?cc=C1&who={id}"


def used(survey: Survey) -> tuple[int, int]:
    found = invitations(survey.store, survey.study_name)
    return found["made"], found["used"]


def test_without_invitations_the_link_is_for_everybody(survey: Survey) -> None:
    assert survey.status()["by_invitation"] is False
    assert Rater(survey).state["phase"] == "display"
    assert used(survey) == (0, 0)


def test_an_invitation_is_for_one_person_however_it_is_written(survey: Survey) -> None:
    first, second = invite(survey, 2)
    assert survey.status()["by_invitation"] is True
    Rater(survey, invitation=first.lower().replace("-", " ")).go_on(3)
    assert used(survey) == (2, 1)
    with pytest.raises(InvitationError):
        Rater(survey, invitation=first)
    Rater(survey, invitation=second)
    assert used(survey) == (2, 2)
    assert tell_the_same(survey)


def test_what_is_wrong_with_an_invitation_is_said(
    survey: Survey, open_survey: Opening, data_folder: Path
) -> None:
    (code,) = invite(survey, 1)
    make_study(data_folder, name="other")
    (elsewhere,) = invite(open_survey(study="other"), 1)
    Rater(survey, invitation=code)
    wrong = {"": "needed", "AAAAA-AAAAA": "unknown", elsewhere: "elsewhere", code: "used"}
    for invitation, what in wrong.items():
        with pytest.raises(InvitationError) as refused:
            Rater(survey, invitation=invitation)
        assert (refused.value.key, refused.value.status) == (f"survey_invitation_{what}", 403)
    owner.set_open(survey, False)
    with pytest.raises(StudyClosedError):
        Rater(survey, invitation=code)
    assert used(survey) == (1, 1)


def test_a_start_whose_reply_was_lost_is_repeated_with_its_invitation(survey: Survey) -> None:
    (code,) = invite(survey, 1)
    once, again = (Rater(survey, request="0" * 32, invitation=code) for _ in range(2))
    assert (once.token, once.code) == (again.token, again.code)
    assert used(survey) == (1, 1)


def test_a_start_that_cannot_be_stored_uses_nothing_up(
    survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = invite(survey, 1)

    def full(rows: object, *others: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("survey.storage.events.SessionStarted.apply", full)
        with pytest.raises(StoreError):
            Rater(survey, invitation=code)
    assert used(survey) == (1, 0)
    Rater(survey, invitation=code).finish()


def test_who_leaves_frees_no_invitation(survey: Survey) -> None:
    (code,) = invite(survey, 1)
    rater = Rater(survey, invitation=code)
    rating.withdraw(survey, rater.code)
    with pytest.raises(InvitationError):
        Rater(survey, invitation=code)
    assert tell_the_same(survey)


def test_programs_need_none(survey: Survey) -> None:
    invite(survey, 1)
    simulate(survey, raters=1, seed=1)
    assert used(survey) == (1, 0)


@pytest.mark.parametrize("lost", ["database", "journal", "disk", "tables"])
def test_they_outlast_whatever_is_lost(
    data_folder: Path, tmp_path: Path, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NITIDEZ_DATA", str(data_folder))
    place, backend = f"folder:{tmp_path / 'backup'}", FolderBackend(tmp_path / "backup")
    protected = ProtectedSurvey(data_folder, place=place, seconds=3600, backend=backend)
    survey = protected.survey
    first, second = invite(survey, 2)
    set_completion(survey, BACK)
    assert not is_nobody_in(data_folder), "they were handed out: no backup may take their place"
    rater = Rater(survey, invitation=first, panel="p1")
    protected.close()
    if lost == "database":
        (data_folder / "survey.db").unlink()
    elif lost == "journal":
        shutil.rmtree(data_folder / "journal")
    elif lost == "disk":
        shutil.rmtree(data_folder)
    else:  # told anew from what the tables hold
        with sqlite3.connect(data_folder / "survey.db") as db:
            db.execute("UPDATE session SET break_taken = 1")
        assert main(["mend", "--keep", "database"]) == 0
    protected = ProtectedSurvey(data_folder, place=place, seconds=3600, backend=backend)
    survey = rater.survey = protected.survey
    assert used(survey) == (2, 1)
    rater.finish()
    assert rater.state["way_back"] == BACK.replace("{id}", "p1")
    with pytest.raises(InvitationError):
        admit(survey, first)
    assert admit(survey, second)
    assert tell_the_same(survey)
    protected.close()


def test_a_study_prepared_again_keeps_them_and_the_way_back(survey: Survey) -> None:
    (code,) = invite(survey, 1)
    set_completion(survey, BACK)
    study = survey.study_folder
    survey.close()
    shutil.rmtree(study)
    make_study(study.parent.parent, seed=5)
    again = Survey(study.parent.parent)
    rater = Rater(again, invitation=code, panel="x")
    rater.finish()
    assert rater.state["way_back"] == BACK.replace("{id}", "x")
    assert tell_the_same(again)
    again.close()


def test_a_copy_of_before_there_were_any_is_whole(survey: Survey, tmp_path: Path) -> None:
    Rater(survey).finish()
    copy = tmp_path / "survey.db"
    survey.store.snapshot(copy)
    with sqlite3.connect(copy) as db:
        for statement in (
            "DROP TABLE invitation",
            "DROP TABLE panel",
            "ALTER TABLE study DROP COLUMN completion_url",
            "DELETE FROM _sqlite_migrations WHERE name = 'm004_invited'",
        ):
            db.execute(statement)
    check_copy(copy)
    store = Store(copy)
    assert store.rows("SELECT completion_url FROM study") == [{"completion_url": ""}]
    store.close()
    check_copy(copy)


# Panels


def test_who_finished_is_sent_back_and_nobody_before(survey: Survey) -> None:
    set_completion(survey, BACK)
    sent, own = Rater(survey, panel="5f_a-9"), Rater(survey)
    shown = str(sent.go_on())
    assert "5f_a-9" not in shown
    assert "way_back" not in sent.state
    sent.finish()
    own.finish()
    assert sent.state["way_back"] == "https://panel.example/done?cc=C1&who=5f_a-9"
    assert own.state["way_back"] is None


def test_an_id_is_not_kept_where_nobody_is_sent_back(survey: Survey) -> None:
    Rater(survey, panel="someone").go_on(1)
    assert survey.store.rows("SELECT * FROM panel") == []
    assert "someone" not in str(survey.store.lines())


@pytest.mark.parametrize("panel", ["a b", "x" * 65, "{{%PROLIFIC_PID%}}", "<b>", "á", "a\n"])
def test_what_cannot_be_an_id_is_refused(survey: Survey, panel: str) -> None:
    with pytest.raises(PanelError) as refused:
        Rater(survey, panel=panel)
    assert (refused.value.key, refused.value.status) == ("survey_panel", 422)


@pytest.mark.parametrize(
    "url",
    [
        "http://panel.example/done", "panel.example", "https://", "https://[x", "javascript:x()",
        "https://a b", "https://me:pw@panel.example/", "https://x/" + "y" * 1000, "https://é.example",
    ],
)  # fmt: skip
def test_a_way_back_is_an_address_of_https(survey: Survey, url: str) -> None:
    with pytest.raises(StudyError, match="needed https"):
        set_completion(survey, url)
    assert survey.store.rows("SELECT completion_url FROM study") == [{"completion_url": ""}]


def test_a_panels_id_is_in_no_file_and_goes_when_somebody_is_made_anonymous(
    survey: Survey,
) -> None:
    invite_code, panel = invite(survey, 1)[0], "panel-id-of-somebody"
    set_completion(survey, BACK)
    Rater(survey, invitation=invite_code, panel=panel).finish()
    responses = read_responses(survey.store, "default")
    files = list(export_files(responses, survey.study, excel=True).values())
    for is_public in (True, False):
        files += report_files(
            responses, survey.study, is_public=is_public, language="en", has_responses=is_public
        ).values()
    assert not [f for f in files for word in (panel, invite_code) if word.encode() in f]
    assert owner.anonymise(survey, older_than_days=-1) == 1
    assert survey.store.rows("SELECT * FROM panel") == []
    assert panel not in str(survey.store.lines())
    assert used(survey) == (1, 1)
    assert tell_the_same(survey)

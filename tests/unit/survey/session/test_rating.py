"""A rater's way, from consent to the reveal, and what is stored on it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from survey.session import owner, rating
from survey.session.survey import Survey
from survey.storage.events import retell
from survey.storage.responses import counts, read_responses
from survey.storage.store import Line, Store
from survey.study.errors import (
    ConsentError,
    InvalidAnswerError,
    StaleTrialError,
    StudyClosedError,
    UnknownCodeError,
    UnknownTokenError,
)
from tests.unit.survey.conftest import CONDITIONS, DISPLAY, Rater, answer_to, tell_the_same

HIDDEN = ("nearest", "bicubic", "srresnet", "srgan", "original", "golden", "main", "image-")


def test_a_whole_session(survey: Survey) -> None:
    rater = Rater(survey)
    assert rater.state["phase"] == "display"
    shown = rater.go_on()
    assert rater.state["phase"] == "comment"
    assert len({trial["id"] for trial in shown}) == len(shown) == rater.state["progress"]["total"]
    rater.finish()
    assert rater.state["phase"] == "end"
    assert rater.state["results_open"] is False
    assert {row["method"] for row in rater.state["reveal"]["ratings"]} == {
        "nearest",
        "bicubic",
        "srresnet_x4",
        "srgan_x4",
        "original",
    }
    frame = read_responses(survey.store, "default")
    assert len(frame) == len(shown)
    main = frame[frame.role == "main"]
    assert (main.kind == "rating").sum() == 4 * 5
    assert (main.kind == "pair").sum() == 4 * 3
    assert (frame.ppd.round(1) == 37.9).all()
    assert survey.status()["raters"] == 1


def test_nothing_a_browser_is_told_before_the_end_says_which_version_is_which(
    survey: Survey,
) -> None:
    rater = Rater(survey)
    told = [json.dumps(survey.status()), json.dumps(rater.state)]
    rater.show_display()
    while rater.state["phase"] in ("practice", "rating", "pair", "break"):
        if rater.state["phase"] == "break":
            rater.state = rating.resume(survey, rater.token)
        told.append(json.dumps(rater.answer()))
    assert rater.state["phase"] == "comment"
    for text in told:
        assert not any(word in text for word in HIDDEN), text


def test_pictures_have_other_names_for_every_rater_and_the_same_size(survey: Survey) -> None:
    first, second = Rater(survey), Rater(survey)
    tokens = [
        {token for trial in rater.go_on() for token in trial["images"]} for rater in (first, second)
    ]
    assert tokens[0]
    assert not tokens[0] & tokens[1]
    files = [rating.image(survey, token) for token in tokens[0]]
    assert len({path.stat().st_size for path in files}) == 1
    for path in files:
        data = path.read_bytes()
        chunks = [
            data[i : i + 4] for i in range(len(data)) if data[i : i + 4] in (b"tEXt", b"iTXt")
        ]
        assert not chunks
        assert len(path.stem) == 32
    with pytest.raises(UnknownTokenError):
        rating.image(survey, "0" * 32)


def test_an_answer_twice_is_one_response_and_another_one_is_refused(survey: Survey) -> None:
    rater = Rater(survey)
    rater.go_on(4)
    trial = rater.state["trial"]
    body = answer_to(trial, 2 if trial["kind"] == "rating" else "right")
    first = rating.answer(survey, rater.token, body)
    again = rating.answer(survey, rater.token, body)
    assert first["saved"] == again["saved"] == 5
    other = answer_to(trial, 4 if trial["kind"] == "rating" else "left")
    with pytest.raises(StaleTrialError, match="another answer"):
        rating.answer(survey, rater.token, other)
    assert len(read_responses(survey.store, "default")) == 5


def test_two_tabs_at_once_store_one_response_each_trial(survey: Survey) -> None:
    rater = Rater(survey)
    rater.show_display()
    body = answer_to(rater.state["trial"], 3 if rater.state["trial"]["kind"] == "rating" else "tie")
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(rating.answer(survey, rater.token, body)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result["saved"] for result in results] == [1] * 8
    assert len(read_responses(survey.store, "default")) == 1


def test_only_the_open_trial_can_be_answered(survey: Survey) -> None:
    rater, other = Rater(survey), Rater(survey)
    with pytest.raises(StaleTrialError, match="not open"):  # before the display
        rating.answer(
            survey, rater.token, answer_to(rater.state["next"], _any(rater.state["next"]))
        )
    rater.show_display()
    for trial in (rater.state["next"], other.state["next"]):
        with pytest.raises(StaleTrialError):
            rating.answer(survey, rater.token, answer_to(trial, _any(trial)))
    with pytest.raises(UnknownTokenError):
        rating.answer(survey, "x" * 43, answer_to(rater.state["trial"], _any(rater.state["trial"])))


def _any(trial: dict[str, Any]) -> int | str:
    return 3 if trial["kind"] == "rating" else "tie"


@pytest.mark.parametrize(
    "change",
    [
        {"rt_ms": -1},
        {"rt_ms": float("nan")},
        {"rt_ms": "fast"},
        {"switches": True},
        {"extra": 1},
        {"conditions": {}},
        {"conditions": CONDITIONS | {"dpr": 0}},
        {"conditions": CONDITIONS | {"orientation": "<b>"}},
        {"trial_id": 7},
        {"score": 6, "choice": None},
        {"score": 2.5, "choice": None},
        {"score": True, "choice": None},
        {"score": None, "choice": "A"},
        {"score": 3, "choice": "left"},
        {"score": None, "choice": None},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(
    survey: Survey, change: dict[str, Any]
) -> None:
    rater = Rater(survey)
    rater.show_display()
    body = answer_to(rater.state["trial"], _any(rater.state["trial"])) | change
    with pytest.raises(InvalidAnswerError):
        rating.answer(survey, rater.token, body)
    assert read_responses(survey.store, "default").empty


@pytest.mark.parametrize(
    "change",
    [
        {"ppi": 10_000},
        {"ppi": 3},
        {"distance_cm": 0},
        {"dpr": 0},
        {"ppi_method": "guess"},
        {"x": 1},
    ],
)
def test_an_impossible_display_is_refused(survey: Survey, change: dict[str, Any]) -> None:
    rater = Rater(survey)
    with pytest.raises(InvalidAnswerError):
        rating.set_display(survey, rater.token, DISPLAY | change)
    assert rating.state(survey, rater.token)["phase"] == "display"


def test_a_display_that_is_not_told_shuts_nobody_out(survey: Survey) -> None:
    rater = Rater(survey)
    rater.show_display(ppi=None, ppi_method="skipped", distance_cm=None, distance_method="skipped")
    rater.answer()
    (row,) = read_responses(survey.store, "default").to_dict("records")
    assert row["flags"] == "no_display"
    assert row["ppi"] != row["ppi"]  # NaN


def test_undo_opens_the_last_answer_once_and_keeps_the_first(survey: Survey) -> None:
    rater = Rater(survey)
    rater.go_on(5)
    trial = rater.state["trial"]
    values = (2, 5) if trial["kind"] == "rating" else ("left", "right")
    rater.answer(values[0])
    assert rater.state["can_undo"]
    rater.state = rating.undo(survey, rater.token)
    assert rater.state["trial"]["id"] == trial["id"]
    assert rater.state["progress"]["done"] == 5
    rater.answer(values[1])
    assert not rater.state["can_undo"]
    with pytest.raises(StaleTrialError):
        rating.undo(survey, rater.token)
    row = read_responses(survey.store, "default").set_index("trial_id").loc[trial["id"]]
    kind = "score" if trial["kind"] == "rating" else "choice"
    assert (row[kind], row[f"original_{kind}"]) == (values[1], values[0])


def test_practice_tells_right_from_wrong_and_nothing_else_does(survey: Survey) -> None:
    rater = Rater(survey)
    rater.show_display()
    told = []
    while rater.state["phase"] == "practice":
        told.append(rater.answer()["feedback"])
    assert set(told) <= {"right", "wrong"}
    assert rater.answer()["feedback"] is None


def test_a_session_goes_on_after_a_restart(open_survey: Callable[..., Survey]) -> None:
    rater = Rater(open_survey())
    rater.go_on(7)
    expected = rater.state
    again = open_survey()
    assert rating.state(again, rater.token) == expected
    rater.survey = again
    rater.finish()
    assert rater.state["phase"] == "end"


def test_a_start_whose_answer_was_lost_can_be_repeated(survey: Survey) -> None:
    one, two = Rater(survey, request="ab" * 16), Rater(survey, request="ab" * 16)
    assert (one.token, one.code, one.state) == (two.token, two.code, two.state)
    assert Rater(survey, request="cd" * 16).token != one.token
    assert [line.kind for line in survey.store.lines()].count("SessionStarted") == 2
    with pytest.raises(InvalidAnswerError, match="32 hexadecimal digits"):
        Rater(survey, request="short")


def test_what_a_crash_kept_from_the_journal_is_written_at_the_next_start(
    open_survey: Callable[..., Survey], monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = open_survey()
    rater = Rater(survey)
    rater.go_on(12)
    other = Rater(survey)
    with monkeypatch.context() as crash:  # before the journal is written
        crash.setattr(survey.record.journal, "complete", lambda lines_after: True)
        rating.undo(rater.survey, rater.token)
        rater.show_display(distance_cm=71.0)
        with survey.record.alone():
            person = survey.store.rows("SELECT id FROM participant ORDER BY rowid")[-1]["id"]
            survey.record.erase(person, "receipt", "2026-11-01")
    assert not tell_the_same(survey)
    again = open_survey()
    assert tell_the_same(again)
    with pytest.raises(UnknownTokenError):
        rating.state(again, other.token)
    written = again.record.journal.path.stat().st_mtime_ns
    open_survey()
    assert again.record.journal.path.stat().st_mtime_ns == written


def test_a_repeated_end_is_in_the_journal(survey: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    rater = Rater(survey)
    rater.go_on()
    with monkeypatch.context() as crash:
        crash.setattr(survey.record.journal, "complete", lambda lines_after: True)
        rating.finish(survey, rater.token, comment="kept")
    rating.finish(survey, rater.token, comment="another")
    lines, _ = survey.record.journal.read()
    told = [json.loads(line.body)["told"] for line in lines if line.kind == "Finished"]
    assert [entry["comment"] for entry in told] == ["kept"]


def test_consent_is_needed(survey: Survey) -> None:
    for change in ({"adult": False}, {"adult": "yes"}, {"consent_version": "old"}):
        with pytest.raises(ConsentError):
            Rater(survey, **change)
    with pytest.raises(InvalidAnswerError):
        Rater(survey, language="de")


def test_a_closed_study_takes_nobody_and_no_answer(survey: Survey) -> None:
    rater = Rater(survey)
    rater.show_display()
    owner.set_open(survey, False)
    with pytest.raises(StudyClosedError):
        Rater(survey)
    with pytest.raises(StudyClosedError):
        rater.answer()
    assert rating.state(survey, rater.token)["phase"] == "closed"
    owner.set_open(survey, True)
    rater.answer()


def test_finishing_needs_all_trials_and_a_short_comment(survey: Survey) -> None:
    rater = Rater(survey)
    rater.go_on(3)
    with pytest.raises(StaleTrialError):
        rating.finish(survey, rater.token)
    rater.go_on()
    with pytest.raises(InvalidAnswerError):
        rating.finish(survey, rater.token, comment="x" * 2001)
    rater.finish()
    with pytest.raises(StaleTrialError):
        rating.undo(survey, rater.token)


def test_withdrawal_erases_a_person_everywhere(survey: Survey, data_folder: Path) -> None:
    stays, goes = Rater(survey), Rater(survey)
    stays.go_on(6)
    goes.finish()
    session = read_responses(survey.store, "default").iloc[-1]
    rating.withdraw(survey, goes.code.lower().replace("-", " "))
    frame = read_responses(survey.store, "default")
    assert len(frame) == 6
    assert session.participant not in set(frame.participant)
    text = "".join(path.read_text() for path in (data_folder / "journal").glob("*.jsonl"))
    assert session.trial_id not in text
    assert "withdrawal" in text
    assert session.session.encode() not in (data_folder / "survey.db").read_bytes()
    with pytest.raises(UnknownTokenError):
        rating.state(survey, goes.token)
    with pytest.raises(UnknownCodeError):
        rating.withdraw(survey, goes.code)
    stays.go_on(1)


def test_a_replayed_journal_gives_the_same_rows(survey: Survey, tmp_path: Path) -> None:
    first, second, gone = Rater(survey), Rater(survey), Rater(survey)
    first.finish()
    second.go_on(9)
    second.state = rating.undo(survey, second.token)
    gone.go_on(3)
    rating.withdraw(survey, gone.code)
    second.answer()
    other = Store(tmp_path / "other.db")
    for _ in range(2):  # twice is once
        retell(other, survey.record.journal.read()[0])
        ours, theirs = read_responses(survey.store, "default"), read_responses(other, "default")
        assert ours.equals(theirs)
        assert counts(other, "default") == counts(survey.store, "default")
    other.close()


def test_a_lost_database_comes_back_from_the_journal(
    open_survey: Callable[..., Survey], data_folder: Path
) -> None:
    survey = open_survey()
    rater = Rater(survey)
    rater.go_on(6)
    before = read_responses(survey.store, "default")
    survey.close()
    for path in data_folder.glob("survey.db*"):
        path.unlink()
    again = open_survey()
    assert read_responses(again.store, "default").equals(before)
    rater.survey = again
    rater.finish()


def test_a_lost_journal_comes_back_from_the_database(
    open_survey: Callable[..., Survey], data_folder: Path
) -> None:
    survey = open_survey()
    Rater(survey).go_on(6)
    survey.close()
    for path in (data_folder / "journal").iterdir():
        path.unlink()
    lines, _ = open_survey().record.journal.read()
    assert [line.kind for line in lines].count("Answered") == 6


def test_a_command_that_erases_beside_the_app_loses_none_of_its_answers(
    open_survey: Callable[..., Survey],
) -> None:
    app = open_survey()
    stays, goes = Rater(app), Rater(app)
    stays.go_on(3)
    rating.withdraw(open_survey(), goes.code)
    stays.go_on(4)
    Rater(app)
    assert tell_the_same(app)


def test_an_answer_waits_until_a_command_has_replaced_the_journal(
    open_survey: Callable[..., Survey], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, command = open_survey(), open_survey()
    stays, goes = Rater(app), Rater(app)
    stays.go_on(3)
    answering = threading.Thread(target=stays.answer)

    real = command.record.journal.replace

    def slowly(lines: Sequence[Line]) -> None:
        answering.start()
        answering.join(1)
        real(lines)

    monkeypatch.setattr(command.record.journal, "replace", slowly)
    rating.withdraw(command, goes.code)
    answering.join()
    assert counts(app.store, "default")["responses"] == 4
    assert tell_the_same(app)


def test_an_older_database_hears_from_the_journal_who_has_gone(
    open_survey: Callable[..., Survey], data_folder: Path, tmp_path: Path
) -> None:
    survey = open_survey()
    goes = Rater(survey)
    goes.go_on(2)
    survey.store.snapshot(tmp_path / "older.db")
    rating.withdraw(survey, goes.code)
    survey.close()
    for path in data_folder.glob("survey.db*"):
        path.unlink()
    (tmp_path / "older.db").rename(data_folder / "survey.db")
    again = open_survey()
    with pytest.raises(UnknownTokenError):
        rating.state(again, goes.token)
    assert tell_the_same(again)


def test_anonymised_rows_are_coarse(open_survey: Callable[..., Survey], data_folder: Path) -> None:
    now = datetime(2026, 3, 1, 12, 34, 56, tzinfo=timezone.utc)
    survey = open_survey(clock=lambda: now)
    rater = Rater(survey)
    rater.finish()
    now += timedelta(days=10)
    assert owner.anonymise(survey, older_than_days=30) == 0
    now += timedelta(days=30)
    assert owner.anonymise(survey, older_than_days=30) == 1
    assert owner.anonymise(survey, older_than_days=30) == 0
    frame = read_responses(survey.store, "default")
    assert set(frame.created_at) == {"2026-03-01"}
    assert set(frame.ppi) == {90.0}
    assert set(frame.screen_height) == {1100}  # of 1080
    with pytest.raises(UnknownCodeError):
        rating.withdraw(survey, rater.code)
    text = "".join(path.read_text() for path in (data_folder / "journal").glob("*.jsonl"))
    assert "2026-03-01T" not in text

"""Database and journal, whatever happened to one of them: nothing lost, nothing silently changed.

Each test is a way in which an earlier version lost answers, did not start, or believed the wrong
one.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from survey.commands.cli import main
from survey.session import rating
from survey.session.survey import Survey
from survey.storage.journal import Journal, joined
from survey.storage.record import Record
from survey.storage.responses import counts
from survey.storage.store import GONE, Line, link
from survey.study.errors import RecordsDifferError, StoreError
from tests.unit.survey.conftest import Rater, answer_to, tell_the_same, value_for

Opening = Callable[..., Survey]


def journal_of(folder: Path) -> Path:
    return folder / "journal" / "events.jsonl"


def lines_of(folder: Path) -> list[bytes]:
    return journal_of(folder).read_bytes().splitlines(keepends=True)


def answers(survey: Survey) -> int:
    found: int = counts(survey.store, "default")["responses"]
    return found


@pytest.fixture
def rated(open_survey: Opening, data_folder: Path) -> Rater:
    """Somebody has answered six trials, and the survey was closed."""
    rater = Rater(open_survey())
    rater.go_on(6)
    rater.survey.close()
    return rater


def test_a_journal_without_one_session_line_is_no_reason_not_to_start(
    rated: Rater, open_survey: Opening, data_folder: Path
) -> None:
    lines = lines_of(data_folder)
    journal_of(data_folder).write_bytes(b"".join(x for x in lines if b"SessionStarted" not in x))
    survey = open_survey()
    assert survey.problem is None
    assert answers(survey) == 6
    assert tell_the_same(survey)
    assert lines_of(data_folder) == lines


def test_a_journal_removed_while_the_survey_runs_is_written_again(
    survey: Survey, data_folder: Path
) -> None:
    rater = Rater(survey)
    rater.go_on(3)
    journal_of(data_folder).unlink()
    rater.go_on(2)
    assert tell_the_same(survey)


def test_a_retry_after_a_failed_line_writes_it(
    survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    for fails in range(3):
        request = f"{fails:032x}"
        with monkeypatch.context() as patch:
            patch.setattr("survey.storage.journal.os.fsync", full)
            with pytest.raises(StoreError):
                Rater(survey, request=request)
        Rater(survey, request=request)
        assert tell_the_same(survey)


def test_clocks_and_cut_lines_do_not_mix_the_order(open_survey: Opening, data_folder: Path) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)

    def clock() -> datetime:
        return now

    rater = Rater(open_survey(clock=clock))
    for _ in range(7):
        rater.go_on(1)
        with journal_of(data_folder).open("ab") as file:
            file.write(b'{"seq":99,"sha256":"')
        now -= timedelta(hours=1)
        rater.survey = open_survey(clock=clock)
    assert answers(rater.survey) == 7
    for path in data_folder.glob("survey.db*"):
        path.unlink()
    again = open_survey()
    assert answers(again) == 7
    assert tell_the_same(again)
    assert len(list(journal_of(data_folder).parent.iterdir())) == 1


@pytest.mark.parametrize("damage", [b"\0" * 40, b'"score":9', b"", b"\n\n"])
def test_a_damaged_line_is_mended_from_the_database_and_told(
    rated: Rater, open_survey: Opening, data_folder: Path, damage: bytes
) -> None:
    lines = lines_of(data_folder)
    broken = lines[5][:120] + damage + lines[5][130:]
    journal_of(data_folder).write_bytes(b"".join([*lines[:5], broken, *lines[6:]]))
    survey = open_survey()
    assert survey.status()["state"] == "open"
    assert answers(survey) == 6
    assert lines_of(data_folder) == lines
    (note,) = survey.record.told_aside()
    assert "damaged; the database had them, nothing is lost" in note
    assert broken in (data_folder / "aside" / "0001" / "events.jsonl").read_bytes()
    assert "damaged" in open_survey().record.told_aside()[0], "until the owner has seen to it"


def test_what_only_a_damaged_line_told_is_lost_and_said_and_the_rest_stays(
    rated: Rater, open_survey: Opening, data_folder: Path
) -> None:
    lines = lines_of(data_folder)
    assert b"Answered" in lines[4]
    broken = lines[4].replace(b'"score":3', b'"score":5').replace(b"left", b"tie")
    journal_of(data_folder).write_bytes(b"".join([*lines[:4], broken, *lines[5:]]))
    for path in data_folder.glob("survey.db*"):
        path.unlink()
    survey = open_survey()
    assert answers(survey) == 5
    assert "events [5] are lost" in survey.record.told_aside()[0]
    rated.survey = survey
    rated.state = rating.state(survey, rated.token)
    rated.finish()
    survey.close()
    assert open_survey().status()["state"] == "open"


def test_with_its_first_lines_lost_a_journal_gives_what_it_can(
    rated: Rater, open_survey: Opening, data_folder: Path
) -> None:
    lines = lines_of(data_folder)
    journal_of(data_folder).write_bytes(b"\0\n" + b"".join(lines[1:]))  # of the study
    for path in data_folder.glob("survey.db*"):
        path.unlink()
    survey = open_survey()
    assert survey.status()["state"] == "open"
    assert answers(survey) == 6


def change_score(data_folder: Path) -> None:
    with sqlite3.connect(data_folder / "survey.db") as database:
        database.execute("UPDATE response SET rt_ms = 1 WHERE rowid = 2")
    database.close()


def forge_line(data_folder: Path) -> None:
    """Change an answer in the journal, and its checksum with it."""
    lines, _ = Journal(data_folder / "journal").read()
    old = lines[5]
    body = old.body.replace('"rt_ms":2500.0', '"rt_ms":1.0')
    new = Line(old.seq, old.kind, body, link(lines[4].sha256, old.seq, old.kind, body))
    Journal(data_folder / "journal").replace([*lines[:5], new, *lines[6:]])


def forge_both(data_folder: Path) -> None:
    """Change an event in the database, and no checksum."""
    with sqlite3.connect(data_folder / "survey.db") as database:
        database.execute("UPDATE event SET body = replace(body, '2500.0', '1.0') WHERE seq = 6")
    database.close()


@pytest.mark.parametrize("change", [change_score, forge_line, forge_both])
def test_where_database_and_journal_differ_both_are_kept_and_the_survey_is_closed(
    rated: Rater,
    open_survey: Opening,
    data_folder: Path,
    change: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(data_folder)
    before = (data_folder / "survey.db").read_bytes(), journal_of(data_folder).read_bytes()
    status = open_survey().status()
    assert status["state"] == "broken"
    assert "differ" in status["problem"]["detail"]
    assert "python -m survey mend" in status["problem"]["detail"]
    assert before == (
        (data_folder / "survey.db").read_bytes(),
        journal_of(data_folder).read_bytes(),
    )
    monkeypatch.setenv("NITIDEZ_DATA", str(data_folder))
    assert main(["mend"]) == 1
    assert "--keep database or --keep journal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "keep", "rt_ms"),
    [
        (change_score, "database", 1.0),
        (change_score, "journal", 2500.0),
        (forge_line, "database", 2500.0),
        (forge_line, "journal", 1.0),
    ],
)
def test_mending_keeps_what_was_chosen_and_puts_the_other_aside(
    rated: Rater,
    open_survey: Opening,
    data_folder: Path,
    change: Callable[[Path], None],
    keep: str,
    rt_ms: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change(data_folder)
    last = len(lines_of(data_folder))
    monkeypatch.setenv("NITIDEZ_DATA", str(data_folder))
    assert main(["mend", "--keep", keep]) == 0
    survey = open_survey()
    assert survey.status()["state"] == "open"
    times = survey.store.rows("SELECT min(rt_ms) AS rt_ms FROM response")
    assert times == [{"rt_ms": rt_ms}]
    # The line after a forged one fits nothing any more, and is left out.
    assert answers(survey) == (5 if change is forge_line and keep == "journal" else 6)
    other = "survey.db" if keep == "journal" else "events.jsonl"
    assert (data_folder / "aside" / "0001" / other).exists()
    assert len(survey.store.lines()) >= last, "older backups are not the newer ones"
    rated.survey = survey
    rated.state = rating.state(survey, rated.token)
    rated.go_on(2)
    assert tell_the_same(survey)


def test_mending_goes_on_after_the_last_event_that_either_knew_in_one_step(
    rated: Rater, open_survey: Opening, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = len(lines_of(data_folder))
    journal_of(data_folder).write_bytes(b"".join(lines_of(data_folder)[:3]))
    syncs: list[int] = []
    monkeypatch.setattr("survey.storage.journal.os.fsync", syncs.append)
    record = Record(data_folder, keep="journal")
    assert [line.kind for line in record.store.lines(3)] == [GONE] * (last - 2)
    assert len(syncs) < 5, "one line after the other would take minutes where there are thousands"
    record.store.close()


def test_mending_without_a_database_puts_none_aside(
    rated: Rater, data_folder: Path, open_survey: Opening
) -> None:
    for path in data_folder.glob("survey.db*"):
        path.unlink()
    record = Record(data_folder, keep="journal")
    assert record.told_aside() == []
    record.store.close()
    assert answers(open_survey()) == 6


def test_a_secret_that_is_lost_is_told(rated: Rater, open_survey: Opening, tmp_path: Path) -> None:
    assert open_survey().told() == []
    secret = rated.survey.data_folder / "secret"
    secret.unlink()
    survey = open_survey()
    assert answers(survey) == 6
    (note,) = survey.told()
    assert (
        "codes and invitations that were handed out are unknown; put the file secret back" in note
    )
    assert open_survey().told() == [note], "until the owner has seen to it"


def test_the_secret_of_a_folder_that_nobody_is_in_is_made_without_a_word(
    open_survey: Opening, data_folder: Path
) -> None:
    open_survey().close()
    (data_folder / "secret").unlink()
    assert open_survey().told() == []


def test_an_older_database_put_back_loses_nothing(
    open_survey: Opening, data_folder: Path, tmp_path: Path
) -> None:
    survey = open_survey()
    rater = Rater(survey)
    rater.go_on(4)
    survey.store.snapshot(tmp_path / "older.db")
    rater.finish()
    survey.close()
    for path in data_folder.glob("survey.db*"):
        path.unlink()
    shutil.copy(tmp_path / "older.db", data_folder / "survey.db")
    again = open_survey()
    assert rating.state(again, rater.token)["phase"] == "end"
    assert again.store.rows("SELECT comment FROM participant") == [{"comment": "fine"}]
    assert tell_the_same(again)


def test_a_journal_that_cannot_be_written_is_said_at_once(
    survey: Survey, data_folder: Path
) -> None:
    rater = Rater(survey)
    rater.go_on(2)
    journal, kept = journal_of(data_folder), data_folder / "kept"
    journal.rename(kept)
    journal.mkdir()
    status = survey.status()
    assert (status["state"], status["problem"]["key"]) == ("broken", "survey_store")
    trial = rater.state["trial"]
    body = answer_to(trial, value_for(trial))
    with pytest.raises(StoreError):
        rating.answer(survey, rater.token, body)
    journal.rmdir()
    kept.rename(journal)
    assert survey.status()["state"] == "open"
    assert rating.answer(survey, rater.token, body)["saved"] == 3
    assert tell_the_same(survey)


def test_whatever_lies_in_the_folder_the_survey_says_it_and_the_app_starts(
    data_folder: Path, open_survey: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise(folder: Path) -> Record:
        raise KeyError("session")

    monkeypatch.setattr("survey.session.survey.Record", surprise)
    assert open_survey().status()["state"] == "broken"


def test_an_event_of_a_newer_version_is_not_guessed_at(
    rated: Rater, open_survey: Opening, data_folder: Path
) -> None:
    lines = lines_of(data_folder)
    last = json.loads(lines[-1])
    body = '{"what":1}'
    seq = last["seq"] + 1
    sha256 = link(last["sha256"], seq, "SomethingNew", body)
    new = f'{{"seq":{seq},"sha256":"{sha256}","kind":"SomethingNew","body":{body}}}\n'
    journal_of(data_folder).write_bytes(b"".join(lines) + new.encode())
    status = open_survey().status()
    assert status["state"] == "broken"
    assert "update the app" in status["problem"]["detail"]
    assert lines_of(data_folder)[:-1] == lines


def test_what_a_crash_cut_off_is_no_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    first = Line(1, "A", '{"text":"ção\\n"}', link("", 1, "A", '{"text":"ção\\n"}'))
    assert journal.complete(lambda after: [first])
    with journal.path.open("ab") as file:
        file.write(b'{"seq":2,"sha')
    assert journal.read() == ([first], 0)
    second = Line(2, "B", "{}", link(first.sha256, 2, "B", "{}"))
    assert journal.complete(lambda after: [first, second][after:])
    assert journal.read() == ([first, second], 0)


def test_a_line_that_only_begins_to_fit_on_the_disk_is_not_taken(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of a process are POSIX")
    journal = Journal(tmp_path)
    lines = [Line(1, "A", "{}", link("", 1, "A", "{}"))]
    journal.complete(lambda after: lines[after:])
    before = journal.path.read_bytes()
    lines.append(Line(2, "B", "{}", link(lines[0].sha256, 2, "B", "{}")))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5, hard))
    try:
        with pytest.raises(StoreError, match="free disk space"):
            journal.complete(lambda after: lines[after:])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert journal.path.read_bytes() == before


def test_a_line_that_says_gone_erases_nothing_by_itself() -> None:
    first = Line(1, "A", '{"n":1}', link("", 1, "A", '{"n":1}'))
    forged = first._replace(kind=GONE, body="{}")
    assert joined([first], [forged]) == ([first], 1)
    assert joined([forged], [first]) == ([forged], 0)  # the journal is still to lose it


def test_two_whole_stories_are_never_joined() -> None:
    one, other = (Line(1, kind, "{}", link("", 1, kind, "{}")) for kind in ("A", "B"))
    with pytest.raises(RecordsDifferError, match="event 1 is A"):
        joined([one], [other])

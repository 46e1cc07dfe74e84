"""The report: complete, equal for equal data, and sensible when there is little to say."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from survey.commands.cli import main
from survey.reporting.page.words import LANGUAGES, say
from survey.reporting.public import SMALLEST_GROUP
from survey.reporting.results import Results, margins_of
from survey.session import rating
from survey.session.owner import set_margins
from survey.session.survey import Survey
from survey.simulation.simulate import simulate
from survey.storage.responses import read_responses
from survey.study.errors import MarginError
from tests.helpers.tiny_study import PROTOCOL, make_study
from tests.unit.survey.conftest import Rater


@pytest.fixture
def data(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NITIDEZ_DATA", str(data_folder))
    return data_folder


def report(target: Path, *arguments: str) -> bytes:
    assert main(["report", "--output", str(target), *arguments]) == 0
    return target.read_bytes()


def test_a_report_is_complete_and_equal_for_equal_data(data: Path, tmp_path: Path) -> None:
    survey = Survey(data)
    simulate(survey, raters=6, seed=3)
    survey.close()
    first = report(tmp_path / "a.zip", "--include-simulated")
    assert first == report(tmp_path / "b.zip", "--include-simulated")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = set(archive.namelist())
        assert names >= {
            "mos_summary.csv",
            "responses.csv",
            "pairs_summary.csv",
            "raters.csv",
            "statistics.json",
            "report.html",
            "protocol.json",
            "manifest.json",
            "codebook.md",
        }
        assert any(name.endswith(".png") for name in names)
        assert any(name.endswith(".svg") for name in names)
        json.loads(archive.read("statistics.json"))
        html = archive.read("report.html").decode()
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "<script src" not in html


def test_a_study_without_an_answer_has_a_report(data: Path, tmp_path: Path) -> None:
    report(tmp_path / "empty.zip")
    with zipfile.ZipFile(tmp_path / "empty.zip") as archive:
        assert archive.read("responses.csv").count(b"\n") == 1
        assert "NaN" not in archive.read("statistics.json").decode()


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take most of the time."""
    monkeypatch.setattr("survey.reporting.page.figures.draw_all", lambda *_: {})


@pytest.mark.usefixtures("no_figures", "data")
def test_methods_that_only_practise_and_check_are_not_among_those_compared(
    data_folder: Path, tmp_path: Path
) -> None:
    protocol = replace(PROTOCOL, rated=("srgan_x4", "original"), compared=())
    make_study(data_folder, name="two", protocol=protocol)
    report(tmp_path / "two.zip", "--study", "two")
    with zipfile.ZipFile(tmp_path / "two.zip") as archive:
        assert "Methods: SRGAN, original." in archive.read("report.html").decode()


def public_files(target: Path, *arguments: str) -> dict[str, bytes]:
    report(target, "--include-simulated", "--public", *arguments)
    with zipfile.ZipFile(target) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows_of(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode())))


@pytest.mark.usefixtures("no_figures")
def test_the_public_edition_is_tables_of_groups_only(data: Path, tmp_path: Path) -> None:
    survey = Survey(data)
    simulate(survey, raters=SMALLEST_GROUP - 1, seed=3)
    files = public_files(tmp_path / "four.zip")
    assert rows_of(files["mos_summary.csv"]) == rows_of(files["pairs_summary.csv"]) == []
    html = files["report.html"].decode()
    for language in LANGUAGES:
        assert html.count(say(language, "withheld")) > 5, "why there are no numbers"
        assert say(language, "empty") not in html, "there are answers"
        assert say(language, "note_simulated") in html
    simulate(survey, raters=3, seed=4)
    participants = set(read_responses(survey.store, "default", include_simulated=True).participant)
    survey.close()
    files = public_files(tmp_path / "seven.zip")
    assert not {"responses.csv", "raters.csv", "sureal.json", "pwcmp.csv"} & set(files)
    assert "note_public" not in files["report.html"].decode()
    scores, pairs = (rows_of(files[f"{name}_summary.csv"]) for name in ("mos", "pairs"))
    assert len(scores) > 4
    assert pairs
    assert all(int(row["raters"]) >= SMALLEST_GROUP for row in (*scores, *pairs))
    tables = json.loads(files["statistics.json"])["tables"]
    assert tables["raters"] == []
    for rows in tables.values():
        assert all(row.get("raters", 0) in (0, *range(SMALLEST_GROUP, 99)) for row in rows)
    everything = b"".join(files.values())
    assert not any(participant.encode() in everything for participant in participants)
    assert b"rater-001" not in everything


@pytest.mark.usefixtures("no_figures")
def test_single_responses_are_public_only_for_whoever_has_read_why_not(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    survey = Survey(data)
    simulate(survey, raters=5, seed=3)
    survey.close()
    target = str(tmp_path / "x.zip")
    for arguments, why in (
        (["--public", "--single-responses", "yes"], "52, 86 and 99"),
        (["--single-responses", "understood"], "--public"),
    ):
        assert main(["report", "--output", target, *arguments]) == 2
        assert why in capsys.readouterr().err
        assert not Path(target).exists()
    files = public_files(tmp_path / "y.zip", "--single-responses", "understood")
    assert {row["rater"] for row in rows_of(files["responses.csv"])} == {
        f"rater-{number:03d}" for number in range(1, 6)
    }
    assert "raters.csv" not in files


def test_comment_and_eyesight_are_in_the_full_edition_only(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "survey.reporting.page.figures.draw_all", lambda *_: {}
    )  # figures take most of the time
    survey = Survey(data)
    simulate(survey, raters=2, seed=3)
    rater = Rater(survey)
    rater.go_on()
    rating.finish(survey, rater.token, comment="=2+3, xyzzy\nlong", vision="corrected")
    survey.close()
    report(tmp_path / "full.zip", "--include-simulated")
    report(tmp_path / "public.zip", "--include-simulated", "--public")
    with zipfile.ZipFile(tmp_path / "full.zip") as archive:
        raters = list(csv.DictReader(io.StringIO(archive.read("raters.csv").decode())))
        told = sorted((row["vision"], row["comment"]) for row in raters)
        assert told == [("", ""), ("", ""), ("corrected", "'=2+3, xyzzy\nlong")]
        assert "xyzzy" not in archive.read("responses.csv").decode()
    with zipfile.ZipFile(tmp_path / "public.zip") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        assert "raters.csv" not in archive.namelist()
    assert b"xyzzy" not in everything


@pytest.mark.usefixtures("no_figures")
def test_margins_are_the_owners_in_tab_report_and_export(data: Path, tmp_path: Path) -> None:
    survey = Survey(data)
    simulate(survey, raters=2, seed=3)
    page = Results(lambda: survey, seconds=1e9)

    def shown() -> str:
        return page.shown("en", is_public=False, simulated=True).html

    def written(*arguments: str) -> tuple[dict[str, Any], str, bytes]:
        report(tmp_path / "r.zip", "--include-simulated", "--language", "en", *arguments)
        with zipfile.ZipFile(tmp_path / "r.zip") as archive:
            facts = json.loads(archive.read("statistics.json"))["facts"]
            return facts, archive.read("report.html").decode(), archive.read("pairs_summary.csv")

    assert "nobody set other margins" in shown()
    assert margins_of(survey) == {"margin": 0.5, "percent": 10}
    with pytest.raises(MarginError, match="less than 4 and 50 per cent"):
        set_margins(survey, 0.5, 0.5)
    set_margins(survey, 0.25, 0.07)
    assert margins_of(survey) == {"margin": 0.25, "percent": 7}
    today = survey.clock().date().isoformat()
    said = f"set these margins on {today} (people who had answered by then: 2)"
    ends = "less than 0.25 in scores, or a preference between 43\xa0% and 57\xa0%"
    assert said in shown()
    assert ends in shown()
    simulate(survey, raters=1, seed=4)
    facts, html, table = written()
    assert said in html
    assert ends in html
    assert (facts["margin"], facts["share_margin"], facts["margins_from"]) == (0.25, 0.07, "owner")
    export = ["export", "--include-simulated", "--output", str(tmp_path / "out")]
    assert main(export) == 0
    assert (tmp_path / "out" / "pairs_summary.csv").read_bytes() == table
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["margins"] == {"scores": 0.25, "preference": 0.07}
    facts, html, _ = written("--margin", "1")
    assert (facts["margin"], facts["share_margin"]) == (1, 0.07)
    assert "these margins were given when this report was made" in html
    survey.close()
    assert main(["report", "--output", str(tmp_path / "x.zip"), "--margin", "0"]) == 2
    assert not (tmp_path / "x.zip").exists()


@pytest.mark.usefixtures("no_figures")
def test_who_finished_is_counted_alike_everywhere(data: Path, tmp_path: Path) -> None:
    survey = Survey(data)
    Rater(survey).finish()
    Rater(survey).go_on()  # all answered, not closed
    Rater(survey).go_on(4)
    Rater(survey)
    html = Results(lambda: survey).shown("en", is_public=False).html
    assert survey.status()["raters"] == 1
    survey.close()
    assert main(["status"]) == 0
    report(tmp_path / "r.zip", "--language", "en")
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        page = archive.read("report.html").decode()
        people = rows_of(archive.read("raters.csv"))
        answers = rows_of(archive.read("responses.csv"))
        found = json.loads(archive.read("statistics.json"))["facts"]["leaving"]
    counts = {name: found[name] for name in ("started", "answered", "finished", "left")}
    assert counts == {"started": 4, "answered": 3, "finished": 1, "left": 2}
    (stopped,) = set(found["left_in"]) - {"end"}
    assert found["left_in"] == {"end": 1, stopped: 1}
    for text in (html, page):
        assert "4 people started, 3 answered something and 1 finished. 2 stopped early" in text
        assert "all answered, but not closed: 1" in text
    assert sorted(row["finished"] for row in people) == ["false", "false", "true"]
    assert {row["stopped_in"] for row in people} == {"", "end", stopped}
    for row in people:
        assert (row["answered"] == row["trials"]) == (row["stopped_in"] != stopped)
    assert len({row["participant"] for row in answers if row["finished"] == "true"}) == 1
    assert main(["export", "--output", str(tmp_path / "out")]) == 0
    told = json.loads((tmp_path / "out" / "manifest.json").read_text())["people"]
    assert told == {name: found[name] for name in ("started", "answered", "finished", "left_in")}


def test_validation_runs_and_says_what_it_found(tmp_path: Path) -> None:
    target = tmp_path / "validity.json"
    asked = ["validate", "--seed", "1", "--json", str(target), "--page", str(tmp_path / "page.md")]
    assert main([*asked, "--studies", "1"]) == 0
    first = json.loads(target.read_text())
    assert {experiment["studies"] for experiment in first["found"].values()} == {1}
    assert main([*asked, "--studies", "1"]) == 0  # there is nothing left to do
    assert json.loads(target.read_text()) == first
    assert "{" not in (tmp_path / "page.md").read_text()
    assert main([*asked, "--seed", "2"]) == 2

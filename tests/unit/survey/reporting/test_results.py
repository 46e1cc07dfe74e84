"""The report: complete, equal for equal data, and sensible when there is little to say."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from survey.commands.cli import main
from survey.session import rating
from survey.session.survey import Survey
from survey.simulation.simulate import simulate
from survey.storage.responses import read_responses
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


def test_the_public_edition_points_to_nobody(data: Path, tmp_path: Path) -> None:
    survey = Survey(data)
    simulate(survey, raters=2, seed=3)
    participants = set(read_responses(survey.store, "default", include_simulated=True).participant)
    survey.close()
    report(tmp_path / "public.zip", "--include-simulated", "--public")
    with zipfile.ZipFile(tmp_path / "public.zip") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert not any(participant.encode() in everything for participant in participants)


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
        assert b"vision" not in archive.read("raters.csv")
    assert b"xyzzy" not in everything


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

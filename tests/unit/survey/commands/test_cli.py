"""python -m survey: every command does what its help says, and errors are one line."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from survey.commands.cli import build_parser, main
from survey.preparation.sources import Source
from survey.session.protected import ProtectedSurvey
from survey.session.survey import Survey
from survey.storage.responses import read_responses
from tests.helpers.tiny_study import make_study
from tests.house import ROOT
from tests.unit.survey.conftest import Rater


@pytest.fixture
def data(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NITIDEZ_DATA", str(data_folder))
    return data_folder


def run(*arguments: str) -> int:
    return main([*arguments])


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    commands = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert commands is not None
    for name in commands:
        with pytest.raises(SystemExit) as stop:
            run(name, "--help")
        assert stop.value.code == 0
        assert f"python -m survey {name}" in capsys.readouterr().out


def test_simulate_status_and_export(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("simulate", "--raters", "2", "--seed", "1") == 0
    assert run("status") == 0
    said = capsys.readouterr().out
    assert "raters     0 started, 0 finished" in said
    assert "simulated  2 raters, kept apart" in said
    out = tmp_path / "out"
    assert run("export", "--study", "default", "--output", str(out)) == 0
    assert (out / "responses.csv").read_text().count("\n") == 1
    assert run("export", "--output", str(out), "--include-simulated") == 0
    assert (out / "responses.csv").read_text().count("\n") > 80


def test_prepare_makes_a_study_of_a_folder(
    data: Path, tmp_path: Path, sources: list[Source], capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for source in sources[:2]:
        Image.fromarray(source.rgb).save(photos / f"{source.name}.png")
    Image.fromarray(sources[0].rgb[:8, :8]).save(photos / "tiny.png")
    (photos / "broken.png").write_bytes(b"GIF89a")
    arguments = ["prepare", str(photos), "--study", "mine", "--width", "48", "--height", "32"]
    assert run(*arguments) == 0
    said = capsys.readouterr().out
    assert "left out: " in said
    assert "broken.png" in said
    assert "study 'mine': 2 photographs" in said
    assert "left out: too small: tiny" in said
    assert Survey(data, study="mine").status()["state"] == "open"
    assert run(*arguments) == 2
    assert "exists; choose another name" in capsys.readouterr().err


def test_open_and_close(data: Path) -> None:
    assert run("close") == 0
    assert Survey(data).status()["state"] == "closed"
    assert run("open") == 0
    assert Survey(data).status()["state"] == "open"


def test_withdraw_and_anonymise(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    survey = Survey(data)
    rater = Rater(survey)
    rater.go_on(3)
    survey.close()
    assert run("anonymise", "--older-than", "1") == 0
    assert "0 participants" in capsys.readouterr().out
    assert run("withdraw", rater.code) == 0
    assert read_responses(Survey(data).store, "default").empty
    assert run("withdraw", rater.code) == 2
    assert capsys.readouterr().err == (
        "error: nobody has this code; check it, or everything is erased\n"
    )


def test_a_place_that_cannot_be_written_is_refused_before_the_analysis(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("it began to analyse")

    monkeypatch.setattr("survey.commands.report.report_files", never)
    monkeypatch.setattr("survey.reporting.export.export_files", never)
    (tmp_path / "file").write_text("mine")
    for command, name in (("report", "r.zip"), ("export", "out")):
        assert run(command, "--output", str(tmp_path / "file" / name)) == 2
        assert "is a file, not a folder" in capsys.readouterr().err


def test_mend_makes_a_lost_database_again(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    survey = Survey(data)
    Rater(survey).go_on(9)
    survey.close()
    for path in data.glob("survey.db*"):
        path.unlink()
    assert run("mend") == 0
    assert ", 9 responses\n" in capsys.readouterr().out
    rows = sqlite3.connect(data / "survey.db").execute("SELECT count(*) FROM response").fetchone()
    assert rows == (9,)
    assert run("mend") == 0


def test_the_link_and_its_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "code.svg"
    assert run("link", "https://maria-nitidez.hf.space/", "--output", str(file)) == 0
    assert "https://maria-nitidez.hf.space/?tab=survey\n" in capsys.readouterr().out
    assert file.read_text().startswith("<?xml")
    assert run("link", "nitidez", "--output", str(file)) == 2
    assert run("link", "http://x", "--output", str(tmp_path / "code.gif")) == 2


def test_invitations_on_paper_and_as_a_list_for_their_owner_only(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slips, plain = tmp_path / "slips.pdf", tmp_path / "more.txt"
    assert run("link", "http://10.0.0.5:7860", "--invitations", "13", "--output", str(slips)) == 0
    assert slips.read_bytes().startswith(b"%PDF")
    assert slips.read_bytes().count(b"/Type /Page ") == 2
    head, *rows = slips.with_suffix(".csv").read_text().splitlines()
    assert head == "number,invitation,address"
    assert len({row.split(",")[1] for row in rows}) == 13
    assert rows[0].endswith(f"http://10.0.0.5:7860/?tab=survey&invitation={rows[0].split(',')[1]}")
    assert run("link", "http://x", "--invitations", "2", "--output", str(plain)) == 0
    assert plain.read_text().count("http://x/?tab=survey&invitation=") == 2
    files = (slips, slips.with_suffix(".csv"), plain)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    before = slips.read_bytes()
    assert run("link", "http://x", "--invitations", "1", "--output", str(slips)) == 2
    assert slips.read_bytes() == before
    assert "exists, perhaps with invitations" in capsys.readouterr().err
    for wrong in (["1"], ["0", "--output", "a.csv"], ["1", "--output", "a.png"]):
        assert run("link", "http://x", "--invitations", *wrong) == 2
    far = f"http://{'x' * 3000}"
    assert run("link", far, "--invitations", "1", "--output", str(tmp_path / "far.pdf")) == 2
    assert "give a shorter one" in capsys.readouterr().err
    survey = Survey(data)  # which counts 15 still
    Rater(survey, invitation=rows[0].split(",")[1]).finish()
    survey.close()
    capsys.readouterr()
    assert run("status") == 0
    assert "link       15 made, 1 used, for one person each\n" in capsys.readouterr().out
    assert run("export", "--output", str(tmp_path / "out")) == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["invitations"] == {"made": 15, "used": 1}
    assert run("report", "--output", str(tmp_path / "r.zip"), "--language", "en") == 0
    with zipfile.ZipFile(tmp_path / "r.zip") as report:
        assert "1 of 15 invitations were used" in report.read("report.html").decode()
        assert json.loads(report.read("manifest.json"))["invitations"]["used"] == 1


def test_the_way_back_to_a_panel(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("link", "https://x.org", "--completion-url", "https://p.example/?cc={id}") == 0
    said = capsys.readouterr().out
    assert "https://x.org/?tab=survey&PROLIFIC_PID={{%PROLIFIC_PID%}}\n" in said
    survey = Survey(data)
    assert survey.store.rows("SELECT completion_url FROM study") == [
        {"completion_url": "https://p.example/?cc={id}"}
    ]
    survey.close()
    assert run("link", "https://x.org", "--completion-url", "http://p.example") == 2
    assert run("link", "https://x.org", "--completion-url", "") == 0
    assert "PROLIFIC" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["status", "--study", "none"], "python -m survey prepare"),
        (["status", "--study", "../x"], "study name"),
        (["prepare", "/nowhere", "--study", "x"], "no such folder"),
        (["prepare", ".", "--study", "x", "--width", "50"], "multiples of 4"),
        (["prepare", ".", "--study", "x", "--images-per-rater", "0"], "1 or more"),
        (["simulate", "--raters", "0"], "1 or more"),
        (["anonymise", "--older-than", "-1"], "0 days or more"),
        (["export", "--output", "/dev/null/x"], "--output"),
    ],
)
def test_errors_are_one_line(
    data: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert says in said
    assert said.count("\n") == 1


def test_an_empty_data_folder_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NITIDEZ_DATA", str(tmp_path))
    assert run("mend") == 2
    assert "holds no answers; set NITIDEZ_DATA" in capsys.readouterr().err
    assert run("status") == 2
    assert "holds no study 'default'; make one with" in capsys.readouterr().err
    for arguments in (["withdraw", "ABCD"], ["anonymise", "--older-than", "1"]):
        assert run(*arguments) == 2
        assert "holds no answers" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []  # a look leaves nothing that hides a backup


def test_a_backup_comes_home_and_can_be_exported(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"folder:{tmp_path / 'backup'}"
    survey = Survey(data)
    Rater(survey).go_on(2)
    survey.close()
    assert run("restore", place) == 2
    assert "set NITIDEZ_DATA to a new folder" in capsys.readouterr().err
    ProtectedSurvey(data, place=place).close()
    monkeypatch.setenv("NITIDEZ_DATA", str(tmp_path / "home"))
    assert run("restore", f"folder:{tmp_path / 'nothing'}") == 2
    assert "no backup is there yet" in capsys.readouterr().err
    assert run("restore", place) == 0
    assert run("export", "--output", str(tmp_path / "results")) == 0
    assert (tmp_path / "results" / "responses.csv").read_bytes().count(b"\n") == 3


def test_without_a_name_the_study_is_the_one_that_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_study(tmp_path, name="mine")
    monkeypatch.setenv("NITIDEZ_DATA", str(tmp_path))
    assert run("status") == 2
    assert "no study 'default'; it holds mine (--study NAME)" in capsys.readouterr().err
    monkeypatch.setenv("NITIDEZ_STUDY", "mine")
    assert run("status") == 0
    assert "study      mine, open" in capsys.readouterr().out
    assert run("anonymise", "--older-than", "0") == 0
    assert run("withdraw", "0000-0000") == 2
    assert "nobody has this code" in capsys.readouterr().err


def test_a_python_without_the_libraries_is_told_what_to_install() -> None:
    line = [sys.executable, "-S", "-m", "survey", "status"]
    found = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert found.returncode == 2
    assert "python -m pip install -r requirements.txt" in found.stderr
    assert "Traceback" not in found.stderr

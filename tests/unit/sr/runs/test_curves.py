"""Runs compared by their logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sr.commands.cli import main
from sr.runs.curves import read_curves
from sr.runs.record import write_record


def make_run(folder: Path, *results: float) -> None:
    lines = [f"{10 * index},{6 * index},{value},0.{index}" for index, value in enumerate(results)]
    folder.mkdir(parents=True)
    (folder / "log.csv").write_text("iteration,seconds,psnr_y,g/pixel\n" + "\n".join(lines) + "\n")
    write_record(folder, {"recipe": {"network": "srresnet"}}, {"command": "x"}, resumed=False)


def test_runs_are_compared_in_a_table_and_a_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    make_run(tmp_path / "a", 28.0, 30.5, 30.0)
    make_run(tmp_path / "sweep" / "rate=1", 27.0)
    folders = [str(tmp_path / "a"), str(tmp_path / "sweep")]
    for suffix, begins in (("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")):
        figure = tmp_path / "figures" / f"curves.{suffix}"
        assert main(["runs", *folders, "--plot", str(figure)]) == 0
        assert figure.read_bytes().startswith(begins)
    heading, _, first, second = capsys.readouterr().out.splitlines()[-4:]
    assert heading.split()[:4] == ["run", "network", "iterations", "minutes"]
    assert first.split() == ["a", "srresnet", "20", "0.2", "30", "30.5"]
    assert second.split()[:3] == ["rate=1", "srresnet", "0"]
    assert read_curves([tmp_path / "a"])[0].best("psnr_y") == 30.5


def test_what_is_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", str(tmp_path)]) == 2
    assert "no log.csv in it" in capsys.readouterr().err
    make_run(tmp_path / "a", 28.0)
    assert main(["runs", str(tmp_path / "a"), "--plot", str(tmp_path / "a.txt")]) == 2
    assert "needed a name that ends in .png, .svg, .pdf" in capsys.readouterr().err

"""The README says what is there: commands, settings, make targets, files, Spaces front matter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from sr.commands.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SPACE_COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


@pytest.fixture(scope="module")
def front_matter() -> dict[str, Any]:
    """The YAML between the first two lines of dashes, which a Space is configured by."""
    assert README.startswith("---\n")
    return yaml.safe_load(README.split("---\n")[1])


def gradio_requirement() -> Requirement:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return next(Requirement(line) for line in lines if line.startswith("gradio"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_stands_in_the_readme(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (ROOT / "sr" / "commands" / f"{command}.py").exists() and command == "benchmark":
        pytest.skip("sr/commands/benchmark.py is not there")
    with pytest.raises(SystemExit) as exit_info:
        main([command, "--help"])
    assert exit_info.value.code == 0
    assert COMMANDS[command] in capsys.readouterr().out
    assert f"python -m sr {command}" in README


def test_every_command_of_the_survey_stands_in_the_readme() -> None:
    from survey.commands.cli import build_parser

    (commands,) = (action.choices for action in build_parser()._actions if action.choices)
    missing = [
        name for name in commands if f"survey {name}" not in README and name not in ("open",)
    ]
    assert missing == []


def test_front_matter_configures_a_gradio_space(front_matter: dict[str, Any]) -> None:
    assert front_matter["sdk"] == "gradio"
    assert front_matter["license"] == "mit"
    assert (ROOT / front_matter["app_file"]).is_file()
    assert {front_matter["colorFrom"], front_matter["colorTo"]} <= SPACE_COLOURS
    assert len(front_matter["short_description"]) <= 60
    assert re.fullmatch(r"3\.\d+", front_matter["python_version"])


def test_space_and_requirements_ask_for_one_gradio(front_matter: dict[str, Any]) -> None:
    specifier = gradio_requirement().specifier
    version = Version(front_matter["sdk_version"])
    assert version in specifier
    oldest = next(part.version for part in specifier if part.operator == ">=")
    assert version.release[:2] == Version(oldest).release[:2]


def test_every_setting_of_the_code_stands_in_the_readme() -> None:
    sources = [ROOT / "app.py", *(ROOT / "sr").rglob("*.py"), *(ROOT / "demo").rglob("*.py")]
    names = {
        name
        for source in sources
        for name in re.findall(r"\bNITIDEZ_[A-Z_]+\b", source.read_text(encoding="utf-8"))
    }
    assert names
    assert {name for name in names if f"`{name}`" not in README} == set()


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", README, flags=re.MULTILINE)) <= targets


def test_files_that_the_readme_points_to_exist() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    places = README.split("## Where things are")[1].split("\n## ")[0]
    targets += re.findall(r"^\| `([a-z_./]+)` \|", places, flags=re.MULTILINE)
    assert len(targets) > 5
    assert [target for target in targets if not (ROOT / target).exists()] == []

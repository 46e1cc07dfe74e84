"""The README: short, readable, true, and its commands work as they are pasted."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version
from PIL import Image

from tests.quality import with_table

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SPACE_COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
MOST_LINES, LONGEST_LINE, LONGEST_ROW = 150, 105, 130


def commands() -> list[str]:
    """The lines of the shell blocks, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    lines = [line.split(" # ")[0].strip() for block in blocks for line in block.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))


@pytest.fixture(scope="module")
def front_matter() -> dict[str, Any]:
    """The YAML between the first two lines of dashes, which a Space is configured by."""
    assert README.startswith("---\n")
    return yaml.safe_load(README.split("---\n")[1])


def gradio_requirement() -> Requirement:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return next(Requirement(line) for line in lines if line.startswith("gradio"))


def test_it_is_short_and_its_lines_can_be_read() -> None:
    lines = README.splitlines()
    assert len(lines) < MOST_LINES
    is_free = ("![", "<!--", "|")
    assert not [line for line in lines if len(line) > LONGEST_LINE and not line.startswith(is_free)]
    assert not [line for line in lines if len(line) > LONGEST_ROW and line.startswith("|")]


def test_its_table_of_quality_is_what_the_manifest_says() -> None:
    is_fresh = with_table(README) == README
    assert is_fresh, "weights have changed: run `python -m tests.quality` and commit the README"


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


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(commands())))
    assert {"demo", "test"} <= named <= targets


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where somebody stands after `make install`, with photographs of their own."""
    folder = tmp_path_factory.mktemp("clone")
    for path in ROOT.iterdir():
        if path.name not in (".venv", ".git", "runs", "var"):
            (folder / path.name).symlink_to(path)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    random = np.random.default_rng(0)
    (folder / "photos").mkdir()
    for name, side in (("photo.jpg", 48), ("photos/a.png", 96), ("photos/b.png", 96)):
        pixels = random.integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder


# What takes long, or never ends, is only understood; what is quick is run.
@pytest.mark.parametrize("command", commands())
def test_commands_work_as_pasted_after_make_install(command: str, folder: Path) -> None:
    words = shlex.split(command)
    while re.fullmatch(r"[A-Z_]+=\S+", words[0]):
        words.pop(0)
    match words:
        case ["make", target]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case [".venv/bin/python", "-m", "sr", "train", *arguments]:
            from sr.commands.cli import build_parser

            assert build_parser(["train"]).parse_args(["train", *arguments]).preset
        case [".venv/bin/python", "-m", "sr", *_]:
            result = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)
            assert result.returncode == 0, result.stderr
        case [".venv/bin/python", "-m", "survey", *arguments]:
            from survey.commands.cli import build_parser as survey_parser

            survey_parser().parse_args(arguments)
        case _:
            pytest.fail(f"an unknown command: {command}")

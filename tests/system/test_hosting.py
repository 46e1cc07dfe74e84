"""The hosting pages: both languages say the same commands, and every one of them exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from demo.__main__ import build_parser as build_demo_parser
from demo.app.settings import Settings
from survey.commands.cli import build_parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / name for name in ("hosting.md", "hosting.pt-BR.md")]


def commands(page: Path) -> list[str]:
    """The lines of a page's shell blocks, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def settings(page: Path) -> set[str]:
    return set(re.findall(r"\b(?:NITIDEZ|HF)_[A-Z_]+\b", page.read_text("utf-8")))


def test_both_pages_give_the_same_commands_and_settings():
    first, second = PAGES
    assert commands(first) == commands(second)
    assert settings(first) == settings(second)
    headings = [len(re.findall(r"^#+ ", page.read_text("utf-8"), re.M)) for page in PAGES]
    assert headings[0] == headings[1]


@pytest.mark.parametrize("line", sorted(set(commands(PAGES[0]))))
def test_every_command_is_one_that_exists(line: str):
    words = shlex.split(line)
    while re.fullmatch(r"[A-Z_]+=\S+", words[0]):  # settings of this command
        words.pop(0)
    match words:
        case [python, "-m", "survey", *arguments] if python.endswith("python"):
            build_parser().parse_args(arguments)
        case [python, "-m", "demo", *arguments] if python.endswith("python"):
            build_demo_parser().parse_args(arguments)
        case [python, "-m", "http.server", "--directory", "site/"] if python.endswith("python"):
            pass  # of Python itself
        case [python, "-m", "pip", "install", "-r", requirements] if python.endswith("python"):
            assert (ROOT / requirements).is_file()
        case ["make", target]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.M)
        case [".venv/bin/hf", "auth", "login"]:
            pass  # of huggingface_hub
        case ["export", assignment]:
            assert assignment.startswith("NITIDEZ_DATA=")
        case _:
            pytest.fail(f"an unknown command: {line}")


def test_every_setting_is_one_that_exists():
    rooms = ("demo", "survey", "sr")
    files = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    source = "\n".join(path.read_text("utf-8") for path in files)
    for name in settings(PAGES[0]):
        assert f'"{name}"' in source or name == "HF_TOKEN", name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_backups_named_are_understood():
    for page in PAGES:
        for place in re.findall(r"`?((?:dataset|bucket|folder):[\w/-]+)", page.read_text("utf-8")):
            Settings(backup=place)

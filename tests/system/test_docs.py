"""The pages under docs/ say what is there: commands, options, settings, presets, rooms, links."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from sr.commands.cli import COMMANDS, main
from sr.commands.cli import build_parser as sr_parser
from sr.training.recipes import PRESETS
from survey.commands.cli import build_parser as survey_parser
from tests.house import ROOT

DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*DOCS, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
PAGES += [ROOT / "weights" / "README.md"]
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}
TRANSLATED = [path for path in DOCS if path.name.endswith(".pt-BR.md")]
ALL = "\n".join(TEXT[page] for page in DOCS)
LONGEST_LINE, LONGEST_ROW = 105, 300
# What every command has, or what is said once for all of them.
COMMON = {"-h", "--help", "--debug", "--version"}


def page(name: str) -> str:
    return TEXT[ROOT / "docs" / name]


def options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Command and option, of a parser and the ones below it; the first long form counts."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from options(sub)
        elif action.option_strings and not COMMON & set(action.option_strings):
            yield parser.prog, " ".join(action.option_strings)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_stands_in_the_docs(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main([command, "--help"])
    assert exit_info.value.code == 0
    assert COMMANDS[command] in capsys.readouterr().out
    assert re.search(rf"python -m sr {command}\b", ALL)


def test_every_command_of_the_survey_stands_on_its_page() -> None:
    (commands,) = (action.choices for action in survey_parser()._actions if action.choices)
    assert [name for name in commands if f"survey {name}" not in page("survey.md")] == []


@pytest.mark.parametrize("command", [*COMMANDS, ""])
def test_every_option_stands_in_the_docs(command: str) -> None:
    found = list(options(sr_parser([command]) if command else survey_parser()))
    text = ALL if command else page("survey.md")
    missing = [
        names
        for _, names in found
        if not any(re.search(rf"{re.escape(name)}\b", text) for name in names.split())
    ]
    assert missing == []


def test_every_setting_of_the_code_stands_on_the_page_of_settings() -> None:
    folders = ("sr", "demo", "survey")
    sources = [ROOT / "app.py", *(path for f in folders for path in (ROOT / f).rglob("*.py"))]
    names = {
        name
        for source in sources
        for name in re.findall(r"\bNITIDEZ_[A-Z_]+\b", source.read_text(encoding="utf-8"))
    }
    assert names
    assert {name for name in names if f"`{name}`" not in page("settings.md")} == set()


def test_every_preset_stands_on_the_page_of_training() -> None:
    assert [name for name in PRESETS if f"`{name}`" not in page("training.md")] == []


@pytest.mark.parametrize("file", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXT[file]):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        other = (file.parent / name).resolve() if name else file
        assert other.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}
            assert anchor in anchors, target


@pytest.mark.parametrize("file", DOCS, ids=lambda path: path.name)
def test_lines_can_be_read(file: Path) -> None:
    text = re.sub(r"^```.*?^```", "", TEXT[file], flags=re.DOTALL | re.MULTILINE)
    rows = [line for line in text.splitlines() if line.lstrip().startswith("|")]
    prose = [line for line in text.splitlines() if line not in rows]
    assert [line for line in prose if len(line) > LONGEST_LINE] == []
    assert [line for line in rows if len(line) > LONGEST_ROW] == []


def shell_commands(file: Path) -> Iterator[list[str]]:
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", TEXT[file], re.DOTALL | re.MULTILINE)
    for block in blocks:
        for line in block.replace("\\\n", " ").splitlines():
            if words := shlex.split(line, comments=True):
                while words and re.fullmatch(r"[A-Z_]+=\S+", words[0]):
                    words.pop(0)
                yield words


@pytest.mark.parametrize("file", DOCS, ids=lambda path: path.name)
def test_every_command_is_one_that_is_understood(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in shell_commands(file):
        match words:
            case [".venv/bin/python", "-m", "sr", *arguments]:
                sr_parser(arguments).parse_args(arguments)
            case [".venv/bin/torchrun", "--nproc-per-node", _, "-m", "sr", *arguments]:
                sr_parser(arguments).parse_args(arguments)
            case [".venv/bin/python", "-m", "survey", *arguments]:
                survey_parser().parse_args(arguments)
            case ["python", "-m", "survey", *arguments]:  # of pages that say how
                survey_parser().parse_args(arguments)
            case [".venv/bin/python", "-m", "demo", command, *_]:
                assert command in ("examples", "publish", "static")
            case ["make", target]:
                assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            case [".venv/bin/python", "-m", "http.server", *_]:
                pass
            case [".venv/bin/python", "app.py"] | [".venv/bin/python", "-m", "pip", *_]:
                pass
            case ["python3", "-m", "venv", ".venv"] | [".venv/bin/hf", "auth", "login"]:
                pass
            case ["export", assignment]:
                assert assignment.startswith("NITIDEZ_")
            case _:
                pytest.fail(f"{file.name}: an unknown command: {' '.join(words)}")


@pytest.mark.parametrize("file", TRANSLATED, ids=lambda path: path.name)
def test_a_translation_has_the_sections_and_commands_of_its_page(file: Path) -> None:
    original = file.with_name(file.name.replace(".pt-BR", ""))
    assert list(shell_commands(file)) == list(shell_commands(original))
    levels = [re.findall(r"^(#+) ", TEXT[path], re.MULTILINE) for path in (file, original)]
    assert levels[0] == levels[1]


def test_the_python_examples_name_what_is_there() -> None:
    import importlib

    for block in re.findall(r"^```python\n(.*?)^```", ALL, re.DOTALL | re.MULTILINE):
        compile(block, "docs", "exec")
        for module, names in re.findall(
            r"^from ((?:sr|survey|demo)[\w.]*) import (.+)$", block, re.M
        ):
            for name in names.split(", "):
                assert hasattr(importlib.import_module(module), name), f"{module}.{name}"

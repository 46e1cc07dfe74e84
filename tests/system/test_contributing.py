"""CONTRIBUTING.md works: its blocks are put into a copy of the program, and run there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.house import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with some photographs and a .venv that is this Python."""
    folder = tmp_path_factory.mktemp("copy")
    left_out = shutil.ignore_patterns("__pycache__", "examples", "comparison")
    for name in ("sr", "demo", "survey", "weights"):
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    random = np.random.default_rng(0)
    for name in ("photo.jpg", "photos/a.png", "photos/b.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 256, (64, 72, 3), np.uint8)).save(folder / name)
    return folder


def run(folder: Path, *words: str) -> None:
    result = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr or result.stdout


def put(folder: Path, block: str) -> None:
    """Put a block where its first line says."""
    place, code = block.split("\n", 1)
    found = re.fullmatch(r'# (\S+?\.py)(?:, (at the end|after "(.+)"))?', place)
    assert found, f"{place}: does not say where it goes"
    path = folder / found[1]
    if found[2] is None:
        assert not path.exists()
        path.write_text(code, encoding="utf-8")
    elif found[3] is None:
        path.write_text(f"{path.read_text('utf-8')}\n\n{code}", encoding="utf-8")
    else:
        lines = path.read_text("utf-8").splitlines(keepends=True)
        at = [n for n, line in enumerate(lines) if line.rstrip("\n") == found[3]]
        assert len(at) == 1, f"{found[1]}: {found[3]!r} is there {len(at)} times"
        path.write_text("".join([*lines[: at[0] + 1], code, *lines[at[0] + 1 :]]), encoding="utf-8")


@pytest.mark.parametrize("section", SECTIONS)
def test_what_a_section_says_works(section: str, copy: Path) -> None:
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", SECTIONS[section], re.S | re.M):
        if block.startswith("# check\n"):
            run(copy, sys.executable, "-c", block)
        elif language == "python":
            put(copy, block)
        elif language == "json":
            place, text = block.split("\n", 1)
            path = copy / place.removeprefix("// ")
            texts = json.loads(path.read_text("utf-8")) | json.loads(text)
            path.write_text(json.dumps(texts), encoding="utf-8")
        elif language == "sh":
            for line in block.replace("\\\n", " ").splitlines():
                run(copy, *shlex.split(line))


def stands_in(word: str, *folders: str) -> set[str]:
    """The names of the files in which a word stands."""
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    suffixes = {".py", ".js", ".html", ".json"}
    pattern = re.compile(rf"\b{word}\b")
    return {
        path.name
        for path in files
        if path.suffix in suffixes and pattern.search(path.read_text("utf-8"))
    }


def named(section: str) -> set[str]:
    return {Path(name).name for name in re.findall(r"`([\w/.]+\.\w+)`", SECTIONS[section])}


def test_every_place_of_a_question_is_named() -> None:
    places = stands_in("vision", "survey", "demo/rating", "demo/results")
    assert places == named("A question of the survey")


def test_every_place_of_a_metric_is_named() -> None:
    assert named("A metric") <= stands_in("lpips_alex", "sr")


def test_the_first_commands_are_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", PAGE, re.M):
        assert re.search(rf"^{target}:", makefile, re.M)

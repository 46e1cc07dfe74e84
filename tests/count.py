"""What the program is made of, in numbers: a table with a column for each commit.

python -m tests.count 07916d8 HEAD
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.house import PACKAGES, ROOT, arrows, is_upward, room_of, sources


def code_words(path: Path) -> set[str]:
    """What a file's code says: names, attributes, keywords and texts, without docstrings."""
    tree = ast.parse(path.read_bytes())
    said: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute | ast.keyword | ast.arg | ast.alias):
            said.update(filter(None, (getattr(node, k, None) for k in ("id", "attr", "arg"))))
            said.add(getattr(node, "name", ""))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            said.add(node.value)
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr):
            value = node.body[0].value
            said.discard(value.value if isinstance(value, ast.Constant) else None)  # type: ignore[arg-type]
    return said


def naming(root: Path, pattern: str) -> list[str]:
    """The files of sr/ and demo/ whose code says something that matches."""
    return [
        path.relative_to(root).as_posix()
        for path in sources(root)
        if "survey" not in path.parts
        if any(re.search(pattern, word) for word in code_words(path))
    ]


def longest(root: Path) -> str:
    lines = {p.relative_to(root).as_posix(): p.read_bytes().count(b"\n") for p in sources(root)}
    name = max(lines, key=lambda file: (lines[file], file))
    return f"{lines[name]} ({name})"


def for_a_network(root: Path) -> str:
    """The files that CONTRIBUTING.md names; without it, those that name the one network."""
    page = root / "CONTRIBUTING.md"
    if not page.exists():
        return f"{len(naming(root, '(?i)srresnet'))} (all that name SRResNet)"
    section = page.read_text(encoding="utf-8").split("## A network")[1].split("\n## ")[0]
    return str(len(set(re.findall(r"^# (\S+\.py)", section, re.MULTILINE))))


def lines_of(root: Path, *folders: str, ends: tuple[str, ...]) -> int:
    files = [
        path
        for folder in folders
        for path in (root / folder).rglob("*")
        if path.is_file() and path.suffix in ends and "node_modules" not in path.parts
    ]
    return sum(path.read_bytes().count(b"\n") for path in files)


def files_a_room(root: Path) -> str:
    folders = Counter(
        path.parent.relative_to(root).as_posix()
        for path in sources(root)
        if not path.name.startswith("__")
    )
    most = max(folders, key=lambda folder: (folders[folder], folder))
    middle = sorted(folders.values())[len(folders) // 2]
    return f"{middle}, at most {folders[most]} ({most}/)"


def upward_arrows(root: Path) -> str:
    files = [path for path in sources(root) if not path.name.startswith("__")]
    if sum(room_of(p.relative_to(root).as_posix()) is None for p in files) > len(files) / 4:
        return "no rooms yet"
    return str(sum(count for (a, b), count in arrows(root).items() if is_upward(a, b)))


ROWS: dict[str, Callable[[Path], object]] = {
    "rooms (folders with Python files)": lambda root: len({p.parent for p in sources(root)}),
    "files a room, median": files_a_room,
    "longest file, lines": longest,
    "files over 300 lines": lambda root: sum(
        path.read_bytes().count(b"\n") > 300 for path in sources(root)
    ),
    "upward arrows": upward_arrows,
    "Python source, lines": lambda root: lines_of(root, *PACKAGES, ends=(".py",)),
    "C, JavaScript, HTML, CSS, lines": lambda root: lines_of(
        root, *PACKAGES, ends=(".c", ".h", ".js", ".mjs", ".html", ".css")
    ),
    "tests, lines": lambda root: lines_of(root, "tests", ends=(".py", ".js", ".mjs")),
    "README, lines (longest line)": lambda root: "{} ({})".format(
        len(text := (root / "README.md").read_text("utf-8").splitlines()), max(map(len, text))
    ),
    "files to touch for another network": for_a_network,
    "files whose code names SRResNet": lambda root: len(naming(root, "(?i)srresnet")),
    "files whose code has a constant scale": lambda root: len(
        naming(root, r"^SCALE$|_x4\b|[Xx]4$")
    ),
}


def checked_out(commit: str, folder: Path) -> Path:
    """The files of a commit, unpacked in a folder."""
    known = ["git", "ls-tree", "--name-only", commit]
    names = subprocess.run(known, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    parts = {*PACKAGES, "tests", "README.md", "CONTRIBUTING.md"} & set(names.splitlines())
    command = ["git", "archive", commit, *sorted(parts)]
    packed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def table(commits: list[str]) -> str:
    """A Markdown table: a row for each number, a column for each commit."""
    columns = []
    for commit in commits:
        with tempfile.TemporaryDirectory() as folder:
            root = checked_out(commit, Path(folder))
            columns.append([str(number(root)) for number in ROWS.values()])
    lines = [["", *commits], ["---"] * (len(commits) + 1)]
    lines += [[name, *cells] for name, *cells in zip(ROWS, *columns, strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.count", description=__doc__)
    parser.add_argument("commits", nargs="*", default=["HEAD"], metavar="COMMIT")
    print(table(parser.parse_args().commits))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The house: arrows between rooms point downwards, rooms and files stay small, and importing the
command line stays cheap.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.house import (
    DRAWING,
    ROOMS,
    ROOT,
    draw,
    imported_files,
    is_upward,
    room_of,
    rooms_of_imports,
    sources,
)

MOST_FILES, MOST_LINES = 10, 300

# What still stands in the way. These two may only shrink.
UPWARD: dict[str, set[str]] = {}
LONG: set[str] = set()

NEVER = {"sr": {"survey", "demo", "gradio", "app"}, "survey": {"demo", "torch", "app"}}
NEVER_AT_IMPORT = {"sr": {"lpips"}, "demo": {"torch", "torchvision", "lpips"}}
LIGHT_MODULES = (
    "sr",
    "sr.commands.cli",
    "sr.base.errors",
    "sr.commands.evaluate",
    "sr.commands.models",
    "sr.commands.upscale",
    "sr.images.reading",
    "sr.models.registry",
    "sr.images.resize",
)
SOURCES = sources()


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imported_packages(node: ast.AST, *, at_import_only: bool) -> Iterator[str]:
    """Names of the top-level packages that a module's code imports, absolute or relative."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name.split(".")[0] for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.level == 0:
            yield (child.module or "").split(".")[0]
        elif at_import_only and (
            isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            or is_type_checking(child)
        ):
            continue
        else:
            yield from imported_packages(child, at_import_only=at_import_only)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_point_downwards(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    upward = set(imported_packages(tree, at_import_only=False)) & NEVER.get(package, set())
    assert not upward, f"{name_of(path)} imports {sorted(upward)}"
    heavy = set(imported_packages(tree, at_import_only=True)) & NEVER_AT_IMPORT.get(package, set())
    assert not heavy, f"{name_of(path)} imports {sorted(heavy)} outside a function"


def test_the_walk_tells_import_time_from_later() -> None:
    tree = ast.parse(
        "import a.b\n"
        "from c import d\n"
        "if TYPE_CHECKING:\n    import e\n"
        "try:\n    import f\nexcept ImportError:\n    pass\n"
        "class G:\n    import h\n"
        "def i():\n    import j\n"
        "from . import k\n"
    )
    assert set(imported_packages(tree, at_import_only=True)) == {"a", "c", "f", "h"}
    assert set(imported_packages(tree, at_import_only=False)) == {"a", "c", "e", "f", "h", "j"}


def upward(tree: ast.AST, file: str) -> set[str]:
    """The rooms above a file's own that it imports from."""
    room = room_of(file)
    return {r for r in rooms_of_imports(tree, file) if room and is_upward(room, r)}


def test_rooms_import_only_from_rooms_below() -> None:
    found = {name_of(path): upward(ast.parse(path.read_bytes()), name_of(path)) for path in SOURCES}
    assert {file: rooms for file, rooms in found.items() if rooms} == UPWARD


def test_no_files_import_each_other_in_a_circle() -> None:
    TopologicalSorter(
        {
            name_of(path): set(imported_files(ast.parse(path.read_bytes()), name_of(path)))
            for path in SOURCES
            if not path.name.startswith("__")
        }
    ).prepare()  # raises CycleError, which names the files


def test_every_file_has_a_room_and_no_room_holds_too_many() -> None:
    files = [name_of(path) for path in SOURCES if not path.name.startswith("__")]
    assert not [file for file in files if room_of(file) is None]
    rooms = Counter(room_of(file) for file in files)
    assert not {room: count for room, count in rooms.items() if count > MOST_FILES}


def test_no_file_is_too_long_to_hold_in_the_head() -> None:
    lines = {name_of(path): path.read_bytes().count(b"\n") for path in SOURCES}
    assert {file for file, count in lines.items() if count > MOST_LINES} == LONG


def test_the_drawing_of_the_house_is_up_to_date() -> None:
    fresh = draw() == DRAWING.read_text(encoding="utf-8")
    assert fresh, "imports have changed: run `python -m tests.house draw` and commit the drawing"


def test_every_room_stands_on_the_page_of_the_architecture() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [room for room in ROOMS if (ROOT / room).is_dir() and room.count("/") == 1]
    assert [room for room in rooms if f"`{room}`" not in page] == []


def test_the_walk_sees_upward_arrows_of_every_kind() -> None:
    tree = ast.parse(
        "from sr import __version__\n"
        "from sr.base.errors import SRError\n"
        "from sr.data import check\n"
        "if TYPE_CHECKING:\n    from sr.training.run import Run\n"
        "def f():\n    import sr.commands.cli\n"
        "from ..evaluation import tables\n"
    )
    above = {"sr/training", "sr/commands", "sr/evaluation"}
    assert upward(tree, "sr/metrics/fidelity.py") == above
    assert upward(tree, "sr/__main__.py") == set()


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_light_modules_import_neither_torch_nor_gradio(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "heavy = {'torch', 'torchvision', 'gradio', 'lpips', 'skimage', 'pandas', 'scipy'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, f"importing {module} imports {result.stderr.strip()}"

"""The arrows between packages point downwards, and importing the command line stays cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sr", "survey", "demo")
NEVER = {"sr": {"survey", "demo", "gradio", "app"}, "survey": {"demo", "torch", "app"}}
NEVER_AT_IMPORT = {"sr": {"lpips"}, "demo": {"torch", "torchvision", "lpips"}}
LIGHT_MODULES = (
    "sr",
    "sr.commands.cli",
    "sr.base.errors",
    "sr.commands.evaluate",
    "sr.images.image_io",
    "sr.models.registry",
    "sr.images.resize",
)
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


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

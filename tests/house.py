"""The house as it is: its rooms and its arrows, read from the imports, and a drawing of them.

python -m tests.house draw       # docs/images/architecture.svg again
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
DRAWING = ROOT / "docs" / "images" / "architecture.svg"
PACKAGES = ("demo", "survey", "sr")

# From the top floor down: a room imports only from rooms that stand below it, whether the import is
# at the top, inside a function or for types only.
ROOMS = (
    "demo/static",
    "demo/static/inference",
    "demo/app",
    "demo/upscale",
    "demo/compare",
    "demo/frames",
    "demo/studies",
    "demo/photos",
    "demo/rating",
    "demo/results",
    "demo/display",
    "demo/web",
    "demo/work",
    "demo/hosting",
    "survey/commands",
    "survey/reporting",
    "survey/reporting/page",
    "survey/simulation",
    "survey/statistics/questions",
    "survey/statistics/estimates",
    "survey/studies",
    "survey/preparation",
    "survey/session",
    "survey/backup",
    "survey/storage",
    "survey/study",
    "sr/commands/microscopy",
    "sr/commands",
    "sr/figures",
    "sr/evaluation",
    "sr/training",
    "sr/training/presets",
    "sr/runs",
    "sr/batches",
    "sr/objectives",
    "sr/microscopy/enlarging",
    "sr/inference",
    "sr/models",
    "sr/models/files",
    "sr/models/entries",
    "sr/networks",
    "sr/networks/microscopy",
    "sr/metrics/unreferenced",
    "sr/metrics",
    "sr/microscopy/data",
    "sr/microscopy/scores",
    "sr/microscopy/simulation",
    "sr/microscopy/files",
    "sr/data",
    "sr/images",
    "sr/formats",
    "sr/kernels",
    "sr/base",
)


def sources(root: Path = ROOT) -> list[Path]:
    """Every Python file of the three packages."""
    return sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))


def room_of(file: str) -> str | None:
    """The room a file lies in; None for `__init__` and `__main__` of a package."""
    folders = [folder.as_posix() for folder in PurePosixPath(file).parents]
    return next((folder for folder in folders if folder in ROOMS), None)


def imported_files(tree: ast.AST, file: str, root: Path = ROOT) -> Iterator[str]:
    """The project's files that a module imports, lazily or for types too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = PurePosixPath(file).parts[: -node.level] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] in PACKAGES:
                path = root.joinpath(*name.split("."))
                for found in (path.with_suffix(".py"), path / "__init__.py"):
                    if found.is_file():
                        yield found.relative_to(root).as_posix()


def rooms_of_imports(tree: ast.AST, file: str, root: Path = ROOT) -> set[str]:
    """The other rooms that a file imports from."""
    rooms = {room_of(target) for target in imported_files(tree, file, root)}
    return {room for room in rooms if room and room != room_of(file)}


def is_upward(room: str, target: str) -> bool:
    return ROOMS.index(target) < ROOMS.index(room)


def arrows(root: Path = ROOT) -> Counter[tuple[str, str]]:
    """From room to room: how many files of the one import from the other."""
    found: Counter[tuple[str, str]] = Counter()
    for path in sources(root):
        file = path.relative_to(root).as_posix()
        if room := room_of(file):
            targets = rooms_of_imports(ast.parse(path.read_bytes()), file, root)
            found.update((room, target) for target in targets)
    return found


# --- The drawing -------------------------------------------------------------------------------

BOX_PX, STEP_PX, ROW_PX, MARGIN_PX = (132, 34), 152, 76, 24
COLOURS = {"demo": "#dbe7f7", "survey": "#e2f0dc", "sr": "#f6ead2"}
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#222;text-anchor:middle}"
    ".package{font-size:13px;fill:#666;text-anchor:start}"
    "path{fill:none;stroke:#8a8a8a;stroke-width:1.1}"
    ".up{stroke:#c0392b;stroke-width:1.6}"
)


def shown(edges: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The arrows without those that a longer way down says already; upward ones all."""
    below: dict[str, set[str]] = {}
    for room in reversed(ROOMS):
        direct = {b for a, b in edges if a == room and not is_upward(a, b)}
        below[room] = direct.union(*(below[b] for b in direct))
    return [
        (a, b)
        for a, b in sorted(edges)
        if is_upward(a, b)
        or not any(b in below[c] for x, c in edges if x == a and c != b and not is_upward(a, c))
    ]


def rows_of(package: str, edges: set[tuple[str, str]], rooms: list[str]) -> list[list[str]]:
    """The rooms of a package in rows: each one row below the lowest that imports from it."""
    level: dict[str, int] = {}
    for room in rooms:
        above = [level[a] for a, b in edges if b == room and a in level]
        level[room] = max(above, default=-1) + 1
    return [[r for r in rooms if level[r] == n] for n in range(max(level.values()) + 1)]


def draw(root: Path = ROOT) -> str:
    """An SVG of the rooms: demo above, survey and sr side by side below, arrows by imports."""
    edges = set(arrows(root))
    present = [room for room in ROOMS if (root / room).is_dir()]
    places: dict[str, tuple[float, float]] = {}
    panels: list[str] = []
    left, top, bottom = MARGIN_PX, MARGIN_PX, 0
    for package in PACKAGES:
        inside = [room for room in present if room.startswith(f"{package}/")]
        own = {(a, b) for a, b in edges if a in inside and b in inside}
        rows = rows_of(package, own, inside)
        width = max(map(len, rows)) * STEP_PX + MARGIN_PX
        height = len(rows) * ROW_PX + MARGIN_PX
        panels.append(
            f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="10" '
            f'fill="{COLOURS[package]}" fill-opacity=".45"/>'
            f'<text class="package" x="{left + 10}" y="{top + 18}">{package}/</text>'
        )
        for y, row in enumerate(rows):
            indent = (width - len(row) * STEP_PX) / 2 + (STEP_PX - BOX_PX[0]) / 2
            for x, room in enumerate(row):
                places[room] = (left + indent + x * STEP_PX, top + 30 + y * ROW_PX)
        bottom = max(bottom, top + height)
        if package == "demo":
            top = bottom + MARGIN_PX
        else:
            left += width + MARGIN_PX
    boxes, lines = [], []
    for room, (x, y) in places.items():
        package, name = room.split("/", 1)
        boxes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{BOX_PX[0]}" height="{BOX_PX[1]}" rx="6" '
            f'fill="{COLOURS[package]}" stroke="#777"/>'
            f'<text x="{x + BOX_PX[0] / 2:g}" y="{y + 22:g}">{name.split("/")[-1]}</text>'
        )
    for a, b in shown(edges):
        (ax, ay), (bx, by) = places[a], places[b]
        up = is_upward(a, b)
        start, end = (ay, by + BOX_PX[1]) if ay > by else (ay + BOX_PX[1], by)
        bend = (end - start) / 2 if abs(end - start) > 30 else 30
        ax, bx = ax + BOX_PX[0] / 2, bx + BOX_PX[0] / 2
        lines.append(
            f'<path{" class=" + chr(34) + "up" + chr(34) if up else ""} marker-end="url(#tip)" '
            f'd="M{ax:g} {start:g}C{ax:g} {start + bend:g} {bx:g} {end - bend:g} {bx:g} {end:g}"/>'
        )
    width = max(x for x, _ in places.values()) + BOX_PX[0] + 2 * MARGIN_PX
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {bottom + MARGIN_PX}" '
        'role="img" aria-label="Rooms of the program and the imports between them">\n'
        f"<style>{STYLE}</style>\n"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" '
        'style="fill:#8a8a8a;stroke:none"/></marker></defs>\n'
        f'<rect width="{width:g}" height="{bottom + MARGIN_PX}" fill="#fff"/>\n'
    )
    return head + "\n".join([*panels, *lines, *boxes]) + "\n</svg>\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.house", description=__doc__)
    parser.add_argument("command", choices=["draw"], help="docs/images/architecture.svg again")
    parser.parse_args()
    DRAWING.write_text(draw(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The page's JavaScript: modules that browsers get as one file, and arithmetic that node runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.web import scripts

ROOT = Path(__file__).parents[3]
NODE = shutil.which("node")
OLDEST_NODE = 20


def node_is_missing() -> str:
    """Why node's tests cannot run here; "" where they can."""
    if NODE is None:
        return "node is not installed"
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True).stdout.strip()
    is_old = int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE
    return f"node is {version}; these tests need {OLDEST_NODE} or newer" if is_old else ""


@pytest.fixture
def demo_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that makes the script of other modules: name -> source."""

    def make(modules: dict[str, str]) -> str:
        for name, source in modules.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        monkeypatch.setattr(scripts, "DEMO", tmp_path)
        return scripts.script.__wrapped__()

    return make


@pytest.mark.skipif(bool(node_is_missing()), reason=node_is_missing())
def test_the_arithmetic_is_right_without_a_browser():
    files = sorted(map(str, Path(__file__).parent.glob("*.test.js")))
    assert files
    result = subprocess.run([NODE, "--test", *files], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.skipif(bool(node_is_missing()), reason=node_is_missing())
def test_the_one_script_says_what_its_modules_say(demo_with, tmp_path: Path):
    made = demo_with(
        {
            "a/js/top.js": 'import { half as of, Box } from "../../b/js/base.js";\n'
            "const twice = 2;\nexport const start = (x) => new Box(of(x) * twice).held;\n",
            "b/js/base.js": "const twice = 0.5;\nexport function half(x) {\n  return x * twice;\n}"
            "\n"
            "export class Box {\n  constructor(held) {\n    this.held = held;\n  }\n}\n",
        }
    )
    (tmp_path / "made.mjs").write_text(made)
    code = (
        f'import("{(tmp_path / "made.mjs").as_uri()}")'
        '.then((made) => console.log(made.default["a/js/top.js"].start(3)))'
    )
    result = subprocess.run([NODE, "-e", code], capture_output=True, text=True, timeout=60)
    assert result.stdout == "3\n", result.stderr


@pytest.mark.parametrize(
    ("modules", "told"),
    [
        (
            {
                "a/js/a.js": 'import { b } from "./b.js";\n',
                "a/js/b.js": 'import { a } from "./a.js";\n',
            },
            "a/js/a.js imports a/js/b.js imports a/js/a.js",
        ),
        ({"a/js/a.js": 'import { b } from "./c.js";\n'}, "no such module"),
        ({"a/js/a.js": "export default 3;\n"}, "'export default 3;'"),
        ({"a/js/a.js": 'import * as b from "./b.js";\n'}, "neither"),
    ],
    ids=["circle", "missing", "default", "star"],
)
def test_a_module_that_cannot_be_joined_is_told(demo_with, modules: dict[str, str], told: str):
    with pytest.raises(ValueError, match=re.escape(told)):
        demo_with(modules)


def test_browsers_may_keep_the_script_for_ever_and_no_other_is_served():
    client = TestClient(Starlette(routes=[scripts.script_route()]))
    answer = client.get(f"/{scripts.script_address()}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.text == scripts.script()
    assert client.get(f"/{scripts.ROUTE}/0123456789abcdef.js").status_code == 404
    assert client.get(f"/{scripts.ROUTE}/..%2Fscripts.py").status_code == 404


def test_a_component_starts_a_module_that_is_there():
    assert scripts.script_address() in scripts.start_script("web/viewer/js/viewer.js")
    with pytest.raises(ValueError, match=r"web/viewer/js/gone\.js"):
        scripts.start_script("web/viewer/js/gone.js")


def test_what_a_whole_pixel_is_stands_in_one_place():
    sources = [path.read_text("utf-8") for path in (ROOT / "demo").rglob("js/*.js")]
    assert sum("function wholePixelStep" in source for source in sources) == 1

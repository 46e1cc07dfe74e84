"""The page's JavaScript: ES modules in the js/ folders, sent to browsers as one file.

Browsers would ask for forty small files one after another. So each module becomes a function of one
file, in the order of the imports; node and the linter read the modules as they are. A module has
named imports in front and `export` before a declaration, nothing else; imports make no circle.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

DEMO = Path(__file__).parents[1]
ROUTE = "scripts"
IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def script() -> str:
    """Every module below demo/ as one, which exports them by name ("web/viewer/js/viewer.js").

    Raises:
        ValueError: a module that is written otherwise, imports what is not there, or in a circle.
    """
    sources = {
        path.relative_to(DEMO).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(DEMO.rglob("js/*.js"))
    }
    made: dict[str, str] = {}
    begun: list[str] = []

    def make(name: str) -> None:
        if name in made:
            return
        if name in begun or name not in sources:
            raise ValueError(f"{' imports '.join([*begun, name])}: a circle, or no such module")
        begun.append(name)

        def bring(match: re.Match[str]) -> str:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[2]))
            make(target)
            return f'const {{{match[1].replace(" as ", ": ")}}} = modules["{target}"];\n'

        code = IMPORT.sub(bring, sources[name])
        names = ", ".join(EXPORT.findall(code))
        code = EXPORT.sub("", code)
        if strange := OTHER.search(code):
            raise ValueError(f"{name}: {strange[0]!r} is neither `import {{}}` nor `export` of one")
        made[name] = f'modules["{name}"] = (() => {{\n{code}return {{ {names} }};\n}})();\n'
        begun.pop()

    for name in sources:
        make(name)
    return f"const modules = {{}};\n{''.join(made.values())}export default modules;\n"


@cache
def script_address() -> str:
    """The script's address relative to the page; another content has another."""
    return f"{ROUTE}/{hashlib.sha256(script().encode()).hexdigest()[:16]}.js"


def preload() -> str:
    """The page's Link header: the script is fetched while Gradio still loads its own."""
    return f"<{script_address()}>; rel=modulepreload"


def start_script(module: str) -> str:
    """What a gr.HTML runs when it is loaded: the `start` of a module, with what Gradio gives it.

    What is clicked or chosen before the script has come is told to it then.

    Raises:
        ValueError: no such module.
    """
    if f'modules["{module}"] = ' not in script():
        raise ValueError(f"no module {module!r} in the page's script")
    return f"""
const early = [];
const keep = (event) => early.push(event);
for (const type of ["click", "change"]) element.addEventListener(type, keep);
import(new URL("{script_address()}", document.baseURI)).then((script) => {{
  for (const type of ["click", "change"]) element.removeEventListener(type, keep);
  script.default["{module}"].start({{ element, props, trigger, watch, upload }});
  for (const {{ target, type }} of early)
    target.dispatchEvent(new Event(type, {{ bubbles: true }}));
}});"""


def script_route() -> Route:
    """The route of the script, which browsers keep for ever: another one has another address."""

    async def serve(request: Request) -> Response:
        if f"{ROUTE}/{request.path_params['name']}" != script_address():
            return PlainTextResponse("This script is no longer here.", status_code=404)
        return Response(script(), media_type="text/javascript", headers=FOR_EVER)

    return Route(f"/{ROUTE}/{{name}}", serve, methods=["GET", "HEAD"])

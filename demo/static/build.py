"""`python -m demo static`: the upscaler as a folder of files that any web server can serve.

The scripts, styles and words are those of the app with a server, copied as they are; what that
server does is done by the modules in site/, work/, figures/ and inference/, and by C in
WebAssembly.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sr.base.errors import ConfigError, OutputError

DEMO = Path(__file__).parents[1]
FOLDER = Path(__file__).parent
MARKER = "site.json"  # a folder with it is a site, which another may replace
SCRIPTS = (
    "static/site",
    "static/work",
    "static/figures",
    "static/inference",
    "web/js",
    "web/viewer/js",
    "web/calibration/js",
    "display/js",
    "compare/js",
)
MORE_SCRIPTS = ("upscale/js/crop.js",)
STYLES = (
    *("app/style.css", "web/viewer/viewer.css", "compare/compare.css"),
    *("web/calibration/calibration.css", "display/display.css", "static/page.css"),
)
POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "worker-src": "'self' blob:",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "connect-src": "'self' blob:",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}


def write_site(folder: Path, *, survey_address: str = "") -> dict[str, int]:
    """Write the site, whole or not at all.

    Args:
        folder: of the site; made, or an earlier site that is replaced.
        survey_address: of a survey on a server, which the page links to; "" for none.

    Returns:
        Bytes before the first network ("page"), of one network for WebAssembly ("network"), of
        what WebGPU needs besides ("runtime"), and of all ("all").

    Raises:
        ConfigError: an address that is no web page's.
        OutputError: the folder holds something else, or cannot be written.
        SRError: the networks or their runtime are not to be had.
    """
    if survey_address and urlsplit(survey_address).scheme not in ("http", "https"):
        raise ConfigError(f"--survey-address {survey_address!r}: needed https://... or http://...")
    if (
        folder.exists()
        and not (folder / MARKER).is_file()
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise OutputError(f"{folder}: holds something else; name a new folder or an earlier site")
    small, large = site_files(survey_address)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place:
            made = Path(place) / "site"
            for name, content in (small | large).items():
                path = made / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if folder.exists():
                shutil.move(folder, Path(place) / "earlier")
            shutil.move(made, folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror or error})") from None
    return _sizes(small, large)


def site_files(survey_address: str = "") -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The small files, which browsers keep at once, and the large ones, kept when first used.

    Raises:
        SRError: the networks or their runtime are not to be had.
    """
    from demo.static.inference.files import module
    from demo.static.licences import with_licences
    from demo.static.lpips import ABOUT, lpips_file
    from demo.static.networks import exported, models_of_the_site
    from demo.static.runtime import VERSION, runtime_files

    compiled = module()  # first: a missing compiler is told at once
    models = [exported(name) for name in models_of_the_site()]
    runtime = runtime_files()
    where = f"onnxruntime-{VERSION}"
    large = {f"{where}/{name}": content for name, content in runtime.items()}
    for model in models:
        large |= {f"models/{name}": content for name, content in model.files.items()}
    distance = lpips_file()
    if distance is not None:
        large[f"models/{distance[0]['file']}"] = distance[1]
        large["models/ABOUT.txt"] = with_licences(ABOUT, "torchvision", "lpips")
    facts = [model.facts | {"runtime": f"{where}/"} for model in models]
    site = {
        "models": facts,
        "scale": facts[0]["scale"],
        "runtime_bytes": sum(map(len, runtime.values())),
        "survey_address": survey_address,
        "lpips": distance and distance[0],
    }
    return small_files(site, compiled, large), large


def small_files(site: Mapping[str, Any], module: bytes, large: Iterable[str]) -> dict[str, bytes]:
    """The page, its scripts, styles and words, by their names in the site.

    Args:
        site: what the page has to know, without version and limits.
        module: what runs networks in WebAssembly.
        large: names of the files that are kept when first used.
    """
    from demo.compare.kept import MOST_MEGAPIXELS
    from demo.compare.pictures import BORDER_PX, MOST_PICTURES
    from demo.photos.batch import MOST_PHOTOS
    from sr import __version__

    scripts = [f"{part}/{p.name}" for part in SCRIPTS for p in sorted((DEMO / part).glob("*.js"))]
    scripts = [name for name in (*scripts, *MORE_SCRIPTS) if not name.endswith("/sw.js")]
    files = {name: (DEMO / name).read_bytes() for name in (*scripts, *STYLES)}
    comparing = {"most": MOST_PICTURES, "border_px": BORDER_PX, "megapixels": MOST_MEGAPIXELS}
    files["static/inference/network.wasm"] = module
    files["icon.svg"] = icon().encode()
    files["icon.png"] = (DEMO / "app" / "favicon.png").read_bytes()
    files["texts.json"] = _json(texts())
    facts = {"version": __version__, "compare": comparing, "most_photos": MOST_PHOTOS}
    files[MARKER] = _json({**site, **facts})
    files["manifest.webmanifest"] = _json(manifest())
    page = page_html(scripts).encode()
    files["index.html"] = page
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    worker = (FOLDER / "site" / "sw.js").read_text(encoding="utf-8")
    values = {
        "{version}": f"nitidez-{digest.hexdigest()[:16]}",
        '"{files}"': json.dumps(["./", *sorted(files)]),
        '"{large}"': json.dumps(sorted(large)),
        "{policy}": policy(),
    }
    for name, value in values.items():
        worker = worker.replace(name, value)
    files["sw.js"] = worker.encode()
    return files


def page_html(scripts: list[str]) -> str:
    """index.html with the viewer, the comparison and the display's page in it."""
    from demo.app.frame import MARK
    from demo.web.calibration import calibration_html
    from demo.web.viewer import viewer_html

    def of(name: str) -> str:
        return (DEMO / name).read_text(encoding="utf-8")

    # A second viewer in one page: what is known by an id has another.
    second = re.sub(r"nv-help-title", "nv-help-title-compare", viewer_html())
    page = of("static/page.html")
    for name, value in {
        "{policy}": html.escape(policy(), quote=True).replace("&#x27;", "'"),
        "{styles}": "\n".join(f'<link rel="stylesheet" href="{name}">' for name in STYLES),
        "{preloads}": "\n".join(f'<link rel="modulepreload" href="{s}">' for s in scripts),
        "{mark}": MARK,
        "<!-- compare -->": of("compare/compare.html").replace("<!-- viewer -->", second),
        "<!-- display -->": of("display/display.html").replace(
            "<!-- calibration -->", calibration_html()
        ),
        "<!-- viewer -->": viewer_html(),
    }.items():
        page = page.replace(name, value)
    return page


def icon() -> str:
    """The app's mark on white, with room around it: systems cut icons to their own shapes."""
    from demo.app.frame import MARK

    inside = MARK.partition(">")[2]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-6 -6 36 36" width="512" height="512" '
        f'fill="#1d4ed8"><path fill="#fff" d="M-6-6h36v36h-36z"/>{inside}'
    )


def texts() -> dict[str, dict[str, dict[str, str]]]:
    """Every word of the site: by part of the page, language and key."""
    from demo.compare.page import compare_text
    from demo.display.page import display_text
    from demo.web import i18n
    from demo.web.viewer import viewer_text

    own = json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))
    return {
        "page": {language: i18n.texts(language) | own[language] for language in i18n.LANGUAGES},
        "viewer": viewer_text(),
        "compare": {
            language: words | own["compare"][language] for language, words in compare_text().items()
        },
        "display": display_text(),
    }


def manifest() -> dict[str, Any]:
    """What a browser needs to install the page."""
    return {
        "name": "Nitidez",
        "short_name": "Nitidez",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#1d4ed8",
        "icons": [
            {"src": "icon.png", "sizes": "64x64", "type": "image/png"},
            {"src": "icon.svg", "sizes": "any", "type": "image/svg+xml"},
        ],
    }


def policy() -> str:
    """The page's content security policy."""
    return "; ".join(f"{name} {value}" for name, value in POLICY.items())


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _sizes(small: dict[str, bytes], large: dict[str, bytes]) -> dict[str, int]:
    site = json.loads(small[MARKER])
    page = sum(map(len, small.values()))
    return {
        "page": page,
        "network": site["models"][0]["weights"]["bytes"],
        "runtime": site["runtime_bytes"],
        "all": page + sum(map(len, large.values())),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m demo static`."""
    parser.add_argument("--output", metavar="FOLDER", required=True, type=Path, help="of the site")
    add_survey_argument(parser)


def add_survey_argument(parser: argparse.ArgumentParser) -> None:
    """Where the survey is, that a site without a server cannot have."""
    parser.add_argument(
        "--survey-address",
        metavar="URL",
        default="",
        help="of a survey on a server, which the page links to (default: none)",
    )


def run(args: argparse.Namespace) -> int:
    """`python -m demo static`: returns the exit status.

    Raises:
        SRError: the site cannot be made.
    """
    sizes = {
        name: f"{bytes_ / 1e6:.1f} MB"
        for name, bytes_ in write_site(args.output, survey_address=args.survey_address).items()
    }
    print(
        f"{args.output}: {sizes['all']}; a visitor loads {sizes['page']} at first and "
        f"{sizes['network']} for each network; with WebGPU {sizes['runtime']} for what runs them"
    )
    return 0

"""The comparison viewer: several versions of one picture under one zoom, pixel for pixel.

A gr.HTML component with its own HTML, CSS and JavaScript. Python gives it one JSON value
(`viewer_value`); the browser fetches the PNG files as they are, decodes them and draws them on
canvases that have exactly the screen's pixels. At 1:1 one image pixel is one device pixel.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from demo.web.i18n import LANGUAGES, display_words
from demo.web.scripts import start_script

FOLDER = Path(__file__).parent
STATES = ("ready", "running", "waiting", "failed")


@cache
def viewer_text() -> dict[str, dict[str, str]]:
    """Every word the viewer says, by language."""
    own = json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))
    return {language: words | own[language] for language, words in display_words().items()}


def viewer_html() -> str:
    """The viewer's HTML, without words."""
    return (FOLDER / "viewer.html").read_text("utf-8")


def viewer_css() -> str:
    """The viewer's styles."""
    return (FOLDER / "viewer.css").read_text("utf-8")


def build_viewer(**kwargs: Any) -> gr.HTML:
    """The viewer as a component; keywords go to gr.HTML.

    An event that has the viewer among its outputs should be registered with
    `show_progress="hidden"`: Gradio fades the whole component while such an event runs, and the
    viewer shows the progress of each pane itself.
    """
    kwargs.setdefault("value", viewer_value([]))
    return gr.HTML(
        html_template=viewer_html(),
        css_template=viewer_css(),
        js_on_load=start_script("web/viewer/js/viewer.js"),
        apply_default_css=False,
        text=viewer_text(),
        **kwargs,
    )


def panel_with_viewer(
    folder: Path, name: str, text: Mapping[str, Mapping[str, str]], **kwargs: Any
) -> gr.HTML:
    """A page of its own with the viewer in it: NAME.html, NAME.css and js/NAME.js of a folder.

    Args:
        folder: of the page, within `demo`.
        text: every word of the page, by language.
        kwargs: go to gr.HTML.
    """
    own = (folder / f"{name}.html").read_text("utf-8")
    return gr.HTML(
        "",
        html_template=own.replace("<!-- viewer -->", viewer_html()),
        css_template=f"{viewer_css()}\n{(folder / f'{name}.css').read_text('utf-8')}",
        js_on_load=start_script(f"{folder.name}/js/{name}.js"),
        apply_default_css=False,
        text=text,
        viewer_text=viewer_text(),
        **kwargs,
    )


def viewer_value(
    panes: Iterable[Mapping[str, Any]],
    *,
    language: str | None = None,
    set_id: str | None = None,
    labels: Mapping[str, str] | None = None,
    pair: tuple[str, str] | None = None,
    message: str | None = None,
) -> dict[str, Any]:
    """What the viewer shows, as the JSON value of the component.

    Args:
        panes: the versions in order. Each has `key` (any text, unique) and
            `state` ("ready", "running", "waiting" or "failed"; default "ready"), and as far as
            known: `label`, `caption`, `width` and `height` in pixels, `download_name`,
            `progress` (0 to 1), `seconds_left`, `message` (why it failed), and the PNG file as
            `url` (an address the browser can fetch) or `path` (a file that Gradio may serve;
            it is copied to Gradio's cache, so prefer `url` for values that are sent often).
        language: "en" or "pt-BR"; None follows the browser.
        set_id: names the picture. Values of the same set keep zoom, position, mode and choices;
            another set starts anew.
        labels: label of each key, for panes that carry none.
        pair: keys of the two versions that wipe and difference start with.
        message: a line above the panes, or the text of the empty viewer.

    Raises:
        ValueError: a pane without key, a key twice, an unknown state or language.
    """
    if language is not None and language not in LANGUAGES:
        raise ValueError(f"viewer_value: language {language!r}; known: {', '.join(LANGUAGES)}")
    prepared = [_prepare_pane(pane, labels or {}) for pane in panes]
    keys = [pane["key"] for pane in prepared]
    if len(set(keys)) < len(keys):
        raise ValueError(f"viewer_value: keys {keys}; every pane needs a key of its own")
    return {
        "language": language,
        "set": set_id,
        "panes": prepared,
        "pair": list(pair) if pair else None,
        "message": message,
    }


def _prepare_pane(pane: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    prepared = {name: value for name, value in pane.items() if name != "path"}
    key = prepared.get("key")
    if not isinstance(key, str) or not key:
        raise ValueError(f"viewer_value: pane {dict(pane)!r} has no key; give it any unique text")
    prepared["label"] = prepared.get("label") or labels.get(key, key)
    prepared["state"] = prepared.get("state") or "ready"
    if prepared["state"] not in STATES:
        raise ValueError(
            f"viewer_value: pane {key!r} has state {prepared['state']!r};"
            f" known: {', '.join(STATES)}"
        )
    if pane.get("path"):
        prepared["image"] = {"path": str(pane["path"]), "meta": {"_type": "gradio.FileData"}}
    return prepared

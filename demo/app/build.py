"""Puts the page together: header, tabs, footer, API; and says how to serve it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

from demo.app.limits import Guard, PhotoLimit
from demo.app.owner import Owner
from demo.app.settings import Settings
from demo.display.tab import build_display_tab
from demo.rating.routes import open_protected, open_survey, survey_routes
from demo.rating.tab import build_survey_tab
from demo.results.routes import ResultsApi, results_routes
from demo.results.tab import build_results_tab
from demo.upscale import page as render
from demo.upscale.api import build_api
from demo.upscale.cache import ImageStore, Sweeper, delete_old_files, image_route
from demo.upscale.engine import Engine, SuperResolution
from demo.upscale.jobs import Jobs
from demo.upscale.samples import thumbnail_route
from demo.upscale.session import Session, Sessions
from demo.upscale.tab import Tab, build_upscale_tab
from demo.web.i18n import LANGUAGES, Language, language_of, texts
from demo.web.scripts import script_route

FOLDER = Path(__file__).parent
SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]

# A visitor's own choice of language, remembered by the browser; else what the browser prefers.
WANTED_LANGUAGE = """() => {
  let wanted = null;
  try { wanted = localStorage.getItem("nitidez-language"); } catch {}
  wanted ??= navigator.languages.map((tag) => tag.toLowerCase().split("-")[0])
    .find((tag) => tag === "pt" || tag === "en");
  const language = (wanted ?? "en").startsWith("pt") ? "pt-BR" : "en";
  document.documentElement.lang = language;
  return language;
}"""
# Gradio opens its page about the API from its own footer, which style.css hides.
SHOW_API = """element.addEventListener("click", (event) => {
  if (!event.target.closest("[data-api]")) return;
  event.preventDefault();
  document.querySelector("footer button.show-api")?.click();
});"""
# A link opens a tab by ?tab=survey or #survey; the address follows what is chosen. The tab is
# pressed: an update of gr.Tabs can be lost while the page is being put together. Gradio chooses the
# first tab then, at times before the link is read, so that the address follows only after that.
CHOOSE_TAB = """(async () => {
  const owner = new URLSearchParams(location.hash.slice(1)).get("owner");
  if (owner) {
    try { sessionStorage.setItem("nitidez-owner", owner); } catch {}
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  const asked = new URLSearchParams(location.search).get("tab") ?? location.hash.slice(1);
  window.nitidezLinkIsRead = true;
  if (!%s.includes(asked)) return;
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const button = document.getElementById(`tab-${asked}-button`);
    if (button?.getAttribute("aria-selected") === "true") return;
    button?.click();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
})();"""
NOTE_TAB = """() => {
  if (!window.nitidezLinkIsRead) return;
  const url = new URL(location.href);
  url.searchParams.delete("tab");
  url.hash = "%s";
  history.replaceState(history.state, "", url);
}"""
REMEMBER_LANGUAGE = """(language) => {
  try { localStorage.setItem("nitidez-language", language); } catch {}
  document.documentElement.lang = language;
  return language;
}"""


def build_app(settings: Settings, engine: Engine | None = None) -> gr.Blocks:
    """The whole page; serve it with `app.launch(**launch_options(settings))`.

    Args:
        settings: limits and folders.
        engine: what computes; None is the real one.
    """
    max_age_seconds = settings.keep_minutes * 60
    store = ImageStore(
        settings.versions_folder,
        max_bytes=settings.cache_mb * 1_000_000,
        max_age_seconds=max_age_seconds,
    )
    # Gradio knows no other way to be told where uploads go; it has to be where we
    # sweep, and nobody else's folder.
    os.environ["GRADIO_TEMP_DIR"] = str(settings.uploads_folder)
    uploads_folder = Path(get_upload_folder())
    uploads_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    jobs = Jobs(
        engine or SuperResolution(threads=settings.threads, engine=settings.engine),
        store,
        max_waiting=settings.max_waiting,
    )
    sessions = Sessions()
    photos = PhotoLimit(settings.photos_per_minute)

    def sweep() -> None:
        store.sweep()
        delete_old_files(uploads_folder, max_age_seconds)

    Sweeper(sweep)
    i18n = gr.I18n()  # names texts; launch_options() brings them
    with gr.Blocks(
        title="Nitidez",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(60, max_age_seconds),
    ) as app:
        with gr.Row(elem_id="header"):
            header = plain_html(i18n("html_header"), elem_id="brand")
            language = gr.Radio(
                [(name, tag) for tag, name in LANGUAGES.items()],
                label=i18n("language"),
                show_label=False,
                container=False,
                elem_id="language",
                elem_classes="segmented",
            )
        builders: dict[str, Callable[[], Tab]] = {
            "upscale": lambda: build_upscale_tab(settings, jobs, sessions, photos, i18n, language),
            "survey": build_survey_tab,
            "display": build_display_tab,
            "results": build_results_tab,
        }
        tabs: list[Tab] = []
        headings: dict[str, gr.Tab] = {}
        with gr.Tabs(elem_id="tabs"):
            for name, build_tab in builders.items():
                with gr.Tab(i18n(f"tab_{name}"), id=name, elem_id=f"tab-{name}") as heading:
                    tabs.append(build_tab())
                heading.select(None, js=NOTE_TAB % ("" if name == "upscale" else name))
                headings[name] = heading
        footer = gr.HTML(
            i18n("html_footer"),
            elem_id="footer",
            apply_default_css=False,
            js_on_load=f"{SHOW_API}\n{CHOOSE_TAB % json.dumps(list(builders))}",
        )
        if settings.owners and os.environ.get("OAUTH_CLIENT_ID"):
            gr.LoginButton(visible="hidden")  # brings the routes of Hugging Face's sign-in
        build_api(settings, jobs, photos)

        def retell(wanted: str | None, request: gr.Request) -> list[Any]:
            """The page in a language: everything that is said, said again."""
            tongue = language_of(wanted or request.headers.get("accept-language"))
            return [
                gr.Radio(value=tongue, label=texts(tongue)["language"]),
                gr.HTML(render.header_html(tongue)),
                gr.HTML(render.footer_html(tongue, settings)),
                *(gr.Tab(label=texts(tongue)[f"tab_{name}"]) for name in headings),
                *(update for tab in tabs for update in tab.retell(tongue, request)),
            ]

        def leave(request: gr.Request) -> None:
            sessions.leave(request.session_hash)

        said = [language, header, footer, *headings.values()]
        said += [part for tab in tabs for part in tab.outputs]
        quiet: dict[str, Any] = {
            "api_visibility": "private",
            "show_progress": "hidden",
            "queue": False,
        }
        app.load(retell, language, said, js=WANTED_LANGUAGE, **quiet)
        language.input(retell, language, said, js=REMEMBER_LANGUAGE, **quiet)
        app.unload(leave)
    app.queue(max_size=4 * settings.max_waiting)
    return app


def plain_html(value: Any, **options: Any) -> gr.HTML:
    """HTML of our own, without Gradio's styles and without a script."""
    return gr.HTML(value, apply_default_css=False, js_on_load=None, **options)


def page_texts(settings: Settings) -> dict[str, dict[str, str]]:
    """What Gradio translates in the browser before the first event: every text, and the HTML
    of the page's parts as they are when it opens.
    """
    return {
        locale: {
            **texts(language),
            "html_header": render.header_html(language),
            "html_footer": render.footer_html(language, settings),
            "html_mode_hint": render.mode_hint_html(language, "upscale"),
            "html_picker": render.picker_html(Session(), language, settings),
        }
        for locale, language in locales().items()
    }


def locales() -> dict[str, Language]:
    """Browser locales by language; every kind of Portuguese gets the one we have."""
    return {"en": "en", "pt": "pt-BR", "pt-BR": "pt-BR"}


def build_theme() -> gr.themes.Base:
    """Quiet greys, one accent, system fonts: nothing is fetched from elsewhere."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.blue,
        neutral_hue=gr.themes.colors.zinc,
        radius_size=gr.themes.sizes.radius_md,
        font=SANS,
        font_mono=MONO,
    ).set(
        body_background_fill="#fafafa",
        body_background_fill_dark="#131316",
        background_fill_primary_dark="#131316",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
    )


def launch_options(settings: Settings, owner: Owner | None = None) -> dict[str, Any]:
    """Keywords for `launch`: what is served, where, and how it looks.

    Args:
        owner: who may see results; None makes one of the settings.
    """
    return {
        "server_name": settings.host,
        "server_port": settings.port,
        "theme": build_theme(),
        "css_paths": [FOLDER / "style.css"],
        "favicon_path": FOLDER / "favicon.png",
        "i18n": gr.I18n(**page_texts(settings)),
        "app_kwargs": {
            "middleware": [Middleware(Guard, settings=settings)],
            "routes": [
                image_route(settings.versions_folder),
                thumbnail_route(),
                script_route(),
                *survey_routes(lambda: open_survey(settings.data_folder, settings.study)),
                *results_routes(
                    ResultsApi(
                        lambda: open_protected(settings.data_folder, settings.study),
                        owner or Owner(password=settings.owner_password, names=settings.owners),
                    )
                ),
            ],
        },
        "max_file_size": settings.max_upload_mb * 1_000_000,
        "footer_links": ["api"],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "pwa": False,
        "share": False,
        "allowed_paths": [],
        "show_error": True,
        "state_session_capacity": 200,
    }

"""Puts the page together: header, tabs, footer, API."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from demo.app.address import CHOOSE_TAB, NOTE_TAB, REMEMBER_LANGUAGE, SHOW_API, WANTED_LANGUAGE
from demo.app.frame import footer_html, header_html
from demo.app.launch import launch_options, upload_limits
from demo.app.settings import Settings
from demo.compare.page import build_compare_tab
from demo.compare.pictures import Compared
from demo.compare.routes import compare_routes
from demo.display.page import build_display_tab
from demo.photos.kept_back import DiscreetJobs, KeptBack
from demo.rating.page import build_survey_tab
from demo.results.owner import Owner
from demo.results.page import build_results_tab
from demo.studies.page import build_studies_panel
from demo.upscale.api import build_api
from demo.upscale.samples import SAMPLES
from demo.upscale.session import Sessions
from demo.upscale.tab import build_upscale_tab
from demo.web.i18n import LANGUAGES, language_of, texts
from demo.web.tab import Tab
from demo.work.engine import Engine, SuperResolution
from demo.work.versions import ImageStore, Sweeper, delete_old_files
from survey.session.protected import ProtectedSurvey


class Page(gr.Blocks):
    """The page, which knows how it is served: `launch` takes what is to be otherwise."""

    def __init__(self, served: dict[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.served = served

    def launch(self, **changes: Any) -> Any:  # type: ignore[override]
        """Serve it; see `gr.Blocks.launch`."""
        os.environ["FORWARDED_ALLOW_IPS"] = ""  # uvicorn believes the loopback; see `guard`
        return super().launch(**(self.served | changes))


def build_app(
    settings: Settings,
    survey: ProtectedSurvey,
    engine: Engine | None = None,
    *,
    owner: Owner | None = None,
) -> Page:
    """The whole page; serve it with its `launch()`.

    Args:
        settings: limits and folders.
        survey: whose answers are taken and shown; closing it is the caller's.
        engine: what computes; None is the real one.
        owner: who may see results; None makes one of the settings.
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
    shown = frozenset(Path(sample.file).stem for sample in SAMPLES.values())
    kept_back = KeptBack(lambda: survey.survey, shown=shown)
    if engine is None:  # the first photo need not wait for it
        threading.Thread(target=kept_back.points, name="kept-back", daemon=True).start()
    engine = engine or SuperResolution(threads=settings.threads, engine=settings.engine)
    check = kept_back.check
    jobs = DiscreetJobs(engine, store, max_waiting=settings.max_waiting, check=check)
    sessions = Sessions()
    limits = upload_limits(settings)

    def sweep() -> None:
        store.sweep()
        delete_old_files(uploads_folder, max_age_seconds)

    Sweeper(sweep)
    i18n = gr.I18n()  # names texts; launch_options() brings them
    with Page(
        launch_options(settings, survey, owner, compare_routes(Compared(store, engine))),
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
            "upscale": lambda: build_upscale_tab(limits, jobs, sessions, i18n, language),
            "survey": build_survey_tab,
            "compare": build_compare_tab,
            "display": build_display_tab,
            "results": build_results,
        }
        tabs: list[Tab] = []
        headings: dict[str, gr.Tab] = {}
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):  # a menu would hide names
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
        build_api(limits, jobs)

        def retell(wanted: str | None, request: gr.Request) -> list[Any]:
            """The page in a language: everything that is said, said again."""
            tongue = language_of(wanted or request.headers.get("accept-language"))
            return [
                gr.Radio(value=tongue, label=texts(tongue)["language"]),
                gr.HTML(header_html(tongue)),
                gr.HTML(footer_html(tongue, settings.source_url)),
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


def build_results() -> Tab:
    """The results' tab: for the owner the studies, then the results of one."""
    build_studies_panel(elem_id="studies")
    return build_results_tab()


def plain_html(value: Any, **options: Any) -> gr.HTML:
    """HTML of our own, without Gradio's styles and without a script."""
    return gr.HTML(value, apply_default_css=False, js_on_load=None, **options)

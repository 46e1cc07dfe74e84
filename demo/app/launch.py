"""How the page is served: routes, texts, looks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.routing import Route

from demo.app.frame import footer_html, header_html
from demo.app.guard import middleware
from demo.app.settings import Settings
from demo.frames.routes import frame_routes
from demo.hosting.addresses import no_foreign_readers
from demo.photos.uploads import UploadLimits
from demo.rating.routes import survey_routes
from demo.results.api import ResultsApi
from demo.results.owner import Owner
from demo.results.routes import results_routes
from demo.studies.api import StudiesApi
from demo.studies.routes import studies_routes
from demo.upscale.picker import mode_hint_html, picker_html
from demo.upscale.samples import thumbnail_route
from demo.upscale.session import Session
from demo.web.i18n import Language, texts
from demo.web.rates import PhotoLimit
from demo.web.scripts import script_route
from demo.work.saving import saving_routes
from demo.work.versions import image_route
from survey.session.protected import ProtectedSurvey

FOLDER = Path(__file__).parent
SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


def launch_options(
    settings: Settings,
    survey: ProtectedSurvey,
    owner: Owner | None = None,
    routes: Sequence[Route] = (),
) -> dict[str, Any]:
    """Keywords for `launch`: what is served, where, and how it looks.

    Args:
        settings: limits and folders.
        survey: whose answers are taken and shown.
        owner: who may see results; None makes one of the settings.
        routes: more of them.
    """
    owner = owner or Owner(password=settings.owner_password, names=settings.owners)
    return {
        "server_name": settings.host,
        "server_port": settings.port,
        "theme": build_theme(),
        "css_paths": [FOLDER / "style.css"],
        "favicon_path": FOLDER / "favicon.png",
        "i18n": gr.I18n(**page_texts(settings)),
        "app_kwargs": {
            "middleware": middleware(settings),
            "lifespan": no_foreign_readers,
            "routes": [
                image_route(settings.versions_folder),
                *saving_routes(settings.versions_folder),
                *frame_routes(settings.versions_folder),
                thumbnail_route(),
                script_route(),
                *survey_routes(lambda: survey.survey),
                *results_routes(ResultsApi(lambda: survey, owner)),
                *studies_routes(StudiesApi(lambda: survey, settings.studies_folder), owner),
                *routes,
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


def upload_limits(settings: Settings) -> UploadLimits:
    """What is taken from visitors."""
    photos = PhotoLimit(settings.photos_per_minute)
    return UploadLimits(settings.max_megapixels, settings.max_upload_mb, photos)


def page_texts(settings: Settings) -> dict[str, dict[str, str]]:
    """What Gradio translates in the browser before the first event: every text, and the HTML
    of the page's parts as they are when it opens.
    """
    limits = upload_limits(settings)
    return {
        locale: {
            **texts(language),
            "html_header": header_html(language),
            "html_footer": footer_html(language, settings.source_url),
            "html_mode_hint": mode_hint_html(language, "upscale"),
            "html_picker": picker_html(Session(), language, limits),
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

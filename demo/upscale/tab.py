"""The upscaler tab: choose a photo, watch its versions appear, compare and measure them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr

from demo.upscale.page import curve as curve_of
from demo.upscale.page import curve_pairs, first_pair, panes, status_html
from demo.upscale.picker import mode_hint_html, picker_html
from demo.upscale.problems import Problem, problem_of
from demo.upscale.samples import SAMPLES, preload, sample_photo, small_photo
from demo.upscale.session import Choice, Session, Sessions
from demo.upscale.table import table_html
from demo.upscale.uploads import UploadLimits, read_upload, uploaded_file
from demo.web.curve import build_curve
from demo.web.i18n import Language, language_of, say
from demo.web.rates import TooOftenError
from demo.web.scripts import start_script
from demo.web.tab import Tab
from demo.web.viewer import build_viewer, viewer_value
from demo.work.engine import default_scale
from demo.work.job import BusyError, Mode, TooManyOwnError
from demo.work.jobs import Jobs
from sr.base.errors import SRError
from sr.images.photo import Photo
from sr.models.registry import network_scales

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.25
MODES: tuple[Mode, ...] = ("upscale", "test")


def told(event: gr.EventData, key: str) -> Any:
    """What the browser says with an event; None where it says nothing of it."""
    try:
        return getattr(event, key, None)
    except TypeError:  # an event without any data
        return None


def build_upscale_tab(
    limits: UploadLimits,
    jobs: Jobs,
    sessions: Sessions,
    i18n: gr.I18n,
    language: gr.Radio,
) -> Tab:
    """Build the tab inside the current Blocks context."""
    with gr.Row(elem_id="controls", equal_height=True):
        mode = gr.Radio(
            mode_choices(i18n),
            value="upscale",
            label=i18n("mode"),
            show_label=False,
            container=False,
            elem_id="mode",
            elem_classes="segmented",
        )
        mode_hint = gr.HTML(
            i18n("html_mode_hint"), elem_id="mode-hint", apply_default_css=False, js_on_load=None
        )
        scales = sorted(network_scales())
        scale = gr.Radio(
            [(f"{number}×", number) for number in scales],
            value=default_scale(),
            label=i18n("scale"),
            show_label=False,
            container=False,
            visible=len(scales) > 1,
            elem_id="scale",
            elem_classes="segmented",
        )
    picker = gr.HTML(
        i18n("html_picker"),
        elem_id="picker",
        apply_default_css=False,
        js_on_load=start_script("upscale/js/picker.js"),
    )
    with gr.Row(elem_id="work", visible=False) as work:
        status = gr.HTML("", elem_id="status", apply_default_css=False, js_on_load=None)
        cancel = gr.Button(i18n("cancel"), elem_id="cancel", size="sm", visible=False, scale=0)
    viewer = build_viewer(visible="hidden", elem_id="viewer")
    table = gr.HTML("", elem_id="table", apply_default_css=False, js_on_load=None, visible=False)
    curve = build_curve(elem_id="curve")
    outputs = [picker, work, status, cancel, viewer, table, curve]

    def show(session: Session) -> list[Any]:
        tongue = session.language
        job = session.job
        status_text = status_html(session, jobs, tongue)
        table_text = table_html(session, tongue)
        value = viewer_value(
            panes(session, tongue),
            language=tongue,
            set_id=f"{session.turn}",
            pair=first_pair(job),
        )
        return [
            gr.HTML(picker_html(session, tongue, limits)),
            gr.Row(visible=bool(status_text)),
            gr.HTML(status_text),
            gr.Button(say(tongue, "cancel"), visible=job is not None and not job.is_finished),
            gr.update(value=value, visible=True if job is not None else "hidden"),
            gr.HTML(table_text, visible=bool(table_text)),
            curve_of(session, tongue),
        ]

    async def run(
        session: Session, choice: Choice, request: gr.Request
    ) -> AsyncIterator[list[Any]]:
        """Work on a choice and keep the page up to date until it is finished or replaced.

        What is refused for now takes nothing away: the photo and the results before stay.
        """
        try:
            limits.photos.take(request)
        except TooOftenError as error:
            session.problem = problem_of(error, limits, session.scale)
            yield show(session)
            return
        before = session.choice, session.job
        turn = session.start()
        session.choice = choice  # from now on the mode asks for this one
        mode, scale = session.mode, session.scale
        try:
            photo = await asyncio.to_thread(read_choice, choice, mode, scale, limits, jobs)
            job = await jobs.submit_in_thread(
                photo, mode=mode, scale=scale, visitor=request.session_hash or ""
            )
            del photo  # the job has it, as long as it needs it
        except Exception as error:
            if session.turn == turn:
                session.problem = problem_of(error, limits, scale)
                is_refused = isinstance(error, (BusyError, TooManyOwnError))
                session.choice, session.job = before if is_refused else (None, None)
                yield show(session)
            return
        if session.turn != turn:  # another photo was chosen meanwhile
            job.cancel()
            return
        session.job = job
        told: tuple[int, Language] | None = None
        try:
            while session.turn == turn:
                finished = job.is_finished
                now = (job.changes, session.language)
                if now != told or finished:
                    told = now
                    yield show(session)
                if finished:
                    return
                await asyncio.sleep(TICK_SECONDS)
        finally:
            # Reached without an end when the browser has gone: nobody is waiting any more.
            if session.turn == turn and not job.is_finished and session.job is job:
                job.cancel()

    async def on_upload(
        event: gr.EventData, mode: Mode, scale: int, language: str | None, request: gr.Request
    ) -> AsyncIterator[list[Any]]:
        session = open_session(sessions, request, language, mode, scale)
        path = told(event, "path")
        if told(event, "failed") or not isinstance(path, str):
            session.start()
            session.choice = None
            session.problem = Problem("error_upload", {"megabytes": limits.max_upload_mb})
            yield show(session)
            return
        choice = Choice(str(told(event, "name") or "")[:200], path=Path(path))
        async for update in run(session, choice, request):
            yield update

    async def on_sample(
        event: gr.EventData, mode: Mode, scale: int, language: str | None, request: gr.Request
    ) -> AsyncIterator[list[Any]]:
        session = open_session(sessions, request, language, mode, scale)
        name = str(told(event, "sample"))
        if name in SAMPLES:
            async for update in run(session, Choice(name, sample=name), request):
                yield update

    async def on_mode(
        mode: Mode, scale: int, language: str | None, request: gr.Request
    ) -> AsyncIterator[list[Any]]:
        session = open_session(sessions, request, language, mode, scale)
        hint = gr.HTML(mode_hint_html(session.language, session.mode, session.scale))
        if session.choice is None:
            session.problem = None
            yield [*show(session), hint]
            return
        async for update in run(session, session.choice, request):
            yield [*update, hint]

    def on_cancel(mode: Mode, scale: int, language: str | None, request: gr.Request) -> list[Any]:
        session = open_session(sessions, request, language, mode, scale)
        if session.job is not None:
            session.job.cancel()
        return show(session)

    async def on_curve(
        mode: Mode, scale: int, language: str | None, request: gr.Request
    ) -> AsyncIterator[dict[str, Any]]:
        """Compute from where on versions look alike, once for a photo."""
        session = open_session(sessions, request, language, mode, scale)
        job, turn = session.job, session.turn
        if job is not None and job.is_finished and session.curves is None:
            if session.curve_state == "busy":
                return
            session.curve_state = "busy"
            yield curve_of(session, session.language)
            state, found = "failed", None
            try:
                found = await jobs.curves(job, curve_pairs(job))
                state = "idle"
            except SRError as error:
                logger.warning("no curve: %s", error)
            except Exception:
                logger.exception("no curve")
            finally:
                if session.turn == turn:
                    session.curves, session.curve_state = found, state
        yield curve_of(session, session.language)

    def retell(language: Language, request: gr.Request) -> list[Any]:
        session = sessions.get(request.session_hash)
        session.language = language
        choices = [(say(language, f"mode_{name}"), name) for name in MODES]
        return [
            *show(session),
            gr.HTML(mode_hint_html(language, session.mode, session.scale)),
            gr.Radio(choices, label=say(language, "mode")),
            gr.Radio(label=say(language, "scale")),
        ]

    quiet: dict[str, Any] = {
        "api_visibility": "private",
        "show_progress": "hidden",
        "trigger_mode": "multiple",
        "concurrency_limit": None,
    }
    shown = [mode, scale, language]
    picker.upload(on_upload, shown, outputs, **quiet)
    picker.select(on_sample, shown, outputs, **quiet)
    for control in (mode, scale):
        control.input(on_mode, shown, [*outputs, mode_hint], **quiet)
    curve.select(on_curve, shown, [curve], **quiet)
    cancel.click(on_cancel, shown, outputs, queue=False, **quiet)
    return Tab((*outputs, mode_hint, mode, scale), retell)


def mode_choices(i18n: gr.I18n) -> list[tuple[Any, str]]:
    """The two modes, named in the browser's language."""
    return [(i18n(f"mode_{name}"), name) for name in MODES]


def open_session(
    sessions: Sessions, request: gr.Request, language: str | None, mode: Mode, scale: int
) -> Session:
    """The page's session, with the language, mode and scale the page shows now."""
    session = sessions.get(request.session_hash)
    session.language = language_of(language or request.headers.get("accept-language"))
    session.mode = mode if mode in MODES else "upscale"
    session.scale = scale if scale in network_scales() else default_scale()
    return session


def read_choice(choice: Choice, mode: Mode, scale: int, limits: UploadLimits, jobs: Jobs) -> Photo:
    """The photo of a choice.

    Raises:
        FileNotFoundError: the upload was deleted meanwhile.
        SRError: not an image, or too large.
    """
    if choice.sample is not None:
        preload(jobs, choice.sample, scale)
        if mode == "test":
            return sample_photo(choice.sample)
        return small_photo(choice.sample, scale)
    if choice.path is None:
        raise FileNotFoundError(choice.name)
    return read_upload(uploaded_file(choice.path), max_megapixels=limits.max_megapixels)

"""The upscaler tab: choose a photo, watch its versions appear, compare and measure them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from demo.photos.batch import batch_of
from demo.photos.fitting import fit_of
from demo.photos.problems import Problem
from demo.photos.uploads import UploadLimits
from demo.upscale.options import build_controls, scale_choices
from demo.upscale.page import curve as curve_of
from demo.upscale.page import first_pair, panes, set_of, status_html
from demo.upscale.picker import mode_hint_html, picker_html
from demo.upscale.samples import SAMPLES
from demo.upscale.session import MODES, OWN_WIDTH, Choice, Session, Sessions
from demo.upscale.table import table_html
from demo.upscale.visit import Visits, told
from demo.web.curve import build_curve
from demo.web.i18n import Language, say
from demo.web.scripts import start_script
from demo.web.tab import Tab
from demo.web.viewer import build_viewer, viewer_value
from demo.work.choice import chosen_models
from demo.work.job import Mode
from demo.work.jobs import Jobs
from demo.work.saving import save_as_of


def build_upscale_tab(
    limits: UploadLimits,
    jobs: Jobs,
    sessions: Sessions,
    i18n: gr.I18n,
    language: gr.Radio,
) -> Tab:
    """Build the tab inside the current Blocks context."""
    visits = Visits(limits, jobs, sessions)
    mode, mode_hint, scale, width = build_controls(i18n)
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
            set_id=set_of(session),
            pair=first_pair(job),
        )
        return [
            gr.HTML(picker_html(session, tongue, limits, jobs.pace)),
            gr.Row(visible=bool(status_text)),
            gr.HTML(status_text),
            gr.Button(say(tongue, "cancel"), visible=session.is_working),
            gr.update(value=value, visible=True if job is not None else "hidden"),
            gr.HTML(table_text, visible=bool(table_text)),
            curve_of(session, tongue),
        ]

    def run(session: Session, choice: Choice, request: gr.Request) -> AsyncIterator[list[Any]]:
        return visits.run(session, choice, request, show)

    async def again(session: Session, request: gr.Request) -> AsyncIterator[list[Any]]:
        """The same photo, or the same photos, otherwise."""
        if session.choice is not None:
            async for update in run(session, session.choice, request):
                yield update
        elif session.batch is not None:
            batch = session.batch.anew()
            async for update in visits.run_batch(session, batch, request, show):
                yield update

    async def on_upload(
        event: gr.EventData,
        mode: Mode,
        scale: int,
        width: Any,
        language: str | None,
        request: gr.Request,
    ) -> AsyncIterator[list[Any]]:
        session = visits.open(request, language, mode, scale, width)
        batch = batch_of(told(event, "files"), num_left_out=told(event, "left_out"))
        if batch is not None:
            async for update in visits.run_batch(session, batch, request, show):
                yield update
            return
        session.leave_batch()
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
        event: gr.EventData,
        mode: Mode,
        scale: int,
        width: Any,
        language: str | None,
        request: gr.Request,
    ) -> AsyncIterator[list[Any]]:
        session = visits.open(request, language, mode, scale, width)
        session.leave_batch()
        name = str(told(event, "sample"))
        if name in SAMPLES:
            async for update in run(session, Choice(name, sample=name), request):
                yield update

    async def on_option(
        event: gr.EventData,
        mode: Mode,
        scale: int,
        width: Any,
        language: str | None,
        request: gr.Request,
    ) -> AsyncIterator[list[Any]]:
        session = visits.open(request, language, mode, scale, width)
        saving = told(event, "save")
        if isinstance(saving, dict):
            session.save = save_as_of(saving.get("kind"), saving.get("quality"))
            yield show(session)
        remembered = told(event, "remembered")
        if isinstance(remembered, dict):
            session.remember(remembered)
            yield show(session)
        scope = told(event, "scope")
        if isinstance(scope, dict) and session.choice is not None:
            session.look = session.look.changed(scope)
            number, is_photo = scope.get("frame"), bool(scope.get("photo"))
            if number is None and not is_photo:
                yield show(session)
                return
            choice = replace(session.choice, frame=str(number or 1), is_photo=is_photo, fit=None)
            async for update in run(session, choice, request):
                yield update
            return
        names = told(event, "models")
        if isinstance(names, list) and session.shot is not None:
            session.frame_models = tuple(map(str, names))
            async for update in again(session, request):
                yield update
        elif isinstance(names, list):
            session.models[session.scale] = tuple(chosen_models(session.scale, map(str, names)))
            async for update in again(session, request):
                yield update

    async def on_fit(
        event: gr.EventData,
        mode: Mode,
        scale: int,
        width: Any,
        language: str | None,
        request: gr.Request,
    ) -> AsyncIterator[list[Any]]:
        session = visits.open(request, language, mode, scale, width)
        if session.choice is None or session.choice.path is None:
            return
        fit = fit_of(told(event, "fit"))  # none: it is asked again
        async for update in run(session, replace(session.choice, fit=fit), request):
            yield update

    async def on_look(
        event: gr.EventData,
        mode: Mode,
        scale: int,
        width: Any,
        language: str | None,
        request: gr.Request,
    ) -> AsyncIterator[list[Any]]:
        """Compare the versions of one photo of several, below the others."""
        session = visits.open(request, language, mode, scale, width)
        index = told(event, "look")
        items = session.batch.items if session.batch is not None else []
        if isinstance(index, int) and 0 <= index < len(items) and items[index].path is not None:
            choice = Choice(items[index].name, path=items[index].path)
            async for update in run(session, choice, request):
                yield update

    async def on_mode(
        mode: Mode, scale: int, width: Any, language: str | None, request: gr.Request
    ) -> AsyncIterator[list[Any]]:
        if sessions.get(request.session_hash).width is None:
            width = None  # what the field holds was not asked for
        session = visits.open(request, language, mode, scale, width)
        by_width = scale == OWN_WIDTH and session.mode == "upscale"
        said = mode_hint_html(session.language, session.mode, session.scale, by_width=by_width)
        more = [gr.HTML(said), gr.Number(session.proposed_width(), visible=by_width)]
        if by_width and session.width is None:  # nothing can be done before there is one
            yield [*show(session), *more]
            return
        if session.choice is None and session.batch is None:
            session.problem = None
            yield [*show(session), *more]
        async for update in again(session, request):
            yield [*update, *more]
            more = [gr.skip(), gr.skip()]  # somebody may be typing by now

    async def on_width(
        mode: Mode, scale: int, width: Any, language: str | None, request: gr.Request
    ) -> AsyncIterator[list[Any]]:
        """Another width was typed."""
        before = sessions.get(request.session_hash).width
        session = visits.open(request, language, mode, scale, width)
        if session.width not in (None, before):
            async for update in again(session, request):
                yield update

    def on_pane(event: gr.EventData, request: gr.Request) -> None:
        """Panes are looked at, or one of them shall be made no further."""
        session = sessions.get(request.session_hash)
        in_view, stop = told(event, "in_view"), told(event, "stop")
        if isinstance(in_view, list):
            session.look_at(map(str, in_view))
        if isinstance(stop, str):
            session.leave_out(stop)

    def on_cancel(
        mode: Mode, scale: int, width: Any, language: str | None, request: gr.Request
    ) -> list[Any]:
        session = visits.open(request, language, mode, scale, width)
        if session.job is not None:
            session.job.cancel()
        if session.batch is not None:
            session.batch.cancel()
        return show(session)

    async def on_curve(
        mode: Mode, scale: int, width: Any, language: str | None, request: gr.Request
    ) -> AsyncIterator[dict[str, Any]]:
        """Compute from where on versions look alike, once for a photo."""
        session = visits.open(request, language, mode, scale, width)
        async for _ in visits.compare(session):
            yield curve_of(session, session.language)

    def retell(language: Language, request: gr.Request) -> list[Any]:
        session = sessions.get(request.session_hash)
        session.language = language
        choices = [(say(language, f"mode_{name}"), name) for name in MODES]
        return [
            *show(session),
            gr.HTML(
                mode_hint_html(
                    language, session.mode, session.scale, by_width=session.width is not None
                )
            ),
            gr.Radio(choices, label=say(language, "mode")),
            gr.Radio(scale_choices(say(language, "own_width")), label=say(language, "scale")),
            gr.Number(label=say(language, "width")),
        ]

    quiet: dict[str, Any] = {
        "api_visibility": "private",
        "show_progress": "hidden",
        "trigger_mode": "multiple",
        "concurrency_limit": None,
    }
    shown = [mode, scale, width, language]
    picker.upload(on_upload, shown, outputs, **quiet)
    picker.select(on_sample, shown, outputs, **quiet)
    picker.input(on_option, shown, outputs, **quiet)
    picker.submit(on_fit, shown, outputs, **quiet)
    picker.click(on_look, shown, outputs, **quiet)
    for control in (mode, scale):
        control.input(on_mode, shown, [*outputs, mode_hint, width], **quiet)
    gr.on([width.submit, width.blur], on_width, shown, outputs, **quiet)
    viewer.input(on_pane, None, None, queue=False, **quiet)
    curve.select(on_curve, shown, [curve], **quiet)
    cancel.click(on_cancel, shown, outputs, queue=False, **quiet)
    return Tab((*outputs, mode_hint, mode, scale, width), retell)

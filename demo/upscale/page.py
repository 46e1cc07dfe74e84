"""The page's own HTML: what a session looks like, in a language. Every value is escaped."""

from __future__ import annotations

import math
from html import escape
from itertools import combinations
from pathlib import Path
from typing import Any

from demo.app.settings import Settings
from demo.upscale.engine import default_scale, is_light
from demo.upscale.jobs import FAILED, FINISHED, ORIGINAL, Job, Jobs, Version
from demo.upscale.samples import SAMPLES
from demo.upscale.session import Session
from demo.upscale.uploads import clean_name
from demo.web.curve import curve_value
from demo.web.i18n import Language, duration, label_of, number, say
from sr import __version__
from sr.metrics.threshold import JUST_NOTICEABLE, indistinct_from
from sr.models.registry import network_scales

MARK = (
    '<svg class="mark" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true">'
    '<rect x="1" y="1" width="10" height="22" rx="2" opacity=".28"/>'
    '<path d="M13 1h4v4h-4zM19 1h2a2 2 0 0 1 2 2v2h-4zM13 7h4v4h-4zM19 7h4v4h-4z'
    'M13 13h4v4h-4zM19 13h4v4h-4zM13 19h4v4h-4zM19 19h4v2a2 2 0 0 1-2 2h-2z"/></svg>'
)
PICTURE = (
    '<svg class="picture" viewBox="0 0 48 48" width="44" height="44" aria-hidden="true"'
    ' fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round">'
    '<rect x="5" y="8" width="38" height="32" rx="4"/><circle cx="16" cy="19" r="3.4"/>'
    '<path d="m6 35 11-9 7 6 9-10 10 10"/></svg>'
)


def header_html(language: Language) -> str:
    """Name and tagline."""
    scales = " / ".join(f"{scale}×" for scale in sorted(network_scales()))
    tagline = escape(say(language, "tagline", scales=scales))
    return f'<div class="brand">{MARK}<h1>Nitidez</h1><p>{tagline}</p></div>'


def footer_html(language: Language, settings: Settings) -> str:
    """Privacy, version, licence, source."""
    source = ""
    if settings.source_url:
        address = escape(settings.source_url, quote=True)
        source = f'<a href="{address}" rel="noopener">{escape(say(language, "footer_source"))}</a>'
    return (
        f'<p class="privacy">{escape(say(language, "footer_privacy"))}</p><p class="links">'
        f"<span>{escape(say(language, 'footer_version', version=__version__))}</span>"
        f"<span>{escape(say(language, 'footer_licence'))}</span>"
        f"{source}"
        f'<a href="?view=api" data-api>{escape(say(language, "footer_api"))}</a></p>'
    )


def mode_hint_html(language: Language, mode: str, scale: int | None = None) -> str:
    """One sentence about the mode, at a scale; None is the page's first."""
    hint = say(language, f"mode_{mode}_hint", scale=scale or default_scale())
    return f"<p>{escape(hint)}</p>"


def samples_html(language: Language, chosen: str | None) -> str:
    """The examples as buttons."""
    buttons = []
    for name in SAMPLES:
        label = escape(say(language, f"example_{name}"))
        pressed = "true" if name == chosen else "false"
        buttons.append(
            f'<li><button type="button" data-sample="{name}" aria-pressed="{pressed}">'
            f'<img src="samples/{name}.jpg" alt="" width="192" height="129">'
            f"<span>{label}</span></button></li>"
        )
    return f"<ul>{''.join(buttons)}</ul>"


def picker_html(session: Session, language: Language, settings: Settings) -> str:
    """The place to choose a photo: large and inviting at first, one line afterwards."""
    choice = session.choice

    def text(key: str, **values: Any) -> str:
        return escape(say(language, key, **values))

    limits = text("picker_limits", megapixels=number_short(language, settings.max_megapixels))
    common = (
        f'<input type="file" tabindex="-1" aria-label="{text("picker")}"'
        ' accept="image/*,.tif,.tiff,.bmp,.webp,.avif,.heic,.heif">'
        f'<p class="overlay" aria-hidden="true">{text("picker_drop")}</p>'
        f'<p class="busy" role="status">{text("picker_busy")}</p>'
    )
    facts = f'data-turn="{session.turn}" data-max-bytes="{settings.max_upload_mb * 1_000_000}"'
    if choice is None:
        return (
            f'<section class="picker hero" {facts} aria-label="{text("picker")}">{common}'
            f"{problem_html(session, language)}"
            f'<div class="drop" data-choose>{PICTURE}'
            f'<p class="title"><span class="fine">{text("picker_title")}</span>'
            f'<span class="coarse">{text("picker_title_touch")}</span></p>'
            f'<p class="hint fine">{text("picker_hint")}</p>'
            f'<button type="button" class="solid" data-choose>{text("picker_choose")}</button>'
            f'<p class="limits">{limits}</p></div>'
            f'<div class="samples"><h2>{text("examples")}</h2>'
            f"{samples_html(language, None)}</div></section>"
        )
    label = say(language, f"example_{choice.sample}") if choice.sample else Path(choice.name).stem
    return (
        f'<section class="picker compact" {facts} aria-label="{text("picker")}">{common}'
        f"{problem_html(session, language)}"
        f'<div class="chosen"><p class="name">{escape(label)}</p>'
        f'<p class="sizes">{escape(sizes(session.job, language)) if session.job else ""}</p></div>'
        f'<button type="button" class="quiet" data-choose>{text("picker_other")}</button>'
        f'<div class="samples"><h2>{text("examples_short")}</h2>'
        f"{samples_html(language, choice.sample)}</div>"
        f"{notes_html(session.job, language)}</section>"
    )


def notes_html(job: Job | None, language: Language) -> str:
    """What there is to say of how the photo was taken."""
    notes = job.notes if job is not None else ()
    texts = (say(language, f"note_{note.kind}", **note.values) for note in notes)
    return "".join(f'<p class="note" role="note">{escape(text)}</p>' for text in texts)


def sizes(job: Job, language: Language) -> str:
    """The photo's size and what becomes of it."""
    height, width = job.height, job.width
    if job.reference_size is not None:
        return say(
            language,
            "sizes_test",
            width=job.reference_size[1],
            height=job.reference_size[0],
            small_width=width,
            small_height=height,
        )
    return say(
        language,
        "sizes_arrow",
        width=width,
        height=height,
        out_width=job.out_width,
        out_height=job.out_height,
    )


def number_short(language: Language, value: float) -> str:
    """A number without digits that say nothing: 4, 0.5."""
    digits = 0 if value == int(value) else 2 if value * 10 % 1 else 1
    return number(language, value, digits)


def status_html(session: Session, jobs: Jobs, language: Language) -> str:
    """What is going on, with how far and how long."""
    job = session.job
    if job is None:
        return ""
    if not job.is_finished:
        return progress_html(job, jobs, language)
    failed = [version.key for version in job.versions() if version.state == "failed"]
    if job.is_cancelled:
        text = say(language, "status_cancelled")
    elif failed:
        names = ", ".join(label_of(language, key) for key in failed)
        text = say(language, "status_done_failed", models=names)
    else:
        text = say(language, "status_done")
    notes = "".join(
        f'<p class="detail">{escape(say(language, "error_model", model=label, note=note))}</p>'
        for label, note in failures(job, language)
    )
    return f'<div class="status done"><p role="status">{escape(text)}</p>{notes}</div>'


def failures(job: Job, language: Language) -> list[tuple[str, str]]:
    """Label and reason of every version that failed."""
    return [
        (label_of(language, version.key), say(language, version.error or FAILED))
        for version in job.versions()
        if version.state == "failed"
    ]


def problem_html(session: Session, language: Language) -> str:
    """A message that stays until something else is chosen."""
    problem = session.problem
    if problem is None:
        return ""
    values = {
        name: number_short(language, value) if isinstance(value, (int, float)) else value
        for name, value in problem.values.items()
    }
    detail = problem.detail
    in_language = 'lang="en"'
    if problem.detail_key:
        detail = say(language, problem.detail_key, **values)
        in_language = f'lang="{language}"'
    shown = f'<p class="detail" {in_language}>{escape(detail)}</p>' if detail else ""
    return (
        f'<div class="problem" role="alert"><p><strong>'
        f"{escape(say(language, 'error_title'))}</strong> "
        f"{escape(say(language, problem.key, **values))}</p>{shown}</div>"
    )


def progress_html(job: Job, jobs: Jobs, language: Language) -> str:
    """Bar, what is being made, time left."""
    versions = [version for version in job.versions() if version.key != ORIGINAL]
    networks = [version for version in versions if not is_light(version.key)] or versions
    share = sum(1.0 if v.state in FINISHED else v.progress for v in networks) / len(networks)
    running = next((version for version in versions if version.state == "running"), None)
    ahead = jobs.num_ahead(job)
    if running is not None and running.progress > 0:
        percent = math.floor(running.progress * 100)
        what = say(
            language, "status_running", model=label_of(language, running.key), percent=percent
        )
    elif running is not None:
        key = "status_working" if is_light(running.key) else "status_preparing"
        what = say(language, key, model=label_of(language, running.key))
    elif all(version.state in FINISHED for version in versions):
        what = say(language, "status_measuring")
    elif ahead:
        what = say(language, "status_ahead_one" if ahead == 1 else "status_ahead", count=ahead)
    else:
        what = say(language, "status_waiting")
    seconds = jobs.seconds_left(job)
    left = ""
    if seconds is not None and seconds >= 1:
        left = say(language, "status_left", time=duration(language, math.ceil(seconds)))
    percent = math.floor(share * 100)
    return (
        f'<div class="status running"><div class="bar" role="progressbar" aria-valuemin="0"'
        f' aria-valuemax="100" aria-valuenow="{percent}" aria-label="{escape(what)}">'
        f'<i style="width:{share * 100:.1f}%"></i></div>'
        f'<p class="what">{escape(what)}</p><p class="left">{escape(left)}</p></div>'
    )


def took(version: Version, language: Language) -> str:
    """The time a version took."""
    if version.image is None or version.key == ORIGINAL:
        return ""
    time = duration(language, version.image.seconds)
    caption = say(language, "took_before" if version.cached else "took", time=time)
    if version.image.mended_share:
        percent = max(1, round(100 * version.image.mended_share))
        caption = say(language, "took_mended", took=caption, percent=percent)
    return caption


def panes(session: Session, language: Language) -> list[dict[str, Any]]:
    """What the viewer shows of the session's job."""
    job = session.job
    if job is None:
        return []
    result = []
    for version in job.versions():
        if version.state == "cancelled":
            continue
        failed = version.state == "failed"
        name = clean_name(session.choice.name if session.choice else "")
        result.append(
            {
                "key": version.key,
                "label": label_of(language, version.key),
                "caption": took(version, language),
                "url": version.image.url if version.image else None,
                "width": job.out_width,
                "height": job.out_height,
                "state": version.state,
                "progress": round(version.progress, 3),
                "seconds_left": version.seconds_left,
                "download_name": f"{name}_{version.key}.png",
                "message": say(language, version.error or FAILED) if failed else None,
            }
        )
    return result


def first_pair(job: Job | None) -> tuple[str, str] | None:
    """The versions that wipe and difference start with: an interpolation and the last network."""
    keys = [version.key for version in job.versions() if version.key != ORIGINAL] if job else []
    light = [key for key in keys if is_light(key)]
    networks = [key for key in keys if not is_light(key)]
    return (light[-1], networks[-1]) if light and networks else None


def curve_pairs(job: Job) -> list[tuple[str, str]]:
    """The pairs of versions that a curve compares: those that are ready, without nearest."""
    ready = [v.key for v in job.versions() if v.image is not None and v.key != "nearest"]
    return list(combinations(ready, 2))


def curve(session: Session, language: Language) -> dict[str, Any]:
    """What the curve under the viewer shows."""
    job = session.job
    if job is None or not job.is_finished or not curve_pairs(job):
        return curve_value("hidden")
    found = session.curves
    if found is None:
        return curve_value(session.curve_state, language=language)
    pairs = [
        {
            "a": label_of(language, a),
            "b": label_of(language, b),
            "differences": [round(value, 3) for value in differences],
            "from_ppd": indistinct_from(found.ppds, differences),
        }
        for (a, b), differences in found.differences.items()
    ]
    return curve_value(
        "ready",
        language=language,
        ppds=found.ppds,
        pairs=pairs,
        noticeable=JUST_NOTICEABLE,
        side_px=found.side_px,
    )


METRICS: tuple[tuple[str, str, int, bool], ...] = (
    ("psnr_y", "table_psnr", 2, True),
    ("ssim_y", "table_ssim", 4, True),
    ("lpips_alex", "table_lpips", 4, False),
)


def table_html(session: Session, language: Language) -> str:
    """The measurements of test mode, the best of each column marked; "" in the other mode."""
    job = session.job
    if job is None or job.reference_size is None:
        return ""
    versions = [version for version in job.versions() if version.key != ORIGINAL]
    best = {name: best_of(versions, name, higher) for name, _, _, higher in METRICS}
    mark = f'<span class="visually-hidden"> ({escape(say(language, "table_best"))})</span>'
    rows = []
    for version in versions:
        cells = [f'<th scope="row">{escape(label_of(language, version.key))}</th>']
        for name, _, digits, _ in METRICS:
            value = metric(version, name)
            if value is None:
                cells.append("<td>–</td>")
                continue
            text = "∞" if math.isinf(value) else number(language, value, digits)
            is_best = text_equals(value, best[name], digits)
            cells.append(f"<td><b>{text}</b>{mark}</td>" if is_best else f"<td>{text}</td>")
        time = "" if version.image is None else duration(language, version.image.seconds)
        cells.append(f"<td>{time or '–'}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    heads = "".join(
        f'<th scope="col">{escape(say(language, key))}</th>'
        for key in ("table_version", *(key for _, key, _, _ in METRICS), "table_time")
    )
    notes = [say(language, "table_note", scale=job.scale), *table_notes(versions, language)]
    return (
        f'<section class="table"><div class="scroll"><table>'
        f"<caption>{escape(say(language, 'table'))}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        + "".join(f"<p>{escape(note)}</p>" for note in notes)
        + "</section>"
    )


def table_notes(versions: list[Version], language: Language) -> list[str]:
    """Why a number is missing."""
    notes = []
    for version in versions:
        if version.state == "ready" and version.measured and version.measurement is None:
            label = label_of(language, version.key)
            notes.append(
                say(
                    language,
                    "table_failed",
                    model=label,
                    note=say(language, version.error or FAILED),
                )
            )
    missing = {
        version.measurement.note
        for version in versions
        if version.measurement is not None and version.measurement.lpips_alex is None
    }
    for note in sorted(note for note in missing if note):
        notes.append(say(language, "table_lpips_missing", note=say(language, note)))
    return notes


def metric(version: Version, name: str) -> float | None:
    """One number of a version's measurement, if there is one."""
    return None if version.measurement is None else getattr(version.measurement, name)


def best_of(versions: list[Version], name: str, higher_is_better: bool) -> float | None:
    """The best number of a column; None until there are two to compare."""
    values = [
        value for value in (metric(version, name) for version in versions) if value is not None
    ]
    if len(values) < 2:
        return None
    return max(values) if higher_is_better else min(values)


def text_equals(value: float, best: float | None, digits: int) -> bool:
    """Whether a number is shown as the best one is."""
    return best is not None and f"{value:.{digits}f}" == f"{best:.{digits}f}"

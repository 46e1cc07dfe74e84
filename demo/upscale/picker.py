"""The place where a photo is chosen, as HTML. Every value is escaped."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from demo.frames.panel import frame_html
from demo.photos.batch import MOST_PHOTOS
from demo.photos.problems import problem_html
from demo.photos.uploads import UploadLimits
from demo.upscale.options import advice_html, models_html, save_html
from demo.upscale.panels import batch_html, large_html
from demo.upscale.samples import SAMPLES
from demo.upscale.session import Session
from demo.web.i18n import Language, label_of, number_short, say, texts
from demo.work.choice import default_scale, network_scale
from demo.work.job import Job
from demo.work.pace import Pace

PICTURE = (
    '<svg class="picture" viewBox="0 0 48 48" width="44" height="44" aria-hidden="true"'
    ' fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round">'
    '<rect x="5" y="8" width="38" height="32" rx="4"/><circle cx="16" cy="19" r="3.4"/>'
    '<path d="m6 35 11-9 7 6 9-10 10 10"/></svg>'
)


def mode_hint_html(
    language: Language, mode: str, scale: int | None = None, *, by_width: bool = False
) -> str:
    """What the mode does at a scale, or to a width; a scale of None is the page's first."""
    scale = scale or default_scale()
    larger = network_scale(scale)
    hint = say(language, "width_hint" if by_width else f"mode_{mode}_hint", scale=scale)
    if larger != scale and not by_width:
        hint += " " + say(language, "reduced_hint", larger=larger)
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


def picker_html(
    session: Session, language: Language, limits: UploadLimits, pace: Pace | None = None
) -> str:
    """The place to choose a photo: large and inviting at first, one line afterwards."""
    choice, batch = session.choice, session.batch

    def text(key: str, **values: Any) -> str:
        return escape(say(language, key, **values))

    kinds = text("picker_limits", megapixels=number_short(language, limits.max_megapixels))
    common = (
        f'<input type="file" multiple tabindex="-1" aria-label="{text("picker")}"'
        ' accept="image/*,.tif,.tiff,.bmp,.webp,.avif,.heic,.heif,.mrc,.dv,.czi,.nd2,.lif">'
        f'<p class="overlay" aria-hidden="true">{text("picker_drop")}</p>'
        f'<p class="busy" role="status">{text("picker_busy")}</p>'
    )
    scale = session.scale if session.shot is None else "frame"  # whose models are remembered
    facts = (
        f'data-scale="{scale}" data-turn="{session.turn}"'
        f' data-max-bytes="{limits.max_upload_mb * 1_000_000}"'
        f' data-most="{MOST_PHOTOS}" data-sending="{escape(texts(language)["batch_sending"])}"'
    )
    if choice is None and batch is None:
        return (
            f'<section class="picker hero" {facts} aria-label="{text("picker")}">{common}'
            f"{problem_html(session.problem, language)}"
            f'<div class="drop" data-choose>{PICTURE}'
            f'<p class="title"><span class="fine">{text("picker_title")}</span>'
            f'<span class="coarse">{text("picker_title_touch")}</span></p>'
            f'<p class="hint fine">{text("picker_hint")}</p>'
            f'<p class="hint">{text("picker_several")}</p>'
            f'<button type="button" class="solid" data-choose>{text("picker_choose")}</button>'
            f'<p class="limits">{kinds}</p></div>'
            f'<div class="samples"><h2>{text("examples")}</h2>'
            f"{samples_html(language, None)}</div></section>"
        )
    sample = choice.sample if choice is not None else None
    label = Path(choice.name).stem if choice is not None else ""
    if batch is not None:
        label = say(language, "batch_count", count=len(batch.items))
    elif sample is not None:
        label = say(language, f"example_{sample}")
    several = ""
    if batch is not None:
        looked_at = str(choice.path) if choice is not None else None
        is_test = session.mode == "test"
        several = batch_html(batch, session.save, looked_at, language, is_test=is_test)
    scope = ""
    if session.shot is not None:
        scope = frame_html(session.shot, session.look, session.job, language)
    return (
        f'<section class="picker compact" {facts} aria-label="{text("picker")}">{common}'
        f"{problem_html(session.problem, language)}"
        f'<div class="chosen"><p class="name">{escape(label)}</p>'
        f'<p class="sizes">{escape(sizes(session, language))}</p></div>'
        f'<button type="button" class="quiet" data-choose>{text("picker_other")}</button>'
        f"{models_html(session, language, pace)}"
        f"{save_html(session.save, language) if session.shot is None else ''}"
        f'<div class="samples"><h2>{text("examples_short")}</h2>'
        f"{samples_html(language, sample)}</div>"
        f'<div class="notes">{notes_html(session.job, language)}'
        f"{advice_html(session, language)}</div>"
        f"{scope}"
        f"{large_html(session.large, language) if session.large else ''}"
        f"{several}</section>"
    )


def notes_html(job: Job | None, language: Language) -> str:
    """What there is to say of how the photo was taken, and of what networks made of it."""
    notes = job.notes if job is not None else ()
    again = (
        ' <button type="button" class="link" data-fit="again">'
        f"{escape(say(language, 'large_again'))}</button>"
    )
    shown = []
    for note in notes:
        text = escape(say(language, f"note_{note.kind}", **note.values))
        is_choice = note.kind in ("part", "reduced") and job is not None and not job.reference_key
        shown.append(f'<p class="note" role="note">{text}{again if is_choice else ""}</p>')
    for version in job.versions() if job is not None else ():
        for note in version.image.notes if version.image is not None else ():
            if note.kind == "enlarged_first":
                continue  # its pane says so
            text = say(language, f"note_{note.kind}", **note.values)
            label = label_of(language, version.key)
            text = escape(say(language, "note_of_model", model=label, note=text))
            shown.append(f'<p class="note" role="note">{text}</p>')
    return "".join(shown)


def sizes(session: Session, language: Language) -> str:
    """The photo's size and what becomes of it."""
    job, large = session.job, session.large
    if large is not None:
        return say(language, "sizes", width=large.width, height=large.height)
    if job is None:
        return ""
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

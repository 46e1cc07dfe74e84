"""What can be chosen beside a photo: its models, and what there is to say of which fit."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from html import escape

from demo.upscale.session import Session
from demo.web.i18n import Language, duration, label_of, say
from demo.work.choice import (
    between_steps,
    chosen_frame_models,
    chosen_models,
    fitting_models,
    frame_models,
    purpose_of,
)
from demo.work.job import Job
from demo.work.pace import Pace
from demo.work.saving import SaveAs
from sr.images.writing import FORMATS
from sr.metrics.condition import BLOCKS_SEEN, NOISE_SEEN, QUALITY_SEEN, Condition
from sr.models.entries.model import Model
from sr.models.registry import model_info, models_of_scale


def models_html(session: Session, language: Language, pace: Pace | None) -> str:
    """The models of the scale as a list that opens, each with what there is to know of it. Those
    for photographs are not offered for a microscope's frame.
    """
    if session.shot is not None:
        names = chosen_frame_models(session.frame_models)
        rows = "".join(
            model_html(model, language, pace, session.job, is_chosen=model.name in names)
            for model in frame_models()
        )
        why = escape(say(language, "frame_no_photo_models"))
        label = say(language, "models_chosen", count=len(names))
        rows += f'<p class="for">{why}</p>'
        return option_html("models", label, say(language, "models"), rows)
    chosen = chosen_models(session.scale, session.models.get(session.scale, ()))
    rows = "".join(
        model_html(model, language, pace, session.job, is_chosen=model.name in chosen)
        for model in models_of_scale(session.scale)
    )
    rows += between_html(session, language, pace, chosen)
    label = say(language, "models_chosen", count=len(chosen))
    return option_html("models", label, say(language, "models"), rows)


def between_html(
    session: Session, language: Language, pace: Pace | None, chosen: Sequence[str]
) -> str:
    """One model between two, and a slider that says how far between; "" where there is none."""
    steps = [model_info(name) for name in between_steps(session.scale)]
    if not steps:
        return ""
    at = next((i for i, step in enumerate(steps) if step.name in chosen), None)
    step = steps[len(steps) // 2 if at is None else at]
    first, last = (label_of(language, end) for end in step.between or ())
    names = escape(json.dumps([[one.name, label_of(language, one.name)] for one in steps]))
    return (
        model_html(step, language, pace, session.job, is_chosen=at is not None)
        + f'<div class="between"><span aria-hidden="true">{escape(first)}</span>'
        f'<input type="range" min="0" max="{len(steps) - 1}" value="{steps.index(step)}"'
        f' data-share="steps" data-steps="{names}"'
        f' aria-label="{escape(say(language, "between_share", first=first, last=last))}"'
        f' aria-valuetext="{escape(label_of(language, step.name))}">'
        f'<span aria-hidden="true">{escape(last)}</span></div>'
    )


def save_html(save: SaveAs, language: Language) -> str:
    """How results are saved, as a list that opens."""
    rows = "".join(
        f'<label class="model"><input type="radio" name="save" data-save="{kind}"'
        f"{' checked' if kind == save.kind else ''}>"
        f'<span class="title">{SaveAs(kind).title}</span>'
        f'<span class="for">{escape(say(language, f"save_{kind}"))}</span></label>'
        for kind in FORMATS
    )
    disabled = "" if FORMATS[save.kind].has_quality else " disabled"
    rows += (
        f'<label class="quality">{escape(say(language, "save_quality"))}'
        f' <input type="number" data-quality min="1" max="100" step="1" inputmode="numeric"'
        f' value="{save.quality}"{disabled}></label>'
    )
    label = say(language, "save_as", kind=save.title)
    return option_html("save", label, say(language, "save"), rows)


def option_html(name: str, label: str, title: str, rows: str) -> str:
    """A button, and the list that it opens."""
    return (
        f'<div class="option"><button type="button" class="quiet" data-open="{name}"'
        f' aria-expanded="false" aria-controls="panel-{name}">{escape(label)}</button>'
        f'<div class="panel" id="panel-{name}" data-panel="{name}" role="group"'
        f' aria-label="{escape(title)}">{rows}</div></div>'
    )


def model_html(
    model: Model, language: Language, pace: Pace | None, job: Job | None, *, is_chosen: bool
) -> str:
    """One model: a box to tick, its name, facts, and what it is for."""
    facts = [f"{model.scale}×", model.licence] if model.network else []
    if model.network and pace is not None and job is not None:
        seconds = pace.expected(model.name, job.out_height * job.out_width)
        if seconds is not None and seconds >= 1:
            time = duration(language, math.ceil(seconds))
            facts.append(say(language, "model_seconds", time=time))
    what_for = say(language, f"for_{purpose_of(model)}", domain=model.domain)
    return (
        f'<label class="model"><input type="checkbox" data-model="{escape(model.name)}"'
        f"{' checked' if is_chosen else ''}>"
        f'<span class="title">{escape(label_of(language, model.name))}</span>'
        f'<span class="facts">{escape(" · ".join(facts))}</span>'
        f'<span class="for">{escape(what_for)}</span></label>'
    )


def advice(condition: Condition, scale: int, language: Language) -> str:
    """One sentence: what can be seen of the photo's past, and which models fit it; "" where no
    model of the scale does.
    """
    models = fitting_models(condition, scale)
    if not models:
        return ""
    names = [label_of(language, model_info(name).name) for name in models]
    joined = names[-1]
    if len(names) > 1:
        first = ", ".join(names[:-1])
        joined = say(language, "list_and", first=first, last=names[-1])
    return say(language, "advice", why=seen(condition, language), models=joined)


def seen(condition: Condition, language: Language) -> str:
    """What can be seen of a photo's past, as the beginning of a sentence."""
    if condition.kind in ("drawn", "clean"):
        return say(language, f"seen_{condition.kind}")
    found = []
    quality = condition.jpeg_quality
    if quality is not None and quality < QUALITY_SEEN:
        found.append(say(language, "seen_quality", quality=quality))
    elif condition.blockiness > BLOCKS_SEEN:
        found.append(say(language, "seen_blocks"))
    if condition.noise_levels > NOISE_SEEN:
        found.append(say(language, "seen_noise"))
    text = ", ".join(found)
    return text[:1].upper() + text[1:]


def advice_html(session: Session, language: Language) -> str:
    """The sentence, and a way to follow it where a model that fits is not chosen."""
    condition, scale = session.condition, session.scale
    if condition is None:
        return ""
    text = advice(condition, scale, language)
    if not text:
        return ""
    chosen = chosen_models(scale, session.models.get(scale, ()))
    missing = [name for name in fitting_models(condition, scale) if name not in chosen]
    button = ""
    if missing:
        add = escape(say(language, "advice_add"))
        button = (
            f' <button type="button" class="link" data-add="{" ".join(missing)}">{add}</button>'
        )
    return f'<p class="note" role="note">{escape(text)}{button}</p>'

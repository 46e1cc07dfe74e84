"""What can be chosen beside a photo: its models, and what there is to say of which fit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import gradio as gr

from demo.upscale.session import MODES, OWN_WIDTH, USUAL_WIDTH, Session
from demo.web.i18n import Language, duration, label_of, say
from demo.work.choice import (
    between_steps,
    default_scale,
    fitting_models,
    frame_models,
    offered_models,
    other_models,
    page_scales,
    purpose_of,
)
from demo.work.job import Job
from demo.work.pace import Pace
from demo.work.saving import SaveAs
from sr.images.writing import FORMATS
from sr.metrics.condition import BLOCKS_SEEN, NOISE_SEEN, QUALITY_SEEN, Condition
from sr.models.entries.model import Model
from sr.models.registry import model_info


def models_html(session: Session, language: Language, pace: Pace | None) -> str:
    """The models of the scale as a list that opens, each with what there is to know of it. Those
    for photographs are not offered for a microscope's frame.
    """
    chosen = session.chosen()

    def listed(models: Iterable[Model]) -> str:
        return "".join(
            model_html(model, language, pace, session.job, is_chosen=model.name in chosen)
            for model in models
        )

    if session.shot is not None:
        why = escape(say(language, "frame_no_photo_models"))
        rows = f'{listed(frame_models())}<p class="for">{why}</p>'
    else:
        between = between_html(session, language, pace, chosen)
        rows = listed(offered_models(session.scale)) + between
        others = [] if session.mode == "test" else other_models(session.scale)
        if others:
            title = escape(say(language, "models_other"))
            rows += f'<p class="others">{title}</p>{listed(others)}'
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
    if job is not None and model.network and job.reduced_to(model.name):
        facts[0] = say(language, "model_reduced", scale=model.scale)
    if model.network and pace is not None and job is not None:
        seconds = pace.expected(model.name, job.num_pixels(model.name))
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
    chosen = session.chosen()
    missing = [name for name in fitting_models(condition, scale) if name not in chosen]
    button = ""
    if missing:
        add = escape(say(language, "advice_add"))
        button = (
            f' <button type="button" class="link" data-add="{" ".join(missing)}">{add}</button>'
        )
    return f'<p class="note" role="note">{escape(text)}{button}</p>'


def scale_choices(own_width: Any) -> list[tuple[Any, int]]:
    """The factors, and behind them a width of one's own, in the words given."""
    return [*((f"{number}×", number) for number in page_scales()), (own_width, OWN_WIDTH)]


def mode_choices(i18n: gr.I18n) -> list[tuple[Any, str]]:
    """The two modes, named in the browser's language."""
    return [(i18n(f"mode_{name}"), name) for name in MODES]


def build_controls(i18n: gr.I18n) -> tuple[gr.Radio, gr.HTML, gr.Radio, gr.Number]:
    """What to do with a photo, a sentence on that, how large results are, and a width of one's own
    in the place of a scale.
    """
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
        scale = gr.Radio(
            scale_choices(i18n("own_width")),
            value=default_scale(),
            label=i18n("scale"),
            show_label=False,
            container=False,
            elem_id="scale",
            elem_classes="segmented",
        )
        width = gr.Number(
            USUAL_WIDTH,
            label=i18n("width"),
            show_label=False,
            precision=0,
            visible=False,
            elem_id="width",
            min_width=120,
            scale=0,
        )
    return mode, mode_hint, scale, width

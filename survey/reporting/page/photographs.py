"""The photographs of a study as a report shows them: crops at full size, and scores of each."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from survey.reporting.page.words import LANGUAGES, Labels, Language, method_name, number, say
from survey.study.study import Study

CROP_PX = 144  # a side of what is shown of each version, at its own size
QUALITY = 92  # of JPEG, for the report only; raters saw PNG


@dataclass(frozen=True)
class Photograph:
    """One photograph: its name, and a crop of each version by method, as JPEG."""

    id: str
    name: str
    crops: Mapping[str, bytes]


def photographs_of(study: Study) -> list[Photograph]:
    """The photographs that count, the middle of each version cut out at its own size."""
    return [
        Photograph(
            image.id,
            image.name,
            {m: _middle(study, image.versions[m].id) for m in image.versions},
        )
        for image in study.main
    ]


def _middle(study: Study, version: str) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    with Image.open(study.path(version)) as picture:
        left, top = ((side - min(side, CROP_PX)) // 2 for side in picture.size)
        box = left, top, left + min(CROP_PX, picture.width), top + min(CROP_PX, picture.height)
        picture.crop(box).convert("RGB").save(content, "JPEG", quality=QUALITY, subsampling=0)
    return content.getvalue()


def gallery(
    photographs: Sequence[Photograph],
    means: Mapping[tuple[str, str], tuple[float, float, float]],
    order: Sequence[str],
    labels: Labels,
) -> str:
    """All photographs, for both languages: pictures once, words in each.

    Args:
        means: mean score and the ends of its interval, by image and method.
        order: of the methods.
    """
    if not photographs:
        return ""
    parts = [_both("h2", lambda each: say(each, "heading_photographs"), "photographs")]
    parts.append(_both("p", lambda each: say(each, "photographs_text", side=CROP_PX)))
    in_order = sorted(photographs, key=lambda one: one.id)  # as the figure by photograph has them
    for number_of, photograph in enumerate(in_order, start=1):
        shown = [method for method in order if method in photograph.crops]
        figures = "".join(
            _figure(photograph, method, means.get((photograph.id, method)), labels)
            for method in shown
        )
        title = f"{number_of}. {escape(photograph.name)}"
        shown_at = f'<h3>{title}</h3><div class="versions">{figures}</div>'
        parts.append(f'<div class="photograph">{shown_at}</div>')
    return f'<div class="photographs">{"".join(parts)}</div>'


def _figure(
    photograph: Photograph,
    method: str,
    mean: tuple[float, float, float] | None,
    labels: Labels,
) -> str:
    data = base64.b64encode(photograph.crops[method]).decode("ascii")

    def words(language: Language) -> str:
        name = method_name(language, method, labels)
        if mean is None or math.isnan(mean[0]):
            return name
        if math.isnan(mean[1]):
            return f"{name}: {number(language, mean[0])}"
        low, high = (number(language, end) for end in mean[1:])
        return f"{name}: {number(language, mean[0])} ({low}–{high})"

    title = escape(f"{photograph.name}, {method}")
    return (
        f'<figure><img alt="{title}" src="data:image/jpeg;base64,{data}">'
        f"{_both('figcaption', words)}</figure>"
    )


def _both(tag: str, words: Callable[[Language], str], name: str = "") -> str:
    """Words in both languages; `name` is what links lead to."""

    def place(language: Language) -> str:
        return f' id="{language}-{name}"' if name else ""

    return "".join(
        f'<{tag} lang="{each}"{place(each)}>{escape(words(each))}</{tag}>' for each in LANGUAGES
    )

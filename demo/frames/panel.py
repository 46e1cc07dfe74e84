"""What the page says of a microscope's frame, and how it is to be shown. Every value is escaped."""

from __future__ import annotations

from html import escape

from demo.frames.look import Look
from demo.frames.taking import Shot
from demo.web.i18n import Language, number, say
from demo.work.job import Job
from sr.microscopy.files.stack import MEAN
from sr.microscopy.files.stretch import HIGH_SHOWN, LOW_SHOWN, LUTS

BITS = {"uint8": "frame_bits_8", "uint16": "frame_bits_16", "int16": "frame_bits_16"}


def frame_html(shot: Shot, look: Look, job: Job | None, language: Language) -> str:
    """Facts, which frame of a stack, table of colours and limits, and what to beware of."""

    def text(key: str, **values: object) -> str:
        return escape(say(language, key, **values))

    photo = ""
    if shot.can_be_photo:
        photo = (
            ' <button type="button" class="link" data-scope="photo">'
            f"{text('frame_is_photo')}</button>"
        )
    return (
        f'<section class="scope" aria-label="{text("frame")}">'
        f'<p class="facts">{escape(facts(shot, job, language))}{photo}</p>'
        f'<div class="controls">{number_html(shot, language)}{lut_html(look, language)}'
        f"{limits_html(look, job, shot, language)}</div>"
        f'<p class="note" role="note">{text("frame_shared")} {text("frame_saved")}</p>'
        f'<p class="note warning" role="note">{text("frame_warning")}</p></section>'
    )


def facts(shot: Shot, job: Job | None, language: Language) -> str:
    """What the file says: kind of numbers, size of a pixel, which frame."""
    said = [say(language, "frame"), say(language, BITS.get(shot.kind, "frame_bits_float"))]
    if shot.pixel_um is None:
        said.append(say(language, "frame_pixel_unknown"))
    else:
        values = {"pixel": nanometres(shot.pixel_um, language)}
        key = "frame_pixel"
        if job is not None:
            key = "frame_pixel_both"
            values["enlarged"] = nanometres(shot.pixel_um / job.scale, language)
        said.append(say(language, key, **values))
    return " · ".join(said)


def nanometres(um: float, language: Language) -> str:
    """The side of a pixel with as many digits as say something."""
    nm = 1000 * um
    return number(language, nm, 0 if nm >= 1000 or abs(nm - round(nm)) < 0.05 else 1)


def number_html(shot: Shot, language: Language) -> str:
    """Which frame of a stack; "" where there is one."""
    if shot.count == 1:
        return ""
    options = [(MEAN, say(language, "frame_mean"))]
    options += [
        (str(i), say(language, "frame_of", number=i, count=shot.count))
        for i in range(1, shot.count + 1)
    ]
    return select_html("frame", say(language, "frame_number"), options, shot.number)


def lut_html(look: Look, language: Language) -> str:
    """The table of colours."""
    options = [(lut, say(language, f"lut_{lut}")) for lut in LUTS]
    return select_html("lut", say(language, "frame_lut"), options, look.lut)


def select_html(name: str, label: str, options: list[tuple[str, str]], chosen: str) -> str:
    """A label and its list."""
    rows = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(title)}</option>"
        for value, title in options
    )
    return f'<label>{escape(label)} <select data-scope="{name}">{rows}</select></label>'


def limits_html(look: Look, job: Job | None, shot: Shot, language: Language) -> str:
    """From which count to which is shown, and a way back to what the pictures say."""
    limits = look.limits_for(job)
    if limits is None:
        return ""
    is_whole = shot.kind in BITS and limits.span > 10
    said = ("low", "frame_low", limits.low), ("high", "frame_high", limits.high)
    fields = " – ".join(
        f'<input type="number" step="any" inputmode="decimal" data-scope="{name}"'
        f' value="{round(value) if is_whole else f"{value:.6g}"}"'
        f' aria-label="{escape(say(language, key))}">'
        for name, key, value in said
    )
    percentiles = {"low": number(language, LOW_SHOWN, 1), "high": number(language, HIGH_SHOWN, 1)}
    automatic = say(language, "frame_auto", **percentiles)
    if look.limits is None:
        after = f'<span class="hint">{escape(automatic)}</span>'
    else:
        after = (
            '<button type="button" class="link" data-scope="auto">'
            f"{escape(say(language, 'frame_auto_again', **percentiles))}</button>"
        )
    label = escape(say(language, "frame_limits"))
    return f'<span class="limits">{label} {fields} {after}</span>'

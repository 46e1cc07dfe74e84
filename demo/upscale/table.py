"""The measurements of test mode, as a table."""

from __future__ import annotations

import math
from html import escape

from demo.upscale.session import Session
from demo.web.i18n import Language, duration, label_of, number, say
from demo.work.job import FAILED, ORIGINAL, Version

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
    title = escape(say(language, "table"))
    return (
        f'<section class="table"><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{title}"><table><caption>{title}</caption>'
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

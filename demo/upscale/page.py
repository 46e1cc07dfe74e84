"""How the work goes: status, panes of the viewer, the curve under it. Every value is escaped."""

from __future__ import annotations

import math
from html import escape
from itertools import combinations
from typing import Any

from demo.frames.look import frame_pane
from demo.photos.batch import Batch
from demo.photos.uploads import clean_name
from demo.upscale.session import Session, pane_of
from demo.web.curve import curve_value
from demo.web.i18n import Language, duration, label_of, say
from demo.work.choice import is_light
from demo.work.job import FAILED, FINISHED, ORIGINAL, Job, Version, is_quick
from demo.work.jobs import Jobs
from sr.metrics.threshold import JUST_NOTICEABLE, indistinct_from


def status_html(session: Session, jobs: Jobs, language: Language) -> str:
    """What is going on, with how far and how long."""
    job = session.job
    batch = session.batch
    if batch is not None and not batch.is_finished and (job is None or job.is_finished):
        return batch_status_html(batch, language)
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
    seconds = jobs.pace.seconds_left(job)
    left = ""
    if seconds is not None and seconds >= 1:
        left = say(language, "status_left", time=duration(language, math.ceil(seconds)))
    return bar_html(share, what, left)


def bar_html(share: float, what: str, left: str) -> str:
    """A bar, what is being done, and how long it will take."""
    percent = math.floor(share * 100)
    return (
        f'<div class="status running"><div class="bar" role="progressbar" aria-valuemin="0"'
        f' aria-valuemax="100" aria-valuenow="{percent}" aria-label="{escape(what)}">'
        f'<i style="width:{share * 100:.1f}%"></i></div>'
        f'<p class="what">{escape(what)}</p><p class="left">{escape(left)}</p></div>'
    )


def batch_status_html(batch: Batch, language: Language) -> str:
    """How far the work on several photos is."""
    done = sum(item.state not in ("waiting", "running") for item in batch.items)
    what = say(language, "batch_running", number=done + 1, count=len(batch.items))
    left = ""
    if batch.seconds_left is not None and batch.seconds_left >= 1:
        left = say(language, "status_left", time=duration(language, math.ceil(batch.seconds_left)))
    return bar_html(batch.share, what, left)


def took(version: Version, language: Language) -> str:
    """The time a version took."""
    if version.image is None or version.key == ORIGINAL:
        return ""
    time = duration(language, version.image.seconds)
    caption = say(language, "took_before" if version.cached else "took", time=time)
    if version.image.mended_share:
        percent = max(1, round(100 * version.image.mended_share))
        caption = say(language, "took_mended", took=caption, percent=percent)
    for note in version.image.notes:
        if note.kind == "enlarged_first":
            caption = say(language, "took_reduced", took=caption, width=note.values["width"])
    return caption


def panes(session: Session, language: Language) -> list[dict[str, Any]]:
    """What the viewer shows of the session's job."""
    job = session.job
    if job is None:
        return []
    result = []
    shot, limits = session.shot, session.look.limits_for(job)
    scales = {job.scale_of(v.key) for v in job.versions() if not is_quick(v.key)}
    for version in job.versions():
        if version.state == "cancelled":
            continue
        width, height = job.size_of(version.key)
        how = session.save.for_size(width, height)
        label, caption = label_of(language, version.key), took(version, language)
        if len(scales) > 1 and not is_quick(version.key):
            label = f"{label} {job.scale_of(version.key)}×"
        if caption and width != job.out_width:
            caption = say(language, "took_size", took=caption, width=width, height=height)
        failed = version.state == "failed"
        name = clean_name(session.choice.name if session.choice else "")
        image = version.image
        files: dict[str, Any] = {"suffix": how.suffix}
        if shot is None and image is not None:
            files |= {"url": image.url, "download_url": how.address(image.token)}
        elif shot is not None and image is not None and limits is not None:
            files |= frame_pane(image, session.look, limits, shot.is_ome)
        if shot is not None and shot.pixel_um is not None:
            files["pixel_um"] = shot.pixel_um / job.scale
        suffix = files.pop("suffix")
        result.append(
            {
                **files,
                "key": pane_of(version.key),
                "label": label,
                "caption": caption,
                "width": width,
                "height": height,
                "state": version.state,
                "progress": round(version.progress, 3),
                "seconds_left": version.seconds_left,
                "download_name": f"{name}_{version.key}{suffix}",
                "message": say(language, version.error or FAILED) if failed else None,
            }
        )
    return result


def set_of(session: Session) -> str:
    """What a picture's zoom, place and choices belong to: they stay when models are added."""
    job = session.job
    if job is None:
        return f"{session.turn}"
    return f"{job.key}-{job.reference_key}-{job.out_width}"


def first_pair(job: Job | None) -> tuple[str, str] | None:
    """The versions that wipe and difference start with: an interpolation and the last network."""
    keys = [version.key for version in job.versions() if version.key != ORIGINAL] if job else []
    light = [key for key in keys if is_light(key)]
    networks = [key for key in keys if not is_light(key)]
    return (light[-1], networks[-1]) if light and networks else None


def curve_pairs(job: Job) -> list[tuple[str, str]]:
    """The pairs of versions that a curve compares: those that are ready and of one size, without
    nearest.
    """
    ready = [v.key for v in job.versions() if v.image is not None and v.key != "nearest"]
    return [(a, b) for a, b in combinations(ready, 2) if job.size_of(a) == job.size_of(b)]


def curve(session: Session, language: Language) -> dict[str, Any]:
    """What the curve under the viewer shows."""
    job = session.job
    if job is None or session.shot is not None or not job.is_finished or not curve_pairs(job):
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

"""What the page shows before there is a picture to compare: a photo that is too large, or many."""

from __future__ import annotations

from html import escape

from demo.photos.batch import MOST_PHOTOS, Batch, Item
from demo.photos.fitting import Large, reduced_size
from demo.web.i18n import Language, number, number_short, say, texts
from demo.work.saving import SaveAs


def large_html(large: Large, language: Language) -> str:
    """The photo with a frame on it that says which part to enlarge, and the other way: reducing
    all of it.
    """
    wide, tall = reduced_size(large.width, large.height, large.max_megapixels)
    megapixels = number(language, large.width * large.height / 1e6, 1)
    limit = number_short(language, large.max_megapixels)
    said = texts(language)["large_said"]  # whose values the browser knows
    size = {"width": number(language, wide), "height": number(language, tall)}
    reduce = (
        f'<button type="button" class="quiet" data-fit="reduced">'
        f"{escape(say(language, 'large_reduce', **size))}</button>"
    )
    corners = "".join(f'<i data-corner="{corner}"></i>' for corner in ("nw", "ne", "sw", "se"))
    return (
        f'<section class="large" data-width="{large.width}" data-height="{large.height}"'
        f' data-most="{round(large.max_megapixels * 1e6)}" data-said="{escape(said)}"'
        f' data-photo="{escape(large.preview_url)}">'
        f'<div class="ways"><p><strong>'
        f"{escape(say(language, 'large', megapixels=megapixels, limit=limit))}</strong></p>"
        f'<p class="hint">{escape(say(language, "large_hint"))}'
        f' <span class="fine">{escape(say(language, "large_keys"))}</span></p>'
        f'<p class="frame-said" aria-live="polite"></p>'
        f'<button type="button" class="solid" data-fit="part">'
        f"{escape(say(language, 'large_part'))}</button>"
        f"{reduce if large.can_be_reduced else ''}</div>"
        f'<figure style="aspect-ratio: {large.width} / {large.height};'
        f' --ratio: {large.width / large.height:.4f}">'
        f'<img src="{escape(large.preview_url)}" alt="" draggable="false">'
        f'<div class="frame" tabindex="0" role="slider" aria-orientation="horizontal"'
        f' aria-label="{escape(say(language, "large_frame"))}"'
        f' aria-valuemin="0" aria-valuemax="100" aria-valuenow="50">{corners}</div>'
        f"</figure></section>"
    )


def batch_html(
    batch: Batch, save: SaveAs, looked_at: str | None, language: Language, *, is_test: bool = False
) -> str:
    """Several photos, how far each is, and the zip of all results.

    Args:
        looked_at: path of the one whose versions are shown.
        is_test: whether the models are to be tested, which is for one photo.
    """
    num_ready = len(batch.results())
    link = ""
    if num_ready:
        key = "batch_download" if batch.is_finished else "batch_download_so_far"
        link = (
            f'<a class="solid" download="nitidez.zip" href="{save.zip_address(batch.token)}">'
            f"{escape(say(language, key, count=num_ready))}</a>"
        )
    left_out = ""
    if batch.num_left_out:
        text = say(language, "batch_left_out", most=MOST_PHOTOS, count=batch.num_left_out)
        left_out = f'<p class="note">{escape(text)}</p>'
    if is_test:
        left_out += f'<p class="note">{escape(say(language, "batch_no_test"))}</p>'
    rows = "".join(
        item_html(item, index, str(item.path) == looked_at, language)
        for index, item in enumerate(batch.items)
    )
    return (
        f'<section class="batch" data-size="{len(batch.items)}">{link}{left_out}'
        f'<ol tabindex="0" aria-label="{escape(say(language, "batch"))}">{rows}</ol></section>'
    )


def item_html(item: Item, index: int, is_shown: bool, language: Language) -> str:
    """One photo of several."""
    if item.problem is not None:
        values = {
            name: number_short(language, value) if isinstance(value, int | float) else value
            for name, value in item.problem.values.items()
        }
        state = say(language, item.problem.key, **values)
    else:
        state = say(language, f"item_{item.state}")
        job = item.job
        if job is not None and item.state == "ready":
            size = {"out_width": job.out_width, "out_height": job.out_height}
            state = say(language, "sizes_arrow", width=job.width, height=job.height, **size)
    button = ""
    if item.state == "ready":
        button = (
            f'<button type="button" class="link" data-look="{index}"'
            f' aria-pressed="{"true" if is_shown else "false"}">'
            f"{escape(say(language, 'item_look'))}</button>"
        )
    return (
        f'<li class="{item.state}"><span class="title">{escape(item.name)}</span>'
        f'<span class="state">{escape(state)}</span>{button}</li>'
    )

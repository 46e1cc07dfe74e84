"""What the page shows before there is a picture to compare: a photo that is too large."""

from __future__ import annotations

from html import escape

from demo.photos.fitting import Large, reduced_size
from demo.web.i18n import Language, number, number_short, say, texts


def large_html(large: Large, language: Language) -> str:
    """The photo with a frame on it that says which part to enlarge, and the other way: reducing
    all of it.
    """
    wide, tall = reduced_size(large.width, large.height, large.max_megapixels)
    megapixels = number(language, large.width * large.height / 1e6, 1)
    limit = number_short(language, large.max_megapixels)
    said = texts(language)["large_said"]  # whose values the browser knows
    size = {"width": number(language, wide), "height": number(language, tall)}
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
        f'<button type="button" class="quiet" data-fit="reduced">'
        f"{escape(say(language, 'large_reduce', **size))}</button></div>"
        f'<figure style="aspect-ratio: {large.width} / {large.height};'
        f' --ratio: {large.width / large.height:.4f}">'
        f'<img src="{escape(large.preview_url)}" alt="" draggable="false">'
        f'<div class="frame" tabindex="0" role="slider" aria-orientation="horizontal"'
        f' aria-label="{escape(say(language, "large_frame"))}"'
        f' aria-valuemin="0" aria-valuemax="100" aria-valuenow="50">{corners}</div>'
        f"</figure></section>"
    )

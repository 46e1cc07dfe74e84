"""What stands above and below the tabs."""

from __future__ import annotations

from html import escape

from demo.web.i18n import Language, say
from sr import __version__
from sr.models.registry import network_scales

MARK = (
    '<svg class="mark" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true">'
    '<rect x="1" y="1" width="10" height="22" rx="2" opacity=".28"/>'
    '<path d="M13 1h4v4h-4zM19 1h2a2 2 0 0 1 2 2v2h-4zM13 7h4v4h-4zM19 7h4v4h-4z'
    'M13 13h4v4h-4zM19 13h4v4h-4zM13 19h4v4h-4zM19 19h4v2a2 2 0 0 1-2 2h-2z"/></svg>'
)


def header_html(language: Language) -> str:
    """Name and tagline."""
    scales = " / ".join(f"{scale}×" for scale in sorted(network_scales()))
    tagline = escape(say(language, "tagline", scales=scales))
    return f'<div class="brand">{MARK}<h1>Nitidez</h1><p>{tagline}</p></div>'


def footer_html(language: Language, source_url: str) -> str:
    """Privacy, version, licence, source; "" as its address shows no link."""
    source = ""
    if source_url:
        address = escape(source_url, quote=True)
        source = f'<a href="{address}" rel="noopener">{escape(say(language, "footer_source"))}</a>'
    return (
        f'<p class="privacy">{escape(say(language, "footer_privacy"))}</p><p class="links">'
        f"<span>{escape(say(language, 'footer_version', version=__version__))}</span>"
        f"<span>{escape(say(language, 'footer_licence'))}</span>"
        f"{source}"
        f'<a href="?view=api" data-api>{escape(say(language, "footer_api"))}</a></p>'
    )

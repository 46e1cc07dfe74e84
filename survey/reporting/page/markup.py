"""Pieces of a report's HTML: headings, paragraphs, figures, tables, and the style of all."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from survey.reporting.page.words import Language, say

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 0 auto;
  max-width: 62rem; padding: 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ccc; }
img { max-width: 100%; height: auto; }
.table { overflow-x: auto; margin: 1rem 0; } table { border-collapse: collapse; }
caption { text-align: left; font-style: italic; padding-bottom: .3rem; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #e3e3e3; }
th:first-child, td:first-child { text-align: left; }
.versions { display: flex; flex-wrap: wrap; gap: .6rem; }
.versions figure { margin: 0; max-width: 9rem; font-size: .85rem; }
.versions img { display: block; } .photographs h3 { margin-bottom: .3rem; }
.references { padding-left: 1.2rem; }
.note { border-left: 4px solid #b35900; padding: .3rem .8rem; background: #fff6ec; }
input[name=language] { margin-left: 1rem; }
#in-en:checked ~ section:not([lang=en]), #in-pt-BR:checked ~ section:not([lang=pt-BR]),
#in-en:checked ~ .photographs [lang=pt-BR], #in-pt-BR:checked ~ .photographs [lang=en] {
  display: none; }
@media (max-width: 40rem) { body { padding: .6rem; } th, td { padding: .2rem .4rem; } }
@page { size: A4; margin: 14mm; }
@media print { input, label { display: none; } body { font-size: 10pt; max-width: none; }
  .table { overflow: visible; } table { font-size: 7.5pt; width: 100%; }
  th, td { padding: .1rem .25rem; overflow-wrap: anywhere; }
  tr, figure, p > img { break-inside: avoid; } h2, h3, caption { break-after: avoid; } }
"""


def heading(language: Language, key: str) -> str:
    """The heading of a part."""
    return f"<h2>{escape(say(language, f'heading_{key}'))}</h2>"


def paragraphs(sentences: Iterable[str]) -> list[str]:
    """Sentences, each a paragraph."""
    return [f"<p>{escape(sentence)}</p>" for sentence in sentences]


def image(svg: bytes, title: str) -> str:
    """A figure within the page."""
    data = base64.b64encode(svg).decode("ascii")
    return f'<p><img alt="{escape(title)}" src="data:image/svg+xml;base64,{data}"></p>'


def html_table(
    language: Language, caption: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> str:
    """A table with a caption and headings; "" without rows."""
    if not rows:
        return ""
    names = (say(language, f"col_{name}") for name in columns)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    title = escape(caption)
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{title}">'
        f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )

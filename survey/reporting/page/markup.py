"""Pieces of a report's HTML: headings, paragraphs, figures, tables, and the style of all."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape

from survey.reporting.page.words import Language, say

WORDY = ("reasons", "check", "fact", "verdict", "kind")  # columns whose cells may break
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 0 auto;
  max-width: 62rem; padding: 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ccc; }
img { max-width: 100%; height: auto; }
.table { overflow-x: auto; margin: 1rem 0; } table { border-collapse: collapse; }
caption { text-align: left; font-style: italic; padding-bottom: .3rem; }
caption span { display: block; position: sticky; left: 0; max-width: min(60rem, 100vw - 2rem); }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #e3e3e3; }
th { vertical-align: bottom; } td { white-space: nowrap; }
th:first-child, td:first-child, .words { text-align: left; } .words { white-space: normal; }
td.words { min-width: 11rem; }
.contents { columns: 2; padding-left: 1.2rem; } .contents a { color: inherit; }
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
@media print { input, label { display: none; }
  body { font-size: 9.5pt; max-width: none; padding: 0; }
  p > img { max-height: 80mm; } .contents { columns: 3; }
  .table { overflow: visible; } table { font-size: 7.5pt; width: 100%; }
  caption { font-size: 8.5pt; } caption span { position: static; max-width: none; }
  th, td { padding: .08rem .25rem; } td.words { min-width: 5rem; }
  .versions { gap: 1%; } .versions figure { width: 19%; } .versions img { width: 100%; }
  .table, tr, figure, p > img, .photograph { break-inside: avoid; }
  .photographs > h2 { break-before: page; } p { orphans: 3; widows: 3; }
  h2, h3, caption, thead { break-after: avoid; } }
"""


def heading(language: Language, key: str) -> str:
    """The heading of a part, which `contents` leads to."""
    return f'<h2 id="{language}-{key}">{escape(say(language, f"heading_{key}"))}</h2>'


def contents(language: Language, section: str) -> str:
    """A list of the headings within a section."""
    found = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', section)
    items = "".join(f'<li><a href="#{place}">{name}</a></li>' for place, name in found)
    title = escape(say(language, "contents"))
    return f'<nav aria-label="{title}"><ol class="contents">{items}</ol></nav>'


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
    kinds = [' class="words"' if name in WORDY else "" for name in columns]
    head = "".join(
        f'<th scope="col"{kind}>{escape(say(language, f"col_{name}"))}</th>'
        for name, kind in zip(columns, kinds, strict=True)
    )

    def line(row: Sequence[str]) -> str:
        cells = zip(row, kinds, strict=True)
        return "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in cells)

    body = "".join(f"<tr>{line(row)}</tr>" for row in rows)
    title = escape(caption)
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{title}">'
        f"<table><caption><span>{title}</span></caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )

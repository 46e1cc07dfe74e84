"""What all tables of a report have in common: the words and numbers of one language."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from survey.reporting.page.markup import html_table
from survey.reporting.page.words import UNKNOWN, Language, method_name, number, say, scaled, span
from survey.statistics.questions.summary import Analysis

if TYPE_CHECKING:
    import pandas as pd

Cells = Mapping[str, Callable[[Any], str]]  # of a row, by the key of the column's heading


class Base:
    """The tables of an analysis; a table is empty text where it has no rows."""

    def __init__(self, analysis: Analysis, language: Language) -> None:
        self._found = analysis
        self._language = language

    def _number(self, value: float) -> str:
        return number(self._language, float(value))

    def _name(self, key: str) -> str:
        own = self._scaled(f"name_{key}").removeprefix("name_")
        return method_name(self._language, own, self._found.labels)

    def _scaled(self, key: str) -> str:
        return scaled(self._language, key, self._found.facts["scale"])

    def _count(self, value: Any) -> str:
        """A whole number, or a dash where no number is enough."""
        return str(value).replace("<NA>", UNKNOWN)

    def _interval(self, row: Any) -> str:
        """The interval of a row, or why there is none."""
        if math.isnan(row.ci95_low):
            return self._name(f"reason_{row.reason}") or UNKNOWN
        return span(self._language, row.ci95_low, row.ci95_high)

    def _table(self, caption: str, table: pd.DataFrame, cells: Cells, **values: Any) -> str:
        rows = table.reset_index(drop=True).itertuples()
        return html_table(
            self._language,
            say(self._language, self._scaled(f"caption_{caption}"), **values),
            tuple(self._scaled(f"col_{name}").removeprefix("col_") for name in cells),
            [tuple(cell(row) for cell in cells.values()) for row in rows],
        )

"""Tables of what was answered: scores, choices, differences, the paper's beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from survey.reporting.page.base import Base
from survey.reporting.page.words import (
    UNKNOWN,
    p_value,
    percent,
    percent_span,
    span,
)
from survey.statistics.estimates.mos import ALL


class AnswerTables(Base):
    """Of scores and choices."""

    def mos(self) -> str:
        """Mean scores of methods."""
        table = self._found.mos
        cells: dict[str, Callable[[Any], str]] = {
            "method": lambda row: self._name(row.method),
            "mos": lambda row: self._number(row.mos),
            "ci95": self._interval,
            "any95": lambda row: span(self._language, row.any95_low, row.any95_high),
            "sd": lambda row: self._number(row.sd),
            "dmos": lambda row: self._number(row.dmos),
            "n": lambda row: str(row.n),
            "raters": lambda row: str(row.raters),
        }
        if self._found.facts["scale"] == "dcr":  # the mean is the DMOS
            del cells["dmos"]
        rows = table[(table["image"] == ALL) & (table["ppd_bin"] == ALL)]
        return self._table("mos", rows, cells)

    def comparisons(self) -> str:
        """Differences between methods."""
        return self._table(
            "comparisons",
            self._found.comparisons,
            {
                "a": lambda row: self._name(row.method_a),
                "b": lambda row: self._name(row.method_b),
                "difference": lambda row: self._number(row.difference),
                "ci95": self._interval,
                "any95": lambda row: span(self._language, row.any95_low, row.any95_high),
                "p_holm": lambda row: p_value(self._language, row.p_holm),
                "p_alike": lambda row: p_value(self._language, row.p_alike),
                "effect": lambda row: self._number(row.rank_biserial),
                "verdict": lambda row: self._name(f"verdict_{row.verdict}"),
            },
            margin=self._number(self._found.facts["margin"]),
        )

    def ordinal(self) -> str:
        """The cumulative model beside the means."""
        return self._table(
            "ordinal",
            self._found.ordinal,
            {
                "a": lambda row: self._name(row.method_a),
                "b": lambda row: self._name(row.method_b),
                "log_odds": lambda row: self._number(row.log_odds),
                "ci95": self._interval,
                "p_holm": lambda row: p_value(self._language, row.p_holm),
                "p_means": lambda row: p_value(self._language, row.p_means),
            },
        )

    def preferences(self) -> str:
        """Choices between methods."""

        def interval(row: Any) -> str:
            known = percent_span(self._language, row.ci95_low, row.ci95_high)
            return self._interval(row) if known == UNKNOWN else known

        return self._table(
            "preferences",
            self._found.preferences,
            {
                "a": lambda row: self._name(row.method_a),
                "b": lambda row: self._name(row.method_b),
                "n": lambda row: str(row.n),
                "count_a": lambda row: str(row.a),
                "count_b": lambda row: str(row.b),
                "tie": lambda row: str(row.tie),
                "preference": lambda row: percent(self._language, row.preference_a),
                "ci95": interval,
                "any95": lambda row: percent_span(self._language, row.any95_low, row.any95_high),
                "p_holm": lambda row: p_value(self._language, row.p_holm),
                "verdict": lambda row: self._name(f"verdict_{row.verdict}"),
            },
            low=percent(self._language, 0.5 - self._found.facts["share_margin"]),
            high=percent(self._language, 0.5 + self._found.facts["share_margin"]),
        )

    def jod(self) -> str:
        """The common scale."""
        return self._table(
            "jod",
            self._found.jod,
            {
                "method": lambda row: self._name(row.method),
                "jod": lambda row: self._number(row.jod),
                "ci95": self._interval,
                "any95": lambda row: span(self._language, row.any95_low, row.any95_high),
                "davidson": lambda row: self._number(row.jod_davidson),
            },
        )

    def claims(self) -> str:
        """The paper's order."""
        return self._table(
            "claims",
            self._found.claims,
            {
                "better": lambda row: self._name(row.better),
                "worse": lambda row: self._name(row.worse),
                "paper": lambda row: self._number(row.paper),
                "difference": lambda row: self._number(row.difference),
                "ci95": self._interval,
                "any95": lambda row: span(self._language, row.any95_low, row.any95_high),
                "p_holm": lambda row: p_value(self._language, row.p_holm),
                "verdict": lambda row: self._name(f"verdict_{row.verdict}"),
            },
        )

    def paper(self) -> str:
        """The paper's scores."""
        return self._table(
            "paper",
            self._found.paper,
            {
                "set": lambda row: row.set,
                "method": lambda row: self._name(row.method),
                "paper": lambda row: self._number(row.paper),
                "mos": lambda row: self._number(row.ours),
                "difference": lambda row: self._number(row.difference),
                "ci95": lambda row: span(self._language, row.ci95_low, row.ci95_high),
            },
        )

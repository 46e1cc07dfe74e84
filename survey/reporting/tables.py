"""The tables of a report as HTML, in the words and numbers of one language."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from survey.reporting.markup import html_table
from survey.reporting.words import (
    UNKNOWN,
    Language,
    estimate,
    name_of,
    number,
    p_value,
    percent,
    percent_span,
    say,
    span,
)
from survey.statistics.estimates.mos import ALL
from survey.statistics.questions.summary import Analysis

if TYPE_CHECKING:
    import pandas as pd

Cells = Mapping[str, Callable[[Any], str]]  # of a row, by the key of the column's heading


class Tables:
    """Every table of an analysis; empty text where it has no rows."""

    def __init__(self, analysis: Analysis, language: Language) -> None:
        self._found = analysis
        self._language = language

    def mos(self) -> str:
        """Mean scores of methods."""
        table = self._found.mos
        return self._table(
            "mos",
            table[(table["image"] == ALL) & (table["ppd_bin"] == ALL)],
            {
                "method": lambda row: self._name(row.method),
                "mos": lambda row: self._number(row.mos),
                "ci95": self._interval,
                "sd": lambda row: self._number(row.sd),
                "dmos": lambda row: self._number(row.dmos),
                "n": lambda row: str(row.n),
                "raters": lambda row: str(row.raters),
            },
        )

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
                "p_holm": lambda row: p_value(self._language, row.p_holm),
                "effect": lambda row: self._number(row.rank_biserial),
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
                "p_holm": lambda row: p_value(self._language, row.p_holm),
            },
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

    def slopes(self) -> str:
        """Scores against density."""
        return self._table(
            "slopes",
            self._found.slopes,
            {
                "method": lambda row: self._name(row.method),
                "slope": lambda row: self._number(row.slope),
                "ci95": self._interval,
            },
        )

    def same_angle(self) -> str:
        """Choices between pictures magnified to about the same angle."""
        language = self._language
        return self._table(
            "same_angle",
            self._found.same_angle,
            {
                "a": lambda row: self._name(row.method_a),
                "b": lambda row: self._name(row.method_b),
                "n": lambda row: str(row.n),
                "raters": lambda row: str(row.raters),
                "image_ppd": lambda row: number(language, row.image_ppd, 1),
                "magnified": lambda row: percent(language, row.magnified),
                "preference": lambda row: percent(language, row.preference_a),
                "ci95": lambda row: percent_span(language, row.ci95_low, row.ci95_high),
                "pixel_for_pixel": lambda row: percent(language, row.pixel_for_pixel),
                "difference": lambda row: percent(language, row.difference),
                "difference_ci95": lambda row: percent_span(
                    language, row.difference_low, row.difference_high
                ),
            },
        )

    def correlations(self) -> str:
        """Measures against scores."""
        table = self._found.correlations
        return self._table(
            "correlations",
            table[table["versions"] > 0],
            {
                "measure": lambda row: self._name(row.measure),
                "kind": lambda row: self._name(row.kind),
                "correlation": lambda row: self._number(row.correlation),
                "ci95": self._interval,
                "n": lambda row: str(row.versions),
                "images": lambda row: str(row.images),
            },
        )

    def subject_model(self) -> str:
        """P.910's qualities beside the mean."""
        table = self._found.subject_model
        return self._table(
            "subject_model",
            table[table["image"] == ALL],
            {
                "method": lambda row: self._name(row.method),
                "quality": lambda row: self._number(row.quality),
                "mos": lambda row: self._number(row.mos),
                "mos_screened": lambda row: self._number(row.mos_screened),
            },
        )

    def raters(self) -> str:
        """One row a rater."""

        def reasons(row: Any) -> str:
            return ", ".join(self._name(f"reason_{r}") for r in row.reasons.split(";") if r)

        return self._table(
            "raters",
            self._found.raters,
            {
                "rater": lambda row: str(row.Index + 1),
                "n": lambda row: str(row.n_ratings),
                "bias": lambda row: self._number(row.bias),
                "inconsistency": lambda row: self._number(row.inconsistency),
                "weight": lambda row: self._number(row.weight),
                "golden": lambda row: percent(self._language, row.golden_passed),
                "rt": lambda row: number(self._language, row.median_rt_ms / 1000, 1),
                "reasons": reasons,
            },
        )

    def planning(self) -> str:
        """Raters needed."""
        return self._table(
            "planning",
            self._found.planning,
            {
                "fact": lambda row: self._name(row.question),
                "a": lambda row: self._name(row.method_a),
                "b": lambda row: self._name(row.method_b),
                "sd": lambda row: self._number(row.sd),
                "now": lambda row: str(row.raters_now),
                "raters_needed": lambda row: str(row.raters_needed).replace("<NA>", UNKNOWN),
            },
        )

    def balance(self) -> str:
        """The certificate of balance."""
        return self._table(
            "balance",
            self._found.balance,
            {
                "check": lambda row: self._name(row.check),
                "group": lambda row: " / ".join(map(self._name, row.group.split(" / "))),
                "value": lambda row: self._number(row.value),
                "range": lambda row: span(self._language, row.low, row.high),
                "expected": lambda row: self._number(row.expected),
                "p": lambda row: p_value(self._language, row.p_value),
            },
        )

    def agreement(self) -> str:
        """Agreement, repeats, sides, contradictions."""
        facts, language = self._found.facts, self._language
        if not facts["ratings"] and not facts["choices"]:
            return ""
        test, again = facts["friedman"], facts["retest"]
        triads, own = facts["circular_triads"], facts["pairs_agree_with_ratings"]

        def fact(key: str, value: str, **values: Any) -> tuple[str, str]:
            return say(language, f"fact_{key}", **values), value

        friedman = p_value(language, test["p_value"])
        if test["reason"]:
            friedman = name_of(language, f"reason_{test['reason']}")
        rows = [
            fact("alpha", estimate(language, facts["krippendorff_alpha"])),
            fact("icc_single", estimate(language, facts["icc"]["single"])),
            fact("icc_average", estimate(language, facts["icc"]["average"])),
            fact("friedman", friedman, w=self._number(test["kendalls_w"])),
            fact("retest_exact", percent(language, again["exact"]), n=again["n"]),
            fact("retest_kappa", self._number(again["kappa"])),
            fact("retest_pairs", percent(language, again["pairs_same"]), n=again["pairs_n"]),
            fact("left", estimate(language, facts["left_share"])),
            fact("circular", percent(language, triads["share"]), n=triads["triads"]),
            fact("pairs_agree", percent(language, own["share"]), n=own["n"]),
        ]
        return html_table(language, "agreement", ("fact", "value"), rows)

    def _number(self, value: float) -> str:
        return number(self._language, float(value))

    def _name(self, key: str) -> str:
        return name_of(self._language, key)

    def _interval(self, row: Any) -> str:
        """The interval of a row, or why there is none."""
        if math.isnan(row.ci95_low):
            return self._name(f"reason_{row.reason}") or UNKNOWN
        return span(self._language, row.ci95_low, row.ci95_high)

    def _table(self, caption: str, table: pd.DataFrame, cells: Cells) -> str:
        rows = table.reset_index(drop=True).itertuples()
        return html_table(
            self._language,
            caption,
            tuple(cells),
            [tuple(cell(row) for cell in cells.values()) for row in rows],
        )

"""Tables of who answered, on what, and what that shows: displays, agreement, raters, balance."""

from __future__ import annotations

from typing import Any

from survey.reporting.page.base import Base
from survey.reporting.page.markup import html_table
from survey.reporting.page.words import (
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
from survey.statistics.estimates.raters import PRIOR_RATINGS


class RaterTables(Base):
    """Of raters, displays and measures."""

    def slopes(self) -> str:
        """Scores against density."""
        return self._table(
            "slopes",
            self._found.slopes,
            {
                "method": lambda row: self._name(row.method),
                "slope": lambda row: self._number(row.slope),
                "ci95": self._interval,
                "p_holm": lambda row: p_value(self._language, row.p_holm),
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
                "other95": self._interval,
                "n": lambda row: str(row.versions),
                "images": lambda row: str(row.images),
            },
        )

    def mapping(self) -> str:
        """P.1401's mapping of measures to scores."""
        language, table = self._language, self._found.mapping

        def outliers(row: Any) -> str:
            share = percent(language, row.outlier_ratio)
            return say(language, "outliers", share=share, k=row.outliers, n=row.with_interval)

        return self._table(
            "mapping",
            table[table["versions"] > 0],
            {
                "measure": lambda row: self._name(row.measure),
                "rmse": lambda row: self._number(row.rmse),
                "other95": self._interval,
                "outliers": outliers,
                "rmse_star": lambda row: self._number(row.rmse_star),
                "plcc_mapped": lambda row: self._number(row.plcc_mapped),
                "n": lambda row: str(row.versions),
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
            prior=f"{PRIOR_RATINGS:g}",
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
                "unsteadiness": lambda row: self._number(row.unsteadiness),
                "agreement_z": lambda row: number(self._language, row.agreement_z, 1),
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
                "raters_needed": lambda row: self._count(row.raters_needed),
                "raters_needed_any": lambda row: self._count(row.raters_needed_any),
                "images_needed_any": lambda row: self._count(row.images_needed_any),
            },
            margin=self._number(self._found.facts["margin"]),
            low=percent(self._language, 0.5 - self._found.facts["share_margin"]),
            high=percent(self._language, 0.5 + self._found.facts["share_margin"]),
            images=self._found.facts["images"],
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
        return html_table(language, say(language, "caption_agreement"), ("fact", "value"), rows)

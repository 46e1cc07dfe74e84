"""What a report says in sentences: the answers, and what to mind about them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from survey.reporting.page.words import (
    Language,
    estimate,
    name_of,
    noun,
    number,
    p_value,
    percent,
    percent_span,
    say,
    sentence,
    span,
)
from survey.statistics.estimates.verdicts import DIFFERS
from survey.statistics.questions.paper import NOT
from survey.statistics.questions.summary import Analysis

HEAVY = 0.5  # share of the subject model's weight, on one version, that one rater may have
FEW_IMAGES = 6  # photographs below which a report warns


class Sentences:
    """The sentences of an analysis in one language."""

    def __init__(self, analysis: Analysis, language: Language) -> None:
        self._found = analysis
        self._language = language

    def nothing(self) -> str:
        """Why there are no numbers: nobody answered, or too few for the public edition."""
        key = "withheld" if self._found.facts["is_withheld"] else "empty"
        return say(self._language, key)

    def summary(self) -> list[str]:
        """The answer."""
        facts, language = self._found.facts, self._language
        given = [kind for kind in ("ratings", "choices") if facts[kind]]
        if not given:
            return [self.nothing()]
        seconds = facts["median_seconds"]
        counts = "summary_counts" if len(given) > 1 else f"summary_counts_{given[0]}"
        sentences = [
            say(
                language, counts, raters=facts["counted_raters"],
                ratings=facts["ratings"], choices=facts["choices"], images=facts["images"],
                rating_s=number(language, seconds["rating"], 1),
                pair_s=number(language, seconds["pair"], 1),
            )
        ]  # fmt: skip
        sentences += [self._preference(row) for row in self._rows("preferences")]
        claims = self._rows("claims")
        sentences += [self._claim(row) for row in claims]
        if not claims:
            sentences += [self._rating(row) for row in self._neighbours()]
        sentences.append(say(language, "summary_speaks_of"))
        if facts["images"] < FEW_IMAGES:
            sentences.append(say(language, "note_few_images", images=facts["images"]))
        return sentences

    def ordinal(self) -> list[str]:
        """Where the cumulative model and the means disagree."""
        rows = self._rows("ordinal")
        if not any(row["p_holm"] == row["p_holm"] for row in rows):
            return []
        found = [
            sentence(
                self._language, "ordinal_disagrees", a=self._noun(row["method_a"]),
                b=self._noun(row["method_b"]), p=self._p(row["p_holm"]),
                p_means=self._p(row["p_means"]),
            )
            for row in rows
            if row["disagrees"]
        ]  # fmt: skip
        return found or [say(self._language, "ordinal_agrees")]

    def davidson(self) -> list[str]:
        """How much it matters how ties are counted."""
        moved = (self._found.jod["jod_davidson"] - self._found.jod["jod"]).astype(float).abs()
        if moved.isna().all():
            return []
        return [say(self._language, "davidson_matters", jod=self._number(float(moved.max())))]

    def displays(self) -> list[str]:
        """Where the protocol's two methods are worth the same, and how well that is measured."""
        facts, language = self._found.facts, self._language
        if not facts["crossing_pair"]:
            return []
        a, b = (self._noun(method) for method in facts["crossing_pair"])
        sentences = [say(language, "crossing_pair", a=a, b=b)]
        for key, found in facts["crossing"].items():
            if found.is_known:
                text = estimate(language, found, 0)
                sentences.append(sentence(language, f"crossing_{key}", estimate=text, a=a, b=b))
                continue
            reason = name_of(language, f"reason_{found.reason}")
            by = say(language, f"heading_{'scores' if key == 'scores' else 'pairs'}").lower()
            sentences.append(say(language, "crossing_unknown", by=by, reason=reason, a=a, b=b))
        own = facts["density_reliability"]
        if not math.isnan(own):
            sentences.append(say(language, "density_reliability", share=percent(language, own)))
        return sentences

    def leaving(self) -> list[str]:
        """Who left, and whether that matters."""
        found, language = self._found.facts["leaving"], self._language
        if not found["answered"]:
            return []
        counts = {name: found[name] for name in ("started", "answered", "finished")}
        if not found["left"]:
            return [say(language, "leaving_none", **counts)]
        where = ", ".join(
            say(language, f"name_leaving_{block}", n=n) for block, n in found["left_in"].items()
        )
        share = percent(language, found["median_share"])
        sentences = [
            say(language, "leaving_some", **counts, left=found["left"], where=where, share=share)
        ]
        if not math.isnan(found["difference"].value):
            text = estimate(language, found["difference"])
            sentences.append(say(language, "leaving_difference", estimate=text))
        if found["is_informative"]:
            sentences.append(say(language, "leaving_warning"))
        return sentences

    def margins(self) -> list[str]:
        """What is too small to matter, and who said so when."""
        facts, language = self._found.facts, self._language
        return [
            say(
                language, f"margins_{facts['margins_from']}",
                margin=self._number(facts["margin"]),
                low=percent(language, 0.5 - facts["share_margin"]),
                high=percent(language, 0.5 + facts["share_margin"]),
                date=facts["margins_set_on"], answered=facts["answered_before_margins"],
            )
        ]  # fmt: skip

    def weights(self) -> list[str]:
        """A warning where the subject model rests on one person."""
        share = self._found.facts["largest_weight"]
        if not share > HEAVY:
            return []
        return [say(self._language, "weight_warning", share=percent(self._language, share))]

    def _preference(self, row: Mapping[str, Any]) -> str:
        language, share = self._language, row["preference_a"]
        a, b = (self._noun(row[key]) for key in ("method_a", "method_b"))
        if math.isnan(row["ci95_low"]):
            reason = name_of(language, f"reason_{row['reason']}")
            return sentence(language, "summary_preference_unknown", a=a, b=b, reason=reason)
        near, wide = (row["ci95_low"], row["ci95_high"]), (row["any95_low"], row["any95_high"])
        chosen = row["a"]
        if row["verdict"] == DIFFERS and share < 0.5:
            a, b, share, chosen = b, a, 1 - share, row["b"]
            near, wide = ((1 - high, 1 - low) for low, high in (near, wide))
        margin = self._found.facts["share_margin"]
        return sentence(
            language, _key("summary_preference", row["verdict"]), winner=a, loser=b,
            chosen=percent(language, chosen / row["n"]),
            tied=percent(language, row["tie"] / row["n"]),
            share=percent(language, share), near=percent_span(language, *near),
            span=percent_span(language, *wide), p=self._p(row["p_holm"]),
            low=percent(language, 0.5 - margin), high=percent(language, 0.5 + margin),
        )  # fmt: skip

    def _claim(self, row: Mapping[str, Any]) -> str:
        paper = self._number(row["paper"])
        better, worse = row["better"], row["worse"]
        return self._difference("summary_claim", row, better, worse, turned=NOT, paper=paper)

    def _rating(self, row: Mapping[str, Any]) -> str:
        better, worse = row["method_a"], row["method_b"]
        if row["difference"] < 0:
            better, worse = worse, better
            ends = ("ci95_low", "ci95_high"), ("any95_low", "any95_high")
            row = dict(row) | {"difference": -row["difference"]}
            for low, high in ends:
                row = dict(row) | {low: -row[high], high: -row[low]}
        return self._difference("summary_rating", row, better, worse)

    def _difference(
        self,
        key: str,
        row: Mapping[str, Any],
        better: str,
        worse: str,
        turned: str = "",
        **values: str,
    ) -> str:
        """Of a difference in scores; the verdict `turned` is said the other way round."""
        language, difference = self._language, row["difference"]
        names = {"better": self._noun(better), "worse": self._noun(worse)}
        if math.isnan(row["ci95_low"]):
            reason = name_of(language, f"reason_{row['reason']}")
            return sentence(language, "summary_claim_unknown", **names, reason=reason)
        near, wide = (row["ci95_low"], row["ci95_high"]), (row["any95_low"], row["any95_high"])
        if turned and row["verdict"] == turned:
            near, wide = ((-high, -low) for low, high in (near, wide))
            difference = -difference
        return sentence(
            language, f"{key}_{row['verdict']}", **names, **values,
            difference=self._number(difference), near=span(language, *near),
            span=span(language, *wide), p=self._p(row["p_holm"]),
            margin=self._number(self._found.facts["margin"]),
        )  # fmt: skip

    def _neighbours(self) -> list[Mapping[str, Any]]:
        """The differences in scores of the pairs that were compared, or of all."""
        compared = {frozenset(pair) for pair in self._found.pairs.compared}
        rows = self._rows("comparisons")
        return [r for r in rows if not compared or {r["method_a"], r["method_b"]} in compared]

    def _rows(self, table: str) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = getattr(self._found, table).to_dict("records")
        return rows

    def _noun(self, method: str) -> str:
        return noun(self._language, method, self._found.labels)

    def _number(self, value: float) -> str:
        return number(self._language, value)

    def _p(self, p: float) -> str:
        return p_value(self._language, p)


def _key(stem: str, verdict: str) -> str:
    return stem if verdict == DIFFERS else f"{stem}_{verdict}"

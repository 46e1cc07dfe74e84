"""What the report says in sentences, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter

import numpy as np
import pytest

from survey.reporting.page.sentences import Sentences
from survey.reporting.page.words import LANGUAGES, Language, texts
from survey.simulation.generator import simulate_studies
from survey.simulation.validate import NULL, false_positives
from survey.simulation.worlds import METHODS, World
from survey.statistics.questions.paper import claims_table
from survey.statistics.questions.significance import comparisons
from survey.statistics.questions.summary import Asked, analyse
from tests.helpers.simulated import responses

STUDY = simulate_studies(World(images=8), 1, seed=4)
ANALYSIS = analyse(responses(STUDY), asked=Asked(order=METHODS))
SCORES = ANALYSIS.ratings.scores


def said(language: Language, scores: np.ndarray) -> str:
    """The summary, had these scores been given."""
    claims = claims_table(comparisons(replace(ANALYSIS.ratings, scores=scores)))
    return "\n".join(Sentences(replace(ANALYSIS, claims=claims), language).summary())


@pytest.mark.parametrize(("asked", "other"), [("ratings", "choices"), ("choices", "ratings")])
def test_a_study_of_one_kind_of_question_counts_no_answers_of_the_other(
    asked: str, other: str
) -> None:
    facts = ANALYSIS.facts | {other: 0}
    counts = Sentences(replace(ANALYSIS, facts=facts), "en").summary()[0]
    assert f"; {asked}: {facts[asked]}; " in counts  # of one rater, too
    assert other not in counts
    assert "–" not in counts


def test_both_languages_have_the_same_texts_with_the_same_values() -> None:
    english, portuguese = texts("en"), texts("pt-BR")
    assert set(english) == set(portuguese)
    for key, text in english.items():
        fields = {field for _, field, _, _ in Formatter().parse(text)}
        assert fields == {field for _, field, _, _ in Formatter().parse(portuguese[key])}, key


@pytest.mark.parametrize(
    ("language", "replicated", "other_way", "alike", "few"),
    [
        (
            "en",
            r"SRResNet is rated \d\.\d\d higher than bicubic \(.* on others too; .*: replicated\.",
            r"Bicubic is rated \d\.\d\d higher than SRResNet .* lower: not replicated\.",
            r"Between bicubic and nearest there is no difference in ratings that matters: ",
            r"Between the original and SRGAN ratings differ by .* too few raters or photographs ",
        ),
        (
            "pt-BR",
            r"A SRResNet recebe notas \d,\d\d mais altas que a bicúbica \(.*: replicado\.",
            r"A bicúbica recebe notas \d,\d\d mais altas que a SRResNet .*: não replicado\.",
            r"Entre a bicúbica e o vizinho mais próximo não há diferença de notas que importe: ",
            r"Entre a original e a SRGAN as notas diferem em .* poucos avaliadores",
        ),
    ],
    ids=list(LANGUAGES),
)
def test_each_step_of_the_papers_order_is_said_as_it_was_found(
    language: Language, replicated: str, other_way: str, alike: str, few: str
) -> None:
    assert re.search(replicated, said(language, SCORES))
    assert re.search(other_way, said(language, SCORES[..., [0, 2, 1, 3, 4]]))
    assert re.search(few, said(language, SCORES[:5]))
    mixed = SCORES.copy()
    mixed[::2, :, :2] = SCORES[::2, :, 1::-1]  # every second rater prefers the other
    assert re.search(alike, said(language, mixed))


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_begin_with_a_capital(language: Language) -> None:
    for sentence in said(language, SCORES).split("\n"):
        assert sentence[0].isdigit() or sentence[0].isupper(), sentence


def test_methods_have_their_articles_in_portuguese() -> None:
    text = said("pt-BR", SCORES)
    assert "Entre a SRResNet e a bicúbica, os avaliadores preferem a SRResNet: " in text
    assert not re.search(r"preferid[oa]|\b(a|de) [ao] ", text)


@pytest.mark.parametrize("world", [World(), NULL])
def test_the_validation_counts_what_the_report_says(world: World) -> None:
    studies = simulate_studies(world, 1, seed=4)
    found = analyse(responses(studies), asked=Asked(order=METHODS))
    text = "\n".join(Sentences(found, "en").summary())
    is_named = "preferred to" in text or "rated" in text
    assert false_positives(studies)["any_reported"] == [is_named] == [world != NULL]

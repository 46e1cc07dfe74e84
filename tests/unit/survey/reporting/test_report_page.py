"""What the report says in sentences, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter

import numpy as np
import pytest

from survey.reporting.report_page import summary
from survey.reporting.words import LANGUAGES, Language, texts
from survey.simulation.generator import World, simulate_studies
from survey.simulation.validate import NULL, false_positives
from survey.statistics.questions.paper import claims_table
from survey.statistics.questions.significance import comparisons
from survey.statistics.questions.summary import analyse
from tests.helpers.simulated import responses

STUDY = simulate_studies(World(images=4, images_per_rater=4), 1, seed=4)
ANALYSIS = analyse(responses(STUDY))
SCORES = ANALYSIS.ratings.scores


def said(language: Language, scores: np.ndarray) -> str:
    """The summary, had these scores been given."""
    claims = claims_table(comparisons(replace(ANALYSIS.ratings, scores=scores)))
    return "\n".join(summary(replace(ANALYSIS, claims=claims), language))


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
            r"SRResNet is rated \d\.\d\d higher than bicubic \(.*; p <\s0\.001 .*: replicated\.",
            r"Bicubic is rated \d\.\d\d higher than SRResNet .* lower: not replicated\.",
            r"Between bicubic and nearest no difference in ratings is shown: ",
            r"Between the original and SRGAN ratings differ by .* too few raters to test",
        ),
        (
            "pt-BR",
            r"A SRResNet recebe notas \d,\d\d mais altas que a bicúbica \(.*: replicado\.",
            r"A bicúbica recebe notas \d,\d\d mais altas que a SRResNet .*: não replicado\.",
            r"Entre a bicúbica e o vizinho mais próximo não aparece diferença de notas: ",
            r"Entre o original e a SRGAN as notas diferem em .* poucos avaliadores",
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
    assert "Entre a SRResNet e a bicúbica, os avaliadores preferem a SRResNet em " in text
    assert not re.search(r"preferid[oa]|\b(a|de) [ao] ", text)


@pytest.mark.parametrize("world", [World(), NULL])
def test_the_validation_counts_what_the_report_says(world: World) -> None:
    studies = simulate_studies(world, 1, seed=4)
    text = "\n".join(summary(analyse(responses(studies)), "en"))
    is_named = "preferred to" in text or "replicated" in text
    assert false_positives(studies)["any_reported"] == is_named == (world != NULL)

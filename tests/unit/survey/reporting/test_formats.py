"""Answers as other programs read them, and words that must fit what is shown and computed."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from survey.reporting.formats import pwcmp_csv, sureal_json
from survey.reporting.page.words import texts
from survey.simulation.generator import simulate_studies
from survey.simulation.worlds import World
from survey.statistics.estimates.mos import version_mos
from survey.statistics.estimates.pairs import preference

ROOT = Path(__file__).parents[4]
STUDIES = simulate_studies(World(raters=6, images=3, missing=0.1), 1, seed=3)


def test_sureal_finds_every_score() -> None:
    ratings = STUDIES.ratings(0)
    data = json.loads(sureal_json(ratings, "mine"))
    scores = [score for video in data["dis_videos"] for score in video["os"].values()]
    given = ratings.scores[~np.isnan(ratings.scores)]
    assert sorted(scores) == sorted(given)
    assert [video["asset_id"] for video in data["dis_videos"]] == list(range(15))
    assert {video["content_id"] for video in data["dis_videos"]} == {0, 1, 2}


def test_sureal_reads_the_file_and_finds_our_means() -> None:
    from sureal.dataset_reader import RawDatasetReader
    from sureal.subjective_model import MosModel

    ratings = STUDIES.ratings(0)
    data = json.loads(sureal_json(ratings, "mine"))
    reader = RawDatasetReader(SimpleNamespace(**data))
    assert (reader.num_ref_videos, reader.num_dis_videos, reader.num_observers) == (3, 15, 6)
    found = MosModel(reader).run_modeling()["quality_scores"]
    for video, score in zip(data["dis_videos"], found, strict=True):
        image, method = video["path"].split("/")
        assert score == pytest.approx(version_mos(ratings, method, image).value, abs=1e-12)


def test_pwcmp_finds_every_choice_twice_and_ties_once_either_way() -> None:
    pairs = STUDIES.pairs(0)
    rows = list(csv.DictReader(io.StringIO(pwcmp_csv(pairs).decode())))
    won = pairs.won[~np.isnan(pairs.won)]
    assert len(rows) == 2 * len(won)
    assert sum(int(row["selected_A"]) for row in rows) == 2 * won.sum()
    assert preference(pairs, 0).n == (~np.isnan(pairs.won[:, :, 0])).sum()


def test_the_report_asks_what_raters_were_asked() -> None:
    asked = json.loads((ROOT / "demo" / "rating" / "text.json").read_text(encoding="utf-8"))
    for language in ("en", "pt-BR"):
        own, theirs = texts(language), asked[language]
        assert own["asked_rating"] == theirs["question_rating"]
        assert own["asked_pair"] == theirs["question_pair"]
        for kind in ("rating", "degradation", "pair"):
            assert own[f"told_{kind}"] == f"“{theirs[f'ready_{kind}_text']}”"
        for score in range(1, 6):
            assert f"{score} {theirs[f'score_{score}'].lower()}" in own["method_asked"]


def test_numbers_in_the_reports_words_are_those_of_the_code() -> None:
    from survey.statistics.estimates.interval import CONFIDENCE
    from survey.statistics.estimates.jod import LOGITS_PER_JOD
    from survey.statistics.estimates.verdicts import ALPHA
    from survey.statistics.questions.planning import MOS_STEP, POWER, PREFERENCE
    from survey.statistics.questions.summary import INFORMAL_RATERS

    words = texts("en")
    known = {
        f"{100 * CONFIDENCE:.0f} %", f"{100 * POWER:.0f} %", f"{100 * ALPHA:.0f} %",
        f"{100 * PREFERENCE:.0f} %", f"{100 / (1 + np.exp(-LOGITS_PER_JOD)):.0f} %",
        "25 %",  # circular triads by chance, see `circular_triads`
    }  # fmt: skip
    named = {found for text in words.values() for found in re.findall(r"\d+ %", text)}
    assert named <= known
    assert f"{INFORMAL_RATERS} raters" in words["note_informal"]
    assert words["name_mos_0.5"] == f"{MOS_STEP} MOS"


def test_the_page_of_validity_is_what_was_found() -> None:
    from survey.reporting.validity import outside, page
    from survey.simulation.validate import EXPERIMENTS, proofs

    found = json.loads((ROOT / "docs" / "validity.json").read_text(encoding="utf-8"))
    assert set(found["found"]) == set(EXPERIMENTS)
    text = (ROOT / "docs" / "validity.md").read_text(encoding="utf-8")
    assert text == page(found), "python -m survey validate --json ... --page docs/validity.md"
    assert all(proofs(found).values())
    listed = text.split("## Outside of")[1].split("## Worlds")[0]
    assert listed.count("\n| ") == len(outside(found)) + 1

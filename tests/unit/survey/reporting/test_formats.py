"""Answers as other programs read them, and words that must fit what is shown and computed."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from survey.reporting.formats import pwcmp_csv, sureal_json
from survey.reporting.page.words import LANGUAGES, Language, texts
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


NAMES_WITH_NUMBERS = "|".join(
    (
        r"BT\.500", r"P\.910", r"P\.1401", "HC3", r"Ledig et al\. 2017", "BSD100", r"ICC\(A,1\)",
        r"\((table|tabela) 2\)", r"\{[^}]*\}",
    )
)  # fmt: skip


def numbers_in(text: str) -> list[float]:
    """Every number that a text names, in order, those in names of standards and papers left out."""
    rest = re.sub(NAMES_WITH_NUMBERS, "", text)
    return [float(found.replace(",", ".")) for found in re.findall(r"\d+(?:[.,]\d+)?", rest)]


def numbers_of_the_code() -> dict[str, list[float]]:
    """What each text of a report names that names a number beside the 95 % of intervals."""
    from sr.microscopy.files.stretch import HIGH_SHOWN, LOW_SHOWN
    from survey.reporting.public import SMALLEST_GROUP
    from survey.statistics.estimates.data import HIGHEST, LOWEST
    from survey.statistics.estimates.jod import LOGITS_PER_JOD
    from survey.statistics.estimates.raters import weights
    from survey.statistics.estimates.verdicts import ALPHA
    from survey.statistics.questions.correlation import MAPPING
    from survey.statistics.questions.planning import MOS_STEP, POWER, PREFERENCE
    from survey.statistics.questions.summary import INFORMAL_RATERS

    scale = [LOWEST, HIGHEST]
    down = list(np.arange(HIGHEST, LOWEST - 1, -1))
    one_jod = 100 / (1 + np.exp(-LOGITS_PER_JOD))
    planned = [100 * POWER, 100 * ALPHA, MOS_STEP, 100 * PREFERENCE]
    median = float(np.median(weights(np.array([0.4, 0.6, 0.9]))))
    circles = sum(len({a, b, c}) == 3 for a, b, c in product((0, 1), (1, 2), (2, 0)))
    return {
        "axis_bias": [0], "axis_score": scale, "axis_score_dcr": scale, "told_rating": scale,
        "told_degradation": scale[::-1], "method_asked": down[::-1], "method_asked_dcr": down,
        "caption_comparisons": [0], "caption_jod": [1, one_jod, 1, one_jod],
        "caption_mapping": [len(MAPPING), 95], "caption_mos": [95, HIGHEST],
        "caption_mos_dcr": [95, HIGHEST, LOWEST], "caption_planning": planned,
        "caption_planning_dcr": planned, "caption_raters": [median, 0],
        "fact_circular": [100 * circles / 8], "method_intervals": [95, 1, 100 * ALPHA],
        "method_frames": [LOW_SHOWN, HIGH_SHOWN], "name_mos_0.5": [MOS_STEP],
        "name_mos_0.5_dcr": [MOS_STEP], "planning_mos_0.5": [MOS_STEP],
        "planning_mos_0.5_dcr": [MOS_STEP], "name_preference_75": [100 * PREFERENCE],
        "planning_preference_75": [100 * PREFERENCE], "name_place": [0, 1], "panel_jod": [0],
        "note_informal": [INFORMAL_RATERS], "note_public": [SMALLEST_GROUP],
        "withheld": [SMALLEST_GROUP],
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_in_the_reports_words_are_those_of_the_code(language: Language) -> None:
    from survey.statistics.estimates.interval import CONFIDENCE

    expected = numbers_of_the_code()
    for key, text in texts(language).items():
        if found := numbers_in(text):
            assert found == pytest.approx(expected.get(key, [100 * CONFIDENCE])), (key, text)


def test_numbers_in_the_words_of_the_page_of_validity_are_those_of_the_code() -> None:
    from survey.reporting.validity import ABOUT, TEMPLATE
    from survey.simulation import validate

    for name, about in ABOUT.items():
        world = validate.WORLDS[name]
        assert len(world.compared) == 3
        degrees = world.tail_degrees
        known = {
            world.raters, world.images, world.images_per_rater, len(world.methods),
            100 * world.missing, 100 * world.scale_use, world.image_sd, abs(world.drift), degrees,
        }  # fmt: skip
        assert set(numbers_in(about)) <= known, (name, about)
    text = re.sub(r"```.*?```", "", TEMPLATE.read_text(encoding="utf-8"), flags=re.S)
    low, high = (100 * bound for bound in validate.COVERAGE_BOUNDS)
    named = {
        "Outside of": [low, high], "wide on purpose": [high], "an interval of 95 %": [95],
        "with 8 raters": [validate.WORLDS["eight_raters"].raters], "leaves out 0": [0],
        "are scores from 1 to 5": [1, 5], "1,000 studies": [1000],
        '"left" 60 %': [100 * validate.LEFT_OF_TEN],
        "0.2 doublings": [validate.DENSITY["crossed_measured_badly"].ppd_error],
    }  # fmt: skip
    for line in text.replace("1,000", "1000").splitlines():
        if found := numbers_in(line):
            (phrase,) = [p for p in named if p.replace("1,000", "1000") in line]
            assert found == pytest.approx(named[phrase]), line


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

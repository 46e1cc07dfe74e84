"""Ratings beside the visible original (DCR): from the question to the report."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survey.preparation.sources import Source
from survey.preparation.versions import prepare_study
from survey.reporting.export import export_files
from survey.reporting.report import report_files
from survey.reporting.results import Results
from survey.session import rating
from survey.session.survey import Survey
from survey.simulation.simulate import simulate
from survey.statistics.questions.summary import analyse
from survey.storage.responses import coverage, read_responses
from survey.study.errors import InvalidAnswerError, StudyError
from survey.study.plan import minutes_of, plan_text
from survey.study.protocol import Protocol
from survey.study.schedule import Coverage, build_schedule
from survey.study.study import Study
from tests.unit.survey.conftest import PROTOCOL, Rater, answer_to, tell_the_same


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory, sources: list[Source]) -> Study:
    folder = tmp_path_factory.mktemp("study") / "studies" / "default"
    folder.parent.mkdir()
    protocol = replace(PROTOCOL, beside_original=True, repeats=3)
    return prepare_study(sources, folder, protocol=protocol, now="2026-01-02T03:04:05.678+00:00")


@pytest.fixture
def data_folder(tmp_path: Path, beside: Study) -> Path:
    shutil.copytree(beside.folder, tmp_path / "data" / "studies" / "default")
    return tmp_path / "data"


def method_of(study: Study) -> dict[str, str]:
    return {v.id: v.method for image in study.images for v in image.versions.values()}


def test_the_original_stands_on_the_left_and_every_version_beside_it_once(beside: Study):
    trials, methods = build_schedule(beside, Coverage(), seed=1), method_of(beside)
    rated = [trial for trial in trials if trial.kind == "degradation"]
    assert {methods[trial.left] for trial in rated} == {"original"}
    main = [trial for trial in rated if trial.role == "main"]
    shown = [(trial.image, methods[str(trial.right)]) for trial in main]
    assert len(shown) == len(set(shown)) == 4 * len(beside.protocol.rated)
    image_of = {v.id: image.id for image in beside.images for v in image.versions.values()}
    assert all(image_of[t.left] == image_of[str(t.right)] == t.image for t in rated)
    assert {trial.kind for trial in trials} == {"degradation", "pair"}
    again = [trial for trial in rated if trial.role == "repeat"]
    assert again
    assert all(trials[int(str(t.repeat_of))].right == t.right for t in again)
    known = {(methods[str(t.right)], t.expected) for t in rated if t.role == "golden"}
    assert known <= {("nearest", "<=2"), ("original", ">=4")}
    assert any(trial.role == "instructed" and trial.expected for trial in trials)


def test_a_rater_is_told_which_picture_is_the_original_and_nothing_of_the_other(
    open_survey: Callable[..., Survey],
):
    survey = open_survey()
    rater = Rater(survey)
    shown = rater.go_on()
    asked = [trial for trial in shown if trial["kind"] == "degradation"]
    assert {len(trial["images"]) for trial in asked} == {2}
    addresses = [token for trial in shown for token in trial["images"]]
    assert len(addresses) == len(set(addresses)), "an address of its own for each trial and side"
    told = json.dumps([{**trial, "kind": ""} for trial in shown])
    assert not [method for method in survey.study.protocol.methods if method in told]
    methods = method_of(survey.study)
    by_file = {v.file: v.method for image in survey.study.images for v in image.versions.values()}
    lefts = {by_file[rating.image(survey, trial["images"][0]).name] for trial in asked}
    assert lefts == {"original"}
    assert rater.state["phase"] == "comment"
    assert set(methods.values()) == set(survey.study.protocol.methods)
    assert tell_the_same(survey)


def test_a_choice_is_no_answer_to_it(open_survey: Callable[..., Survey]):
    survey = open_survey()
    rater = Rater(survey)
    rater.show_display()
    trial = rater.state["trial"]
    assert trial["kind"] == "degradation"
    body = answer_to(trial, 3)
    del body["score"]
    with pytest.raises(InvalidAnswerError, match="needs a degradation"):
        rating.answer(survey, rater.token, body | {"choice": "left"})


def test_responses_name_the_version_and_the_next_rater_is_balanced_by_it(
    open_survey: Callable[..., Survey],
):
    survey = open_survey()
    Rater(survey).finish()
    table = read_responses(survey.store, "default")
    rated = table[table["kind"] == "degradation"]
    assert set(rated["method"]) == set(survey.study.protocol.rated)
    assert rated["method_left"].isna().all()
    assert rated["method_right"].isna().all()
    assert table[table["kind"] == "pair"]["method"].isna().all()
    counts = coverage(survey.store, "default", simulated=False, active_since="2000").versions
    main = rated[rated["role"] == "main"]
    assert sum(counts.values()) == len(main)
    assert set(counts.values()) == {1}


def test_the_end_shows_scores_beside_the_original_and_what_came_twice(
    open_survey: Callable[..., Survey],
):
    survey = open_survey()
    rater = Rater(survey, seed=2)  # not every schedule of a study so small repeats a pair
    rater.finish()
    shown = rater.state["reveal"]
    assert shown["scale"] == "dcr"
    assert {row["method"] for row in shown["ratings"]} == set(survey.study.protocol.rated)
    choice = next(row for row in shown["choices"] if row["kind"] == "degradation")
    assert choice["left"] == "original"
    assert choice["answer"] == 3
    assert all(rating.image(survey, token).is_file() for token in choice["images"])
    again = shown["again"]
    assert again["ratings"] == again["same"] == again["near"] > 0
    assert again["pairs"] > 0
    assert again["pairs_same"] == 0, "always left, and sides were swapped"


@pytest.fixture
def answered(open_survey: Callable[..., Survey]) -> Survey:
    survey = open_survey()
    simulate(survey, raters=6, seed=3)
    return survey


def test_the_mean_is_the_dmos_with_both_intervals_and_the_paper_is_left_alone(answered: Survey):
    responses = read_responses(answered.store, "default", True)
    found = analyse(responses)
    assert found.facts["scale"] == "dcr"
    means = found.mos[(found.mos["image"] == "all") & (found.mos["ppd_bin"] == "all")]
    assert set(means["scale"]) == {"dcr"}
    np.testing.assert_array_equal(means["dmos"], means["mos"])
    np.testing.assert_array_equal(means["dmos_ci95_low"], means["ci95_low"])
    assert means["any95_low"].notna().all()
    as_ratings = analyse(responses.assign(kind=responses["kind"].replace("degradation", "rating")))
    other = as_ratings.mos[
        (as_ratings.mos["image"] == "all") & (as_ratings.mos["ppd_bin"] == "all")
    ]
    np.testing.assert_array_equal(means["any95_low"], other["any95_low"])
    pd.testing.assert_frame_equal(found.raters, as_ratings.raters)
    assert found.claims.empty
    assert found.paper.empty
    assert not as_ratings.claims.empty
    by_method = means.set_index("method")["mos"]
    assert by_method["original"] > by_method["nearest"]


def test_export_report_and_tab_say_dcr(answered: Survey):
    responses = read_responses(answered.store, "default", True)
    files = export_files(responses, answered.study)
    means = pd.read_csv(io.BytesIO(files["mos_summary.csv"]))
    assert set(means["scale"]) == {"dcr"}
    assert set(pd.read_csv(io.BytesIO(files["responses.csv"]))["kind"]) == {"degradation", "pair"}
    files = report_files(responses, answered.study, is_public=False, language="en")
    page = files["report.html"].decode()
    for said in ("DMOS", "DCR, ITU-T P.910", "imperceptible", "imperceptível", "muito incômoda"):
        assert said in page
    assert "ACR" not in page
    assert ">MOS<" not in page
    assert "2017 (differences on BSD100)" not in page
    assert len(json.loads(files["sureal.json"])["dis_videos"]) == 4 * 5
    shown = Results(lambda: answered).shown("pt-BR", is_public=False, simulated=True)
    assert "notas médias de degradação" in shown.html.lower()
    assert any("DMOS" in v["caption"] for image in shown.images for v in image["versions"])
    archive = Results(lambda: answered).export("en", is_public=False, simulated=True)
    assert "report.html" in zipfile.ZipFile(io.BytesIO(archive)).namelist()


def test_ratings_of_single_pictures_stay_acr(survey_acr: Survey):
    simulate(survey_acr, raters=2, seed=1)
    found = analyse(read_responses(survey_acr.store, "default", True))
    assert found.facts["scale"] == "acr"
    assert set(found.mos["scale"]) == {"acr"}


@pytest.fixture
def survey_acr(tmp_path: Path, prepared: Study) -> Survey:
    shutil.copytree(prepared.folder, tmp_path / "acr" / "studies" / "default")
    survey = Survey(tmp_path / "acr")
    yield survey
    survey.close()


def test_the_plan_says_what_is_asked_and_counts_its_minutes(beside: Study):
    text = plan_text(beside)
    assert "rated beside the original (DCR): nearest, bicubic" in text
    assert f"about {minutes_of(beside)} minutes" in text
    assert "to find a difference of 0.5" in text


def test_a_protocol_without_it_has_the_hash_it_had():
    assert Protocol().sha256 != replace(Protocol(), beside_original=True).sha256
    assert Protocol().scale == "acr"


@pytest.mark.parametrize(
    ("asks", "has_original", "told"),
    [
        (("degradation",), False, "shows the original beside each version"),
        (("ratings", "degradation"), True, "needed one of them, or a study each"),
    ],
)
def test_what_one_study_cannot_ask_is_refused_in_words(
    asks: tuple[str, ...], has_original: bool, told: str
):
    with pytest.raises(StudyError, match=told):
        Protocol.of_methods(["a", "b"], asks=asks, has_original=has_original)


def test_degradation_alone_or_with_pairs():
    alone = Protocol.of_methods(["a", "b"], asks=("degradation",))
    assert alone.kinds == ("degradation",)
    assert alone.rated == ("a", "b", "original")
    both = Protocol.of_methods(["a", "b"], asks=("degradation", "pairs"))
    assert both.kinds == ("degradation", "pair")

"""The same-angle part: planned, magnified, recorded and analysed, and nothing else is touched."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from survey.preparation.sources import Source
from survey.preparation.versions import prepare_study
from survey.reporting.public import public_analysis, with_numbers
from survey.session.survey import Survey
from survey.simulation.simulate import simulate
from survey.simulation.worlds import METHODS
from survey.statistics.estimates.data import read_pairs
from survey.statistics.estimates.pairs import pair_table
from survey.statistics.questions.angle import angle_table
from survey.statistics.questions.summary import analyse
from survey.storage.responses import read_responses
from survey.study.display import Display
from survey.study.protocol import Protocol
from survey.study.schedule import Coverage, build_schedule
from survey.study.study import Study
from tests.unit.survey.conftest import DISPLAY, PROTOCOL, Rater
from tests.unit.survey.study.test_schedule import make_study, method

ANGLE = dataclasses.replace(PROTOCOL, angle_images=3)


@pytest.fixture(scope="module")
def angle_study(tmp_path_factory: pytest.TempPathFactory, sources: list[Source]) -> Study:
    folder = tmp_path_factory.mktemp("angle") / "studies" / "default"
    folder.parent.mkdir()
    return prepare_study(sources, folder, protocol=ANGLE, now="2026-01-02T03:04:05.678+00:00")


@pytest.fixture(scope="module")
def angle_survey(angle_study: Study) -> Survey:
    survey = Survey(angle_study.folder.parents[1])
    simulate(survey, raters=12, seed=5)
    return survey


# Pixels per degree of a 24-inch full HD at 60 cm: 37.8; 14-inch laptop at 55 cm: 59.5 (157 ppi);
# phone at 30 cm: 94.8.
@pytest.mark.parametrize(
    ("ppi", "cm", "screen", "factor"),
    [
        (91.79, 60, (1920, 1080, 1), 1),
        (157.35, 55, (1920, 1080, 1), 2),
        (460, 30, (393, 852, 3), 2),  # three times would be wider than the phone
        (460, 30, (852, 393, 3), 3),
        (460, 60, (3840, 2160, 1), 6),
        (91.79, 15, (1920, 1080, 1), 1),  # 9.5 pixels per degree: nothing is made smaller
        (None, 30, (1920, 1080, 1), 1),
    ],
)
def test_the_factor_brings_everybody_near_the_same_angle(ppi, cm, screen, factor):
    width, height, dpr = screen
    told = DISPLAY | {
        "ppi": ppi,
        "ppi_method": "card" if ppi else "skipped",
        "distance_cm": cm,
        "dpr": dpr,
        "screen_width": width,
        "screen_height": height,
    }
    assert Display.from_answer(told).magnification(30, 448, 288) == factor


def test_the_part_is_whole_and_balanced_over_raters():
    study = make_study(angle_images=4)
    coverage = Coverage()
    firsts = Counter()
    for seed in range(24):
        trials = build_schedule(study, coverage, seed=seed)
        block = [t for t in trials if t.block == "pair" and t.role != "warmup"]
        places = [i for i, t in enumerate(block) if t.role in ("angle", "instructed")]
        angle = [t for t in block if t.role == "angle"]
        assert len(angle) == len({t.image for t in angle}) == 4
        found = [i for i in places if block[i].role == "angle"]
        gaps = set(range(found[0], found[-1] + 1)) - set(found)
        assert all(block[i].role == "instructed" for i in gaps), "one after the other"
        firsts["first" if found[0] <= 1 else "last"] += 1
        for before, after in itertools.pairwise(trials):
            assert before.image != after.image or before.block != after.block
        lefts = Counter(method(t.left) for t in angle)
        assert set(lefts) <= {"srresnet_x4", "srgan_x4"}
        for trial in angle:
            a, b = method(trial.left), method(trial.right)
            coverage.angle_first[trial.image, a, b] += 1
            coverage.angle_second[trial.image, b, a] += 1
    seen = Counter()
    for (image, a, b), n in coverage.angle_first.items():
        if (a, b) == ("srresnet_x4", "srgan_x4"):
            lead = n - coverage.angle_second[image, a, b]
            assert abs(lead) <= 1
            seen[image] = n + coverage.angle_second[image, a, b]
    assert max(seen.values()) - min(seen.values()) <= 1
    assert min(firsts.values()) >= 6


def test_without_it_plans_and_hashes_are_as_they_were():
    assert not any(t.role == "angle" for t in build_schedule(make_study(), Coverage(), seed=1))
    assert Protocol().sha256 == Protocol(angle_ppd=45.0).sha256
    assert Protocol().sha256 != Protocol(angle_images=1).sha256


def test_answers_say_how_much_was_magnified(angle_survey: Survey, angle_study: Study):
    rater = Rater(angle_survey)
    rater.show_display(ppi=200.0)  # 82.5 pixels per degree
    shown = rater.go_on()
    factors = Counter((t["kind"], t["magnification"]) for t in shown)
    assert factors["pair", 3] == 3
    assert set(factors) == {("rating", 1), ("pair", 1), ("pair", 3)}
    rater.finish()
    assert sum(pair["n"] for pair in _revealed(rater)) == len(angle_study.main) * 3
    frame = read_responses(angle_survey.store, "default")
    magnified = frame[frame["magnification"] > 1]
    assert set(magnified["role"]) == {"angle"}
    assert len(magnified) == 3


def _revealed(rater: Rater) -> list[dict]:
    return [
        {"n": sum(v for k, v in pair.items() if k in ("a", "b", "tie"))}
        for pair in rater.state["reveal"]["pairs"]
    ]


def test_the_table_is_that_of_the_answers(angle_survey: Survey):
    frame = read_responses(angle_survey.store, "default", include_simulated=True)
    frame = frame[frame["simulated"]]
    angle = frame[frame["role"] == "angle"]
    assert len(angle) == 12 * 3
    (row,) = angle_table(frame, METHODS).to_dict("records")
    assert (row["method_a"], row["method_b"], row["n"]) == ("srresnet_x4", "srgan_x4", 36)
    assert row["image_ppd"] == pytest.approx((angle["ppd"] / angle["magnification"]).median())
    assert row["magnified"] == pytest.approx((angle["magnification"] > 1).mean())
    # The difference again, by hand: each person's mean over photographs answered both ways.
    main = frame[(frame["role"] == "main") & (frame["kind"] == "pair")]
    networks = {"srresnet_x4", "srgan_x4"}
    main = main[[{a, b} == networks for a, b in zip(main.method_left, main.method_right)]]  # noqa: B905
    won = {"srresnet_x4": 1.0, "srgan_x4": 0.0, "tie": 0.5}
    both = pd.merge(main, angle, on=["participant", "image"])
    both["d"] = both["preferred_y"].map(won) - both["preferred_x"].map(won)
    own = both.groupby("participant")["d"].mean()
    assert row["difference"] == pytest.approx(own.mean())
    assert row["difference_low"] <= row["difference"] <= row["difference_high"]
    # What counts elsewhere does not contain it.
    assert int((~np.isnan(read_pairs(frame).won)).sum()) == 12 * 4 * 3
    assert pair_table(read_pairs(frame))["n"].sum() == 12 * 4 * 3


def test_no_answers_give_an_empty_table(angle_survey: Survey):
    frame = read_responses(angle_survey.store, "default", include_simulated=True)
    assert angle_table(frame[frame["role"] == "main"]).empty
    one = frame[frame["participant"] == frame["participant"].iloc[0]]
    (row,) = angle_table(one[one["role"] == "angle"]).to_dict("records")
    assert math.isnan(row["pixel_for_pixel"])
    assert math.isnan(row["difference_low"])


def test_the_public_edition_tells_nobodys_display(angle_survey: Survey):
    frame = with_numbers(read_responses(angle_survey.store, "default", include_simulated=True))
    for raters, is_told in ((4, False), (5, True)):
        some = frame[frame["participant"].isin(sorted(set(frame["participant"]))[:raters])]
        rows = public_analysis(some, analyse).same_angle.to_dict("records")
        assert bool(rows) == is_told  # of fewer nothing at all is told
        for row in rows:
            assert not math.isnan(row["image_ppd"])
            assert not math.isnan(row["preference_a"])

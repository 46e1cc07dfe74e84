"""What speaks of other photographs, and models that must not break quietly."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from survey.simulation.generator import simulate_studies
from survey.simulation.worlds import METHODS, World
from survey.statistics.estimates import attention, jod, pairs
from survey.statistics.estimates.crossed import crossed_mean, crossed_p, crossed_student
from survey.statistics.estimates.raters import subject_model
from survey.statistics.estimates.verdicts import alike_p, verdicts
from survey.statistics.questions import agreement, balance, density, paper
from survey.statistics.questions.ordinal import ordinal_table
from survey.statistics.questions.significance import comparisons
from survey.statistics.questions.summary import Asked, analyse
from survey.study.protocol import Protocol
from tests.helpers.simulated import responses

STUDY = simulate_studies(World(image_sd=0.5), 1, seed=4)


def test_of_complete_answers_the_variance_is_the_two_way_analysis_of_variance() -> None:
    values = STUDY.ratings(0).of("srgan_x4")
    raters, images = values.shape
    between_raters = images * values.mean(axis=1).var(ddof=1)
    between_images = raters * values.mean(axis=0).var(ddof=1)
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    within = (rest**2).sum() / ((raters - 1) * (images - 1))
    found = crossed_mean(values)
    expected = (between_raters + between_images - within) / values.size
    assert found.variance == pytest.approx(expected)
    ours = crossed_student(found)
    assert (ours.low + ours.high) / 2 == pytest.approx(values.mean())
    half = stats.t.ppf(0.975, found.degrees) * math.sqrt(expected)
    assert ours.high - ours.low == pytest.approx(2 * half)
    assert crossed_p(found, ours.low) == pytest.approx(0.05)


def test_the_interval_for_other_photographs_is_never_the_narrower_one() -> None:
    table = comparisons(STUDY.ratings(0))
    wide, narrow = table["any95_high"] - table["any95_low"], table["ci95_high"] - table["ci95_low"]
    assert (wide >= 0.95 * narrow).all()
    assert (wide > 1.3 * narrow).any()


def test_a_replication_needs_the_size_too() -> None:
    found = {"verdict": "differs", "difference": 0.4, "any95_low": 0.2, "any95_high": 0.6}
    assert paper.claim_verdict(found, 0.5) == "replicated"
    assert paper.claim_verdict(found, 0.8) == "smaller"
    assert paper.claim_verdict(found, 0.1) == "larger"
    assert paper.claim_verdict(found | {"difference": -0.4}, 0.5) == "not"
    assert paper.claim_verdict(found | {"verdict": "alike"}, 0.5) == "alike"


def test_alike_is_two_one_sided_tests() -> None:
    found = crossed_mean(STUDY.ratings(0).of("srgan_x4") - STUDY.ratings(0).of("srresnet_x4"))
    error = math.sqrt(found.variance)
    one_sided = [stats.t.sf((1.5 + side * found.value) / error, found.degrees) for side in (-1, 1)]
    assert alike_p(found, 1.5) == pytest.approx(max(one_sided))
    assert alike_p(found, abs(found.value) / 2) == 1
    assert verdicts([0.01, 0.2, 0.2, math.nan], [1, 0.01, 0.3, 1]) == [
        "differs", "alike", "not_shown", "too_few",
    ]  # fmt: skip


def test_no_rater_takes_all_weight_where_each_sees_few_of_many() -> None:
    scores = simulate_studies(World(images=40), 1, seed=2).scores[0]
    assert subject_model(scores, prior=0).inconsistency.min() < 0.05
    assert subject_model(scores).inconsistency.min() > 0.3


def test_where_all_agree_the_scale_has_an_interval_that_holds_more() -> None:
    choices = simulate_studies(World(raters=8), 1, seed=2).pairs(0)
    won = choices.won.copy()
    won[:, :, :2] = 0.0  # bicubic always loses
    sure = jod.jod_scale(replace(choices, won=won)).scores[2]
    assert pairs.is_sure(pairs.preference_jackknife(replace(choices, won=won), 0))
    assert sure.is_known
    assert sure.low < sure.value - 1


def test_davidsons_model_without_ties_is_bradley_and_terrys() -> None:
    choices = simulate_studies(World(tie_width=0.0), 1, seed=3).pairs(0)
    scale = jod.jod_scale(choices)
    values = [score.value for score in scale.scores]
    np.testing.assert_allclose(scale.davidson, values, atol=0.1)


def test_the_icc_is_there_when_somebody_left_early() -> None:
    ratings = simulate_studies(World(), 1, seed=6).ratings(0)
    scores = ratings.scores.copy()
    scores[0, 3:] = math.nan
    whole = agreement.intraclass(ratings)["single"]
    holes = agreement.intraclass(replace(ratings, scores=scores))["single"]
    assert holes.value == pytest.approx(whole.value, abs=0.02)
    assert holes.is_known


def test_slopes_take_each_method_by_itself_and_are_corrected_together() -> None:
    import statsmodels.api as sm

    ratings = simulate_studies(World(ppd_spread=0.5, divided_sd=0.8), 1, seed=6).ratings(0)
    table = density.slopes(ratings).set_index("method")
    x = np.log2(ratings.ppd)
    own = ratings.of("srgan_x4").mean(axis=1)
    fitted = sm.OLS(own, sm.add_constant(x)).fit(cov_type="HC3", use_t=True)
    assert table.loc["srgan_x4", "slope"] == pytest.approx(fitted.params[1])
    assert table.loc["srgan_x4", "p_value"] == pytest.approx(fitted.pvalues[1])
    assert (table["p_holm"] >= table["p_value"]).all()


def test_the_cumulative_model_and_the_means_agree_where_all_is_clear() -> None:
    ratings = simulate_studies(World(), 1, seed=6).ratings(0)
    table = ordinal_table(ratings, comparisons(ratings)).set_index(["method_a", "method_b"])
    assert table.loc[("srgan_x4", "bicubic"), "log_odds"] > 1
    assert not table.loc[("srgan_x4", "bicubic"), "disagrees"]


@pytest.mark.parametrize("kind", ["random", "anchors_right", "always_three", "half_random"])
def test_each_way_to_be_careless_is_seen(kind: str) -> None:
    world = World(careless_raters=1, careless_kind=kind)
    table = attention.rater_table(responses(simulate_studies(world, 1, seed=5)), METHODS)
    assert table.loc[0, "reasons"] != ""
    honest = simulate_studies(replace(world, careless_kind="whole_scale"), 1, seed=5)
    assert attention.rater_table(responses(honest), METHODS).loc[0, "reasons"] == ""


def test_who_left_is_counted_and_compared() -> None:
    table = responses(simulate_studies(World(raters=10, bias_sd=0.0), 1, seed=5))
    gone = table["participant"].isin(["rater-00", "rater-01", "rater-02"])
    table = table[~gone | (table["seq"] <= 40)].copy()
    severe = gone & (table["kind"] == "rating")
    table.loc[severe, "score"] = (table.loc[severe, "score"] - 1).clip(lower=1)
    found = balance.leaving(table, started=12)
    assert (found["started"], found["answered"], found["left"], found["finished"]) == (12, 10, 3, 7)
    assert found["median_share"] == pytest.approx(0.5)
    assert found["difference"].value < -0.4
    assert found["is_informative"]


def test_a_crossing_is_asked_of_the_pair_of_the_protocol() -> None:
    studies = simulate_studies(World(raters=16), 1, seed=5)
    ratings, choices = studies.ratings(0), studies.pairs(0)
    last, first = choices.compared[-1], choices.compared[0]
    assert (
        density.crossing_pair(choices, None) == density.crossing_pair(choices, ("a", "b")) == last
    )
    assert density.crossing_pair(choices, first) == first
    table = responses(studies)
    found = analyse(table, asked=Asked(order=METHODS, crossing=first))
    assert found.facts["crossing_pair"] == list(first)
    assert found.facts["crossing"] == density.crossings(ratings, choices, first)
    others = Protocol.of_models(("srresnet_x4", "srgan_x4", "esrgan_x4"))
    assert others.angle_pair == ("srresnet_x4", "srgan_x4") != others.compared[-1]


def test_any_methods_with_labels_are_analysed_in_the_studys_order() -> None:
    from survey.reporting.page.sentences import Sentences

    methods = ("phone", "mine", "theirs")
    world = World(
        methods=methods, compared=(("phone", "mine"), ("mine", "theirs")), quality=(1.5, 3.0, 4.5),
        dense=2,
    )  # fmt: skip
    asked = Asked(order=methods, labels={"mine": {"en": "Our net", "pt-BR": "Nossa rede"}})
    found = analyse(responses(simulate_studies(world, 1, seed=5)), asked=asked)
    assert found.ratings.methods == methods
    assert found.pairs.compared == world.compared
    assert found.claims.empty
    said = "\n".join(Sentences(found, "en").summary())
    assert "Our net is rated" in said
    assert "Our net is preferred to phone" in said

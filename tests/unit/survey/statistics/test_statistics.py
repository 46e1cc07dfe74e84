"""Scores and preferences: against textbook formulas, other libraries and published figures."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from survey.simulation.generator import simulate_studies
from survey.simulation.validate import NULL
from survey.simulation.worlds import METHODS, World
from survey.statistics.estimates import jod, mos, pairs, ranks
from survey.statistics.estimates.data import Pairs, Ratings, read_pairs, read_ratings
from survey.statistics.estimates.interval import (
    CONSTANT,
    NO_DATA,
    ONE_RATER,
    mean_of_cells,
    student,
    student_on_scale,
)
from survey.statistics.questions import agreement, paper, planning, significance
from survey.statistics.questions.summary import analyse
from tests.helpers.simulated import frame, pair, rating, responses

STUDY = simulate_studies(World(ppd_spread=0.5), 1, seed=4)


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)  # of what ran before in this process
        yield


def ratings_of(scores: np.ndarray, methods: tuple[str, ...] = METHODS) -> Ratings:
    """(raters, images, methods) scores as ratings."""
    raters, images, _ = scores.shape
    names = tuple(f"r{i}" for i in range(raters)), tuple(f"i{j}" for j in range(images))
    return Ratings(*names, methods, scores, np.full(raters, np.nan))


def pairs_of(won: np.ndarray, a_left: np.ndarray | None = None) -> Pairs:
    """(raters, images) outcomes of one pair, sides even unless given."""
    raters, images = won.shape
    if a_left is None:
        a_left = np.indices(won.shape).sum(axis=0) % 2 == 0
    names = tuple(f"r{i}" for i in range(raters)), tuple(f"i{j}" for j in range(images))
    ppd = np.full(raters, np.nan)
    order = ("bicubic", "srgan_x4")
    return Pairs(*names, order, (order,), won[..., None], a_left[..., None], ppd)


def test_reading_responses_gives_back_what_was_simulated() -> None:
    studies = simulate_studies(World(raters=5, images=3, missing=0.2), 1, seed=2)
    table = responses(studies)
    ratings, choices = read_ratings(table, METHODS), read_pairs(table, METHODS)
    np.testing.assert_array_equal(ratings.scores, studies.scores[0])
    np.testing.assert_array_equal(choices.won, studies.won[0])
    answered = ~np.isnan(choices.won)
    np.testing.assert_array_equal(choices.a_left[answered], studies.a_left[0][answered])
    assert choices.compared == studies.pairs(0).compared


def test_only_main_trials_count() -> None:
    rows = [
        rating("a", 1, "i", "bicubic", 2),
        rating("a", 2, "i", "bicubic", 5, role="repeat"),
        rating("a", 3, "i", "bicubic", 5, role="golden"),
    ]
    assert read_ratings(frame(rows)).scores.tolist() == [[[2.0]]]


def test_of_complete_ratings_the_interval_is_students_on_rater_means() -> None:
    means = STUDY.ratings(0).of("srgan_x4").mean(axis=1)
    ours = student(mean_of_cells(STUDY.ratings(0).of("srgan_x4")))
    low, high = stats.t.interval(0.95, len(means) - 1, means.mean(), stats.sem(means))
    assert ours.low == pytest.approx(low)
    assert ours.high == pytest.approx(high)
    assert ours.se == pytest.approx(stats.sem(means))


def test_of_a_difference_the_interval_is_the_paired_t_test() -> None:
    ratings = STUDY.ratings(0)
    steps = (ratings.of("srgan_x4") - ratings.of("srresnet_x4")).mean(axis=1)
    expected = stats.ttest_1samp(steps, 0).confidence_interval(0.95)
    ours = mos.difference(ratings, "srgan_x4", "srresnet_x4")
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high))


def test_intervals_stay_on_the_scale() -> None:
    scores = np.ones((6, 4, 1))
    scores[0, 0, 0] = scores[1, 2, 0] = 2
    found = mos.method_mos(ratings_of(scores, ("nearest",)), "nearest")
    assert 1 < found.low < found.value < found.high < 5
    assert found.high - found.value > found.value - found.low


def test_a_missing_good_image_does_not_make_a_method_worse() -> None:
    scores = np.tile(np.array([1.0, 5.0]), (8, 1))
    scores[:4, 1] = np.nan
    assert mean_of_cells(scores).value == 3.0


def test_the_mean_of_a_method_is_that_of_its_images() -> None:
    table = mos.mos_table(STUDY.ratings(0))
    rows = table[(table["method"] == "srgan_x4") & (table["ppd_bin"] == "all")]
    whole = rows[rows["image"] == "all"].iloc[0]
    assert whole["mos"] == pytest.approx(rows[rows["image"] != "all"]["mos"].mean())
    assert whole["n"] == 240
    assert sum(whole[f"share_{s}"] for s in range(1, 6)) == pytest.approx(1)
    bins = table[(table["method"] == "srgan_x4") & (table["ppd_bin"] != "all")]
    assert bins["raters"].sum() == 24


def test_the_differential_score_is_five_for_what_equals_the_original() -> None:
    scores = np.random.default_rng(1).integers(1, 6, (9, 4, 1)).astype(float)
    ratings = ratings_of(np.concatenate([scores, scores - 0], axis=2), ("srgan_x4", "original"))
    found = mos.dmos(ratings, "srgan_x4")
    assert found.value == 5
    assert found.reason == CONSTANT
    assert mos.dmos(ratings, "original").reason == "no_reference"


def claims_of(scores: np.ndarray) -> pd.DataFrame:
    return paper.claims_table(significance.comparisons(ratings_of(scores)))


def test_the_papers_order_is_found_in_its_own_figures() -> None:
    scores = STUDY.ratings(0).scores
    assert set(claims_of(scores)["verdict"]) <= {"replicated", "smaller", "larger"}
    assert "not" in set(claims_of(scores[:, :, ::-1])["verdict"])


def test_without_a_corrected_difference_there_is_no_verdict() -> None:
    many = simulate_studies(NULL, 20, seed=2)
    tables = [claims_of(many.scores[s]) for s in range(20)]
    assert any(((t["ci95_low"] > 0) | (t["ci95_high"] < 0)).any() for t in tables)
    assert {v for t in tables for v in t["verdict"]} == {"alike"}  # and that is shown
    strict = significance.comparisons(ratings_of(many.scores[0]), margin=0.05)
    assert set(paper.claims_table(strict)["verdict"]) == {"not_shown"}
    assert set(claims_of(many.scores[0][:5])["verdict"]) == {"too_few"}


def test_no_corrected_p_is_below_that_of_all_methods_together() -> None:
    many = simulate_studies(NULL, 5, seed=2)
    for s in range(5):
        ratings = many.ratings(s)
        table = significance.comparisons(ratings)
        assert (table["p_holm"] >= significance.friedman(ratings)["p_value"]).all()
        assert (table["is_significant"] == (table["p_holm"] < 0.05)).all()


# Preferences


def test_wilsons_interval_is_that_of_statsmodels() -> None:
    from statsmodels.stats.proportion import proportion_confint

    for count, n in ((0, 10), (3, 10), (10, 10), (57, 120)):
        expected = proportion_confint(count, n, method="wilson")
        assert pairs.wilson(count / n, n) == pytest.approx(expected)
    assert math.isnan(pairs.wilson(0.5, 0)[0])


def test_a_preference_weighs_both_sides_alike() -> None:
    # On the left a always wins, on the right never; it was on the left three times of four.
    a_left = np.tile(np.array([True, True, True, False]), (8, 1))
    found = pairs.preference(pairs_of(a_left.astype(float), a_left), 0)
    assert found.value == 0.5


def test_where_all_agree_the_interval_counts_people_not_answers() -> None:
    found = pairs.preference(pairs_of(np.ones((10, 20))), 0)
    assert found.value == 1
    assert (found.low, found.high) == pytest.approx(pairs.wilson(1.0, 10))


def test_all_ties_are_no_preference_and_no_interval() -> None:
    found = pairs.preference(pairs_of(np.full((10, 4), 0.5)), 0)
    assert (found.value, found.reason, found.is_known) == (0.5, "all_ties", False)
    assert pairs.p_value(pairs_of(np.full((10, 4), 0.5)), 0) == 1
    assert pairs.left_share(pairs_of(np.full((10, 4), 0.5))).reason == NO_DATA


def test_the_test_of_all_pairs_is_hotellings() -> None:
    from statsmodels.stats.multivariate import test_mvmean

    choices = STUDY.pairs(0)
    own = choices.won.mean(axis=1)
    expected = test_mvmean(own, np.full(own.shape[1], 0.5)).pvalue
    assert pairs.overall_p(choices) == pytest.approx(expected, rel=1e-6)
    one = pairs_of(np.random.default_rng(2).integers(0, 2, (12, 4)).astype(float))
    t_test = stats.ttest_1samp(one.won[:, :, 0].mean(axis=1), 0.5).pvalue
    assert pairs.overall_p(one) == pytest.approx(t_test)
    assert math.isnan(pairs.overall_p(pairs_of(np.ones((12, 4)))))
    assert math.isnan(pairs.overall_p(pairs_of(np.ones((2, 4)))))


def test_bradley_terry_is_that_of_evalica() -> None:
    import evalica

    rng = np.random.default_rng(5)
    wins = rng.integers(5, 60, (3, 2)).astype(float)
    compared = np.array([[0, 1], [0, 2], [1, 2]])
    counts = wins.sum(axis=1)
    ours = jod.bradley_terry(wins[None, :, 0] / counts, counts, compared)[0]
    half = jod.PRIOR / 2
    xs, ys, won, weights = [], [], [], []
    for (a, b), (first, second) in zip(compared.tolist(), wins, strict=True):
        xs += [a, a]
        ys += [b, b]
        won += [evalica.Winner.X, evalica.Winner.Y]
        weights += [first + half, second + half]
    scores = evalica.bradley_terry(xs, ys, won, weights=weights, tolerance=1e-12).scores
    theirs = np.log(scores.sort_index().to_numpy(dtype=float))
    np.testing.assert_allclose(ours, theirs - theirs.mean(), atol=1e-6)


def test_one_jod_is_a_preference_of_three_quarters() -> None:
    won = np.tile(np.array([1.0, 1, 1, 0]), (400, 1))
    won[:, :] = won[:, [0, 1, 2, 3]]
    a_left = np.tile(np.array([True, False]), (400, 2))
    a_left[200:] = ~a_left[200:]
    scale = jod.jod_scale(pairs_of(won, a_left))
    assert scale.methods == ("bicubic", "srgan_x4")
    assert scale.scores[1].value == pytest.approx(-1, abs=0.01)
    assert scale.scores[0].reason == "anchor"


def test_circular_triads_are_counted() -> None:
    compared = (("bicubic", "srresnet_x4"), ("bicubic", "srgan_x4"), ("srresnet_x4", "srgan_x4"))
    outcomes = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 0], [1, 0.5, 1]])
    choices = Pairs(
        tuple("abcde"), ("i",), METHODS, compared, outcomes[:, None, :],
        np.zeros((5, 1, 3), bool), np.full(5, np.nan),
    )  # fmt: skip
    found = pairs.circular_triads(choices)
    assert (found["triads"], found["circular"]) == (4, 2)


def test_choices_agree_with_own_ratings() -> None:
    rows = [
        rating("a", 1, "i", "bicubic", 2),
        rating("a", 2, "i", "srgan_x4", 4),
        pair("a", 3, "i", ("srgan_x4", "bicubic"), "left"),
        rating("b", 1, "i", "bicubic", 2),
        rating("b", 2, "i", "srgan_x4", 4),
        pair("b", 3, "i", ("srgan_x4", "bicubic"), "right"),
    ]
    found = pairs.agreement_with_ratings(read_pairs(frame(rows)), read_ratings(frame(rows)))
    assert found == {"n": 2, "share": 0.5}


# Agreement


def test_alpha_is_krippendorffs_own_example() -> None:
    # Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section F: ordinal 0.815.
    nan = math.nan
    table = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
            [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
        ]
    )
    found = agreement.krippendorff_alpha(ratings_of(table[:, :, None], ("bicubic",)))
    assert found.value == pytest.approx(0.815, abs=0.0005)
    assert found.low < found.value < found.high


def test_icc_is_that_of_shrout_and_fleiss() -> None:
    # Shrout and Fleiss 1979, table 2 and 4: ICC(2,1) 0.29, ICC(2,4) 0.62.
    table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    scores = np.array(table, dtype=float).T[:, :, None]
    found = agreement.intraclass(ratings_of(scores, ("bicubic",)))
    assert found["single"].value == pytest.approx(0.29, abs=0.005)
    assert found["average"].value == pytest.approx(0.62, abs=0.005)
    # McGraw and Wong's interval of the same table, as printed for ICC(A,1) by R's irr::icc.
    assert (found["single"].low, found["single"].high) == pytest.approx((0.0188, 0.761), abs=0.001)


def test_repeats_are_compared_with_what_they_repeat() -> None:
    rows = [
        rating("a", 1, "i", "bicubic", 2),
        rating("a", 2, "j", "bicubic", 4),
        rating("a", 3, "i", "bicubic", 2, role="repeat", repeat_of="a-1"),
        rating("a", 4, "j", "bicubic", 3, role="repeat", repeat_of="a-2"),
        pair("a", 5, "i", ("srgan_x4", "bicubic"), "left"),
        pair("a", 6, "i", ("bicubic", "srgan_x4"), "right")
        | {"role": "repeat", "repeat_of": "a-5"},
    ]
    found = agreement.retest(frame(rows))
    assert (found["n"], found["exact"], found["within_one"]) == (2, 0.5, 1)
    assert found["mean_difference"] == 0.5
    assert (found["pairs_n"], found["pairs_same"]) == (1, 1)


def test_weighted_kappa() -> None:
    one, two = np.array([1, 2, 3, 4, 5, 5]), np.array([1, 2, 3, 4, 5, 4])
    squares = ((one - two) ** 2).mean()
    by_chance = ((one[:, None] - two[None, :]) ** 2).mean()
    assert agreement.weighted_kappa(one, two) == pytest.approx(1 - squares / by_chance)
    assert math.isnan(agreement.weighted_kappa(one[:1], two[:1]))


# Significance and planning


def test_tests_are_those_of_scipy() -> None:
    ratings = STUDY.ratings(0)
    means = ratings.scores.mean(axis=1)
    found = significance.friedman(ratings)
    assert found["p_value"] == pytest.approx(stats.friedmanchisquare(*means.T).pvalue)
    table = significance.comparisons(ratings)
    row = table[(table["method_a"] == "srgan_x4") & (table["method_b"] == "srresnet_x4")].iloc[0]
    step = np.round(means[:, 3] - means[:, 2], 10)
    assert row["p_value"] == pytest.approx(stats.wilcoxon(step).pvalue)
    assert row["p_holm"] >= row["p_value"]
    assert row["is_significant"]


def test_holm_steps_down_and_leaves_out_what_is_missing() -> None:
    found = ranks.holm(np.array([0.01, math.nan, 0.04, 0.03]))
    assert found[[0, 2, 3]] == pytest.approx([0.03, 0.06, 0.06])
    assert math.isnan(found[1])
    assert ranks.rank_biserial(np.array([1.0, 2, 3])) == 1
    assert ranks.signed_rank(np.zeros(8)) == 1


@pytest.mark.parametrize(
    ("effect", "sd", "raters"),
    [(1.0, 0.7, 9), (1.0, 1.0, 14), (0.5, 0.7, 24), (0.5, 1.0, 45), (0.3, 0.7, 60), (0.3, 1, 120)],
)
def test_raters_needed_for_three_comparisons(effect: float, sd: float, raters: int) -> None:
    # Paired t test, power 0.8, 0.05 / 3; the figures of pingouin.power_ttest.
    assert abs(planning.raters_needed(effect, sd, comparisons=3) - raters) <= 1


def test_planning_says_whether_the_spread_is_measured() -> None:
    table = planning.planning_table(STUDY.ratings(0), STUDY.pairs(0))
    assert table["is_measured"].all()
    assert (table["raters_needed"] > 1).all()
    empty = planning.planning_table(STUDY.ratings(0).only(np.arange(24) < 2), STUDY.pairs(0))
    assert not empty[empty["question"] == "mos_0.5"]["is_measured"].any()
    assert planning.raters_needed(0.0, 1.0) is None


# Little to say


def test_no_interval_without_two_raters_who_differ() -> None:
    assert student(mean_of_cells(np.empty((0, 3)))).reason == NO_DATA
    assert student(mean_of_cells(np.full((4, 3), np.nan))).reason == NO_DATA
    one = student_on_scale(mean_of_cells(np.array([[3.0, 4.0]])), (1, 5))
    assert (one.value, one.reason, one.is_known) == (3.5, ONE_RATER, False)
    same = student_on_scale(mean_of_cells(np.full((6, 3), 4.0)), (1, 5))
    assert (same.value, same.reason, same.is_known) == (4, CONSTANT, False)


@pytest.mark.parametrize("n", [6, 9])
def test_the_test_on_ranks_is_that_of_scipy_with_ties_and_zeros(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(3):
        step = rng.integers(-2, 4, n) / 10
        assert ranks.signed_rank(step) == pytest.approx(stats.wilcoxon(step).pvalue)


def test_an_analysis_of_a_class_of_twelve_takes_less_than_a_second() -> None:
    table = responses(simulate_studies(World(raters=12, ppd_spread=0.5), 1, seed=4))
    analyse(table)  # libraries are loaded by now
    start = time.process_time()
    analyse(table)
    assert time.process_time() - start < 1

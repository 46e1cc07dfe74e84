"""Who rates how, against sureal (Netflix's own code of the standards), and attention checks."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest

from survey.simulation.generator import simulate_studies
from survey.simulation.worlds import World
from survey.statistics.estimates import raters
from survey.statistics.estimates.attention import rater_table
from survey.statistics.estimates.raters import bt500, subject_model
from tests.helpers.simulated import frame, rating, responses

METHODS = ("bicubic", "srgan_x4", "original")


def sureal_result(name: str, scores: np.ndarray) -> dict[str, Any]:
    """What sureal finds: (raters, versions) scores without gaps, or with NaN."""
    pytest.importorskip("sureal", reason="sureal is the reference: requirements-dev.txt")
    from sureal.dataset_reader import RawDatasetReader
    from sureal.subjective_model import SubjectiveModel

    class Dataset:
        dataset_name = "test"
        yuv_fmt = "yuv420p"
        width, height = 16, 16
        ref_score = 5.0
        ref_videos = tuple(
            {"content_id": i, "content_name": str(i), "path": str(i)}
            for i in range(scores.shape[1])
        )
        dis_videos = tuple(
            {
                "content_id": i,
                "asset_id": i,
                "path": f"d{i}",
                "os": {f"{r:03d}": s for r, s in enumerate(column) if s == s},
            }
            for i, column in enumerate(scores.T)
        )

    with contextlib.redirect_stdout(io.StringIO()):
        model = SubjectiveModel.find_subclass(name)(RawDatasetReader(Dataset))
        return model.run_modeling()


@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_the_subject_model_is_that_of_sureal(missing: float) -> None:
    studies = simulate_studies(World(raters=14, images=6, missing=missing), 1, seed=8)
    scores = studies.scores[0].reshape(14, -1)
    ours, theirs = subject_model(scores[:, :, None], prior=0), sureal_result("P910", scores)
    np.testing.assert_allclose(ours.quality.ravel(), theirs["quality_scores"], atol=1e-6)
    np.testing.assert_allclose(ours.bias, theirs["observer_bias"], atol=1e-6)
    np.testing.assert_allclose(ours.inconsistency, theirs["observer_inconsistency"], atol=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_screening_is_that_of_sureal(seed: int) -> None:
    world = World(raters=12, images=20, images_per_rater=20, careless_raters=1)
    scores = simulate_studies(world, 1, seed=seed).scores[0].reshape(12, -1)
    # Where all agree sureal counts every score as far above and far below; the standard does not.
    scores = scores[:, np.nanstd(scores, axis=0) > 0]
    theirs = sureal_result("BT500", scores)
    assert bt500(scores[:, :, None]).rejects.tolist() == list(theirs["observer_rejected"])


def test_bias_and_inconsistency_are_found() -> None:
    rng = np.random.default_rng(3)
    quality, bias = rng.uniform(2, 4, 400), np.tile([-0.5, 0.0, 0.1, 0.4], 3)
    noise = np.repeat([0.4, 0.5, 0.6, 1.0], 3)
    scores = quality + bias[:, None] + noise[:, None] * rng.normal(size=(12, 400))
    found = subject_model(scores[:, :, None])
    np.testing.assert_allclose(found.bias, bias - bias.mean(), atol=0.12)
    np.testing.assert_allclose(found.inconsistency, noise, atol=0.12)
    assert found.quality.ravel() == pytest.approx(quality + bias.mean(), abs=0.8)
    assert (raters.weights(found.inconsistency)[:3] > 1).all()
    assert (raters.weights(found.inconsistency)[9:] < 0.5).all()


def test_the_careless_rater_is_last_and_told_why() -> None:
    studies = simulate_studies(World(careless_raters=1), 1, seed=5)
    table = rater_table(responses(studies)).set_index("participant")
    careless = table.loc["rater-00"]
    assert careless["rank"] == 24
    assert "inconsistent" in careless["reasons"]
    assert careless["weight"] < 0.5
    assert (table["n_ratings"] == 50).all()
    assert (table.drop(index="rater-00")["reasons"] == "").mean() > 0.9


def test_attention_is_counted() -> None:
    rows = []
    for person in "abc":
        for k, method in enumerate(METHODS * 3):
            score = 3 if person == "c" else 1 + (k * (2 if person == "a" else 3)) % 5
            flags = "fast;no_display" if person == "b" else ""
            rows.append(rating(person, k, f"i{k // 3}", method, score, flags=flags))
    rows += [
        rating("a", 20, "g", "nearest", 1, role="golden", expected="<=2", correct=True),
        rating("b", 20, "g", "nearest", 5, role="golden", expected="<=2", correct=False),
        rating("b", 21, "g", "nearest", 5, role="instructed", expected="3", correct=False),
        rating("a", 22, "i0", METHODS[0], 4, role="repeat", repeat_of="a-0"),
    ]
    table = rater_table(frame(rows)).set_index("participant")
    assert table.loc["a", "golden_passed"] == 1
    assert table.loc["a", "repeat_mean_difference"] == 3
    assert {"golden", "instructed", "fast"} <= set(table.loc["b", "reasons"].split(";"))
    assert "straight_lining" in table.loc["c", "reasons"].split(";")


def test_one_rater_and_constant_scores_have_no_rank_to_be_ashamed_of() -> None:
    rows = [rating("a", k, f"i{k}", "bicubic", 3) for k in range(6)]
    table = rater_table(frame(rows))
    assert table["weight"].tolist() == [1.0]
    assert not table["bt500_rejects"].any()
    assert rater_table(frame([])).empty

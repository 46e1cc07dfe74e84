"""Several studies in one folder: which raters get, and what their owner does with them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from survey.preparation.order import Order
from survey.preparation.problems import ProblemsError
from survey.session import owner, rating
from survey.session.protected import ProtectedSurvey
from survey.storage.responses import read_responses
from survey.studies import shelf
from survey.studies.making import Making, MakingError
from survey.study.errors import (
    RatingGoesOnError,
    StudyClosedError,
    StudyError,
    StudyFixedError,
)
from survey.study.study import draft_of
from tests.unit.survey.conftest import Rater, tell_the_same


@pytest.fixture
def start(data_folder: Path) -> Iterator[Callable[..., ProtectedSurvey]]:
    """A function that does what a start of the server does."""
    started = []

    def start_it(**options: Any) -> ProtectedSurvey:
        protected = ProtectedSurvey(data_folder, **{"is_fixed": False} | options)
        started.append(protected)
        return protected

    yield start_it
    for protected in started:
        protected.close()


def states(protected: ProtectedSurvey) -> dict[str, str]:
    return {one["name"]: one["state"] for one in shelf.studies_of(protected.survey)}


def test_opening_another_gives_it_to_raters_also_after_a_restart_and_a_rebuild(
    start: Callable[..., ProtectedSurvey], data_folder: Path
) -> None:
    protected = start()
    shelf.copy_of(protected.survey, "default", "second")
    assert states(protected) == {"default": "open", "second": "prepared"}
    shelf.open_study(protected, "second")
    assert states(protected) == {"default": "closed", "second": "open"}
    assert protected.survey.status()["study"] == "second"
    Rater(protected.survey).finish()
    assert len(read_responses(protected.survey.store, "second", False))
    assert not len(read_responses(protected.survey.store, "default", False))
    shelf.archive_study(protected, "default")
    assert tell_the_same(protected.survey)
    protected.close()
    again = start()
    assert again.survey.study_name == "second"
    again.close()
    for path in data_folder.glob("survey.db*"):
        path.unlink()
    rebuilt = start()
    assert rebuilt.survey.study_name == "second"
    assert states(rebuilt) == {"default": "archived", "second": "open"}
    assert [one["raters"] for one in shelf.studies_of(rebuilt.survey) if one["is_served"]] == [1]


def test_what_is_set_of_a_study_that_was_never_opened_is_refused_and_not_lost(
    start: Callable[..., ProtectedSurvey],
) -> None:
    protected = start()
    shelf.copy_of(protected.survey, "default", "second")
    second = protected.survey.of("second")
    for change in (
        lambda: owner.set_margins(second, 0.5, 0.1),
        lambda: owner.set_results_open(second, True),
        lambda: shelf.close_study(protected, "second"),
    ):
        with pytest.raises(StudyError, match="'second' was never opened; open it first"):
            change()
    assert tell_the_same(protected.survey)


def test_whoever_rated_another_study_keeps_what_was_given(
    start: Callable[..., ProtectedSurvey],
) -> None:
    protected = start()
    done, under_way = Rater(protected.survey), Rater(protected.survey)
    done.finish()
    under_way.go_on(3)
    shelf.copy_of(protected.survey, "default", "second")
    with pytest.raises(RatingGoesOnError, match="1 people are in the middle of rating default"):
        shelf.open_study(protected, "second")
    assert states(protected)["second"] == "prepared"
    shelf.open_study(protected, "second", is_confirmed=True)
    assert rating.state(protected.survey, done.token)["reveal"] == done.state["reveal"]
    assert rating.state(protected.survey, under_way.token)["phase"] == "closed"
    for rater in (done, under_way):  # may take part in the other one
        assert rating.state(protected.survey, rater.token)["is_other_open"]
    shelf.close_study(protected, "second")
    assert not rating.state(protected.survey, under_way.token)["is_other_open"]
    shelf.open_study(protected, "default")
    assert not rating.state(protected.survey, done.token)["is_other_open"]
    under_way.survey = protected.survey
    under_way.state = rating.state(protected.survey, under_way.token)
    under_way.finish()
    assert under_way.state["phase"] == "end"


@pytest.mark.timeout(60)
def test_an_answer_to_a_study_that_was_open_before_a_restart_holds_nobody_up(
    start: Callable[..., ProtectedSurvey],
) -> None:
    protected = start()
    rater = Rater(protected.survey)
    rater.go_on(3)
    shelf.copy_of(protected.survey, "default", "second")
    shelf.open_study(protected, "second", is_confirmed=True)
    protected.close()
    again = start()
    rater.survey = again.survey
    with pytest.raises(StudyClosedError):
        rater.answer()  # the first that the new process hears of the study
    Rater(again.survey).go_on(1)


def test_a_study_that_is_prepared_again_stays_the_one_that_raters_get(
    start: Callable[..., ProtectedSurvey], data_folder: Path
) -> None:
    protected = start()
    shelf.copy_of(protected.survey, "default", "second")
    shelf.open_study(protected, "second")
    protected.close()
    shutil.rmtree(data_folder / "studies" / "second")
    between = start(is_fixed=True)
    shelf.copy_of(between.survey, "default", "second")
    between.close()
    for _ in range(2):  # the first start takes the new one down, the second reads that
        again = start()
        assert again.survey.study_name == "second"
        assert tell_the_same(again.survey)
        again.close()


def test_a_server_started_for_one_study_keeps_to_it(start: Callable[..., ProtectedSurvey]) -> None:
    protected = start(is_fixed=True)
    shelf.copy_of(protected.survey, "default", "second")
    with pytest.raises(StudyFixedError, match="NITIDEZ_STUDY"):
        shelf.open_study(protected, "second")
    shelf.close_study(protected, "default")
    shelf.open_study(protected, "default")
    assert states(protected) == {"default": "open", "second": "prepared"}


def test_what_cannot_be_done_is_said(
    start: Callable[..., ProtectedSurvey], data_folder: Path
) -> None:
    protected = start()
    with pytest.raises(StudyError, match="exists"):
        shelf.copy_of(protected.survey, "default", "default")
    with pytest.raises(StudyError, match="study name"):
        shelf.folder_of(protected.survey, "../away")
    with pytest.raises(StudyError, match="no study"):
        shelf.open_study(protected, "nowhere")
    shelf.copy_of(protected.survey, "default", "second")
    with pytest.raises(StudyError, match="never opened"):
        shelf.close_study(protected, "second")
    (data_folder / "studies" / "second" / "study.json").write_text("{}")
    broken = next(one for one in shelf.studies_of(protected.survey) if one["name"] == "second")
    assert broken["state"] == "broken"
    assert "lacks" in broken["problem"]


def test_a_study_that_is_opened_while_the_default_one_is_made_stays_the_open_one(
    start: Callable[..., ProtectedSurvey], data_folder: Path
) -> None:
    protected = start()
    shelf.copy_of(protected.survey, "default", "second")
    protected.close()
    default, aside = data_folder / "studies" / "default", data_folder / "aside-for-now"
    default.rename(aside)
    for path in (*data_folder.glob("survey.db*"), *data_folder.glob("journal/*")):
        path.unlink()
    protected = start()
    first = protected.survey
    assert first.status()["state"] == "preparing"
    shelf.open_study(protected, "second")
    first.make_study(lambda folder, progress: aside.rename(folder))
    assert states(protected) == {"default": "prepared", "second": "open"}


@pytest.fixture
def order(tmp_path: Path) -> Order:
    rng = np.random.default_rng(3)
    for folder in ("photos", "MINE"):
        (tmp_path / folder).mkdir()
        for name in ("a", "b"):
            picture = rng.integers(0, 256, (32, 48, 3), np.uint8)
            Image.fromarray(picture).save(tmp_path / folder / f"{name}.png")
    return Order(
        photos=tmp_path / "photos",
        folders={"MINE": tmp_path / "MINE"},
        methods=["bicubic"],
        settings={"width": 48, "height": 32},
        scale=4,
    )


def test_a_study_is_made_in_the_background(order: Order, tmp_path: Path) -> None:
    making, ended = Making(lambda: datetime(2026, 1, 2, tzinfo=UTC)), threading.Event()
    assert making.told() is None
    making.begin(order, tmp_path / "studies" / "new", ended=ended.set)
    making.wait(60)
    assert making.told() == {"name": "new", "share": 1.0, "state": "made"}
    assert ended.is_set()
    assert (tmp_path / "studies" / "new" / "plan.txt").is_file()


def test_a_cancelled_or_failed_one_leaves_nothing(
    order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    making, ended = Making(lambda: datetime(2026, 1, 2, tzinfo=UTC)), []
    folder = tmp_path / "studies" / "new"
    goes_on, written = threading.Event(), threading.Event()
    write = "survey.preparation.versions.write_plain_png"

    def slow(path: Path, rgb: np.ndarray) -> str:
        written.set()
        assert goes_on.wait(30)
        return "0" * 64

    with monkeypatch.context() as patch:
        patch.setattr(write, slow)
        making.begin(order, folder, ended=lambda: ended.append(1))
        assert written.wait(60)
        assert draft_of(folder).is_dir()
        with pytest.raises(MakingError):
            making.begin(order, folder, ended=lambda: None)
        making.cancel()
        goes_on.set()
        making.wait(60)
    assert making.told()["state"] == "cancelled"  # type: ignore[index]
    (tmp_path / "MINE" / "b.png").unlink()
    making.begin(order, folder, ended=lambda: ended.append(2))
    making.wait(60)
    assert making.told()["state"] == "failed"  # type: ignore[index]
    assert isinstance(making.problem, ProblemsError)
    assert "no picture of b" in str(making.problem)
    assert ended == [1, 2]
    assert list((tmp_path / "studies").iterdir()) == []

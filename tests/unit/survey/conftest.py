"""A small study, and surveys on copies of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from survey.preparation.sources import Source
from survey.preparation.versions import prepare_study
from survey.session import rating
from survey.session.start import start
from survey.session.survey import Survey
from survey.storage.events import differences
from survey.study.protocol import Protocol
from survey.study.study import Study

PROTOCOL = Protocol(width=48, height=32, images_per_rater=4, practice=2, warmups=1, repeats=2)
DISPLAY = {
    "ppi": 92.0,
    "ppi_method": "card",
    "distance_cm": 60.0,
    "distance_method": "ruler",
    "dpr": 1,
    "screen_width": 1920,
    "screen_height": 1080,
    "pixel_check": "pass",
}
CONDITIONS = {
    "dpr": 1,
    "visual_scale": 1,
    "viewport_width": 1900,
    "viewport_height": 900,
    "screen_width": 1920,
    "screen_height": 1080,
    "orientation": "landscape",
    "clipped": 0,
    "pixel_check": "pass",
}


def answer_to(trial: dict[str, Any], value: int | str, **changes: Any) -> dict[str, Any]:
    """What a browser sends."""
    kind = "choice" if trial["kind"] == "pair" else "score"
    times = {"rt_ms": 2500.0, "ready_ms": 40.0, "flicker_ms": 0.0, "switches": 0, "focus_lost": 0}
    body = {"trial_id": trial["id"], kind: value, "conditions": CONDITIONS, **times}
    return body | changes


def value_for(trial: dict[str, Any]) -> int | str:
    """An answer that follows an instruction and is else in the middle."""
    if trial["instructed"] is not None:
        return trial["instructed"] if trial["kind"] == "pair" else int(trial["instructed"])
    return "left" if trial["kind"] == "pair" else 3


def tell_the_same(survey: Survey) -> bool:
    """Whether database and journal do, to the last letter, and the tables are what they tell."""
    told, damaged = survey.record.journal.read()
    is_whole = survey.record.journal.path.read_bytes()[-1:] in (b"\n", b"")
    same = told == survey.store.lines() and not damaged and is_whole
    return same and not differences(survey.store.db.conn)


class Rater:
    """Goes through a survey as a browser does."""

    def __init__(self, survey: Survey, **options: Any) -> None:
        self.survey = survey
        started = start(
            survey,
            **{
                "language": "en",
                "consent_version": survey.status()["consent_version"],
                "adult": True,
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
            }
            | options,
        )
        self.token, self.code, self.state = started["token"], started["code"], started["state"]

    def answer(self, value: int | str | None = None, **changes: Any) -> dict[str, Any]:
        trial = self.state["trial"]
        result = rating.answer(
            self.survey,
            self.token,
            answer_to(trial, value_for(trial) if value is None else value, **changes),
        )
        self.state = result["state"]
        return result

    def show_display(self, **changes: Any) -> None:
        self.state = rating.set_display(self.survey, self.token, DISPLAY | changes)

    def go_on(self, count: int | None = None) -> list[dict[str, Any]]:
        """Answer everything, or so many trials; the trials that were shown."""
        shown = []
        if self.state["phase"] == "display":
            self.show_display()
        while self.state["phase"] in ("practice", "rating", "pair", "break"):
            if count is not None and len(shown) == count:
                break
            if self.state["phase"] == "break":
                self.state = rating.resume(self.survey, self.token)
                continue
            shown.append(self.state["trial"])
            self.answer()
        return shown

    def finish(self) -> None:
        self.go_on()
        self.state = rating.finish(self.survey, self.token, comment="fine", vision="normal")


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    rng = np.random.default_rng(7)
    return [
        Source(f"photo {i}", rng.integers(0, 256, (40, 60, 3), dtype=np.uint8), role)
        for i, role in enumerate(("main",) * 4 + ("practice",) * 2)
    ]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, sources: list[Source]) -> Study:
    """A study of four photographs; copy it, never change it."""
    folder = tmp_path_factory.mktemp("study") / "studies" / "default"
    folder.parent.mkdir()
    return prepare_study(sources, folder, protocol=PROTOCOL, now="2026-01-02T03:04:05.678+00:00")


@pytest.fixture
def data_folder(tmp_path: Path, prepared: Study) -> Path:
    """A data folder with the study in it."""
    shutil.copytree(prepared.folder, tmp_path / "data" / "studies" / "default")
    return tmp_path / "data"


@pytest.fixture
def open_survey(data_folder: Path) -> Iterator[Callable[..., Survey]]:
    """A function that opens the survey of the data folder, as a start of the server does."""
    surveys = []

    def open_it(**options: Any) -> Survey:
        survey = Survey(data_folder, **options)
        surveys.append(survey)
        return survey

    yield open_it
    for survey in surveys:
        survey.close()


@pytest.fixture
def survey(open_survey: Callable[..., Survey]) -> Survey:
    return open_survey()

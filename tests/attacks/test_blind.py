"""A rater who can program learns nothing about which version is which before the end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.app.settings import Settings
from demo.photos.kept_back import DiscreetJobs, KeptBack, StudyPhotoError
from demo.photos.problems import problem_of
from demo.rating.routes import survey_routes
from demo.web.i18n import LANGUAGES, say
from demo.work.versions import ImageStore
from sr.images.photo import Photo
from survey.session.survey import Survey
from tests.helpers.fake_engine import FakeEngine
from tests.helpers.tiny_study import make_study
from tests.unit.demo.rating.test_routes import begin, post
from tests.unit.sr.images.test_likeness import blocky, compressed, photograph
from tests.unit.survey.conftest import DISPLAY, answer_to, value_for


def whole_session(client: TestClient) -> list[dict[str, Any]]:
    """Every trial of a session, as the browser is told it."""
    token = begin(client)["token"]
    state = post(client, "display", token, DISPLAY).json()
    trials = []
    while state["phase"] != "comment":
        if state["phase"] == "break":
            state = post(client, "resume", token).json()
            continue
        trials.append(state["trial"])
        answer = answer_to(state["trial"], value_for(state["trial"]))
        state = post(client, "answer", token, answer).json()["state"]
    return trials


def test_neither_addresses_nor_caches_tell_that_two_trials_share_a_version(tmp_path: Any) -> None:
    make_study(tmp_path)
    survey = Survey(tmp_path)
    client = TestClient(Starlette(routes=survey_routes(lambda: survey)))
    addresses = [a for _ in range(2) for t in whole_session(client) for a in t["images"]]
    assert len(set(addresses)) == len(addresses) > 40
    lengths = set()
    for address in addresses[:12]:
        reply = client.get(f"/survey/image/{address}")
        assert reply.headers["cache-control"] == "no-store, no-transform"
        assert not {"etag", "last-modified", "content-encoding"} & set(reply.headers)
        lengths.add(len(reply.content))
    assert len(lengths) == 1
    survey.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A survey that is open, with one photograph, and what keeps it back."""
    folder = tmp_path_factory.mktemp("study")
    Image.fromarray(photograph("coffee.png")).save(folder / "x.png")
    version = SimpleNamespace(id="x")
    image = SimpleNamespace(name="coffee", versions={"original": version})
    study = SimpleNamespace(
        name="mine", images=[image], protocol=SimpleNamespace(best="original"),
        path=lambda version: folder / f"{version}.png",
    )  # fmt: skip
    survey: Any = SimpleNamespace(study=study, state="open")
    survey.status = lambda: {"state": survey.state}
    return SimpleNamespace(survey=survey, by=KeptBack(lambda: survey, shown=frozenset({"coffee"})))


def test_the_upscaler_refuses_photographs_of_an_open_study(kept: SimpleNamespace) -> None:
    """nearest, decimated, is what the networks were given: their answers would name every one."""
    seen = photograph("coffee.png")
    for copy in (blocky(seen), blocky(seen)[:, ::-1], compressed(seen), seen[40:240, 60:400]):
        with pytest.raises(StudyPhotoError, match="when the study is closed"):
            kept.by.check(Photo(np.ascontiguousarray(copy)))
    kept.by.check(Photo(photograph("chelsea.png")))
    kept.survey.state = "closed"
    kept.by.check(Photo(blocky(seen)))
    kept.survey.state = "open"


def test_no_job_is_made_of_a_photograph_that_is_kept_back(tmp_path: Path) -> None:
    def check(photo: Photo) -> None:
        raise StudyPhotoError("kept back")

    store = ImageStore(tmp_path, max_bytes=10**8, max_age_seconds=3000)
    jobs = DiscreetJobs(FakeEngine(), store, check=check)
    with pytest.raises(StudyPhotoError):
        jobs.submit(Photo(np.zeros((8, 8, 3), np.uint8)))
    jobs.close()
    for language in LANGUAGES:
        told = problem_of(StudyPhotoError(""), Settings(), 4)
        assert say(language, told.key)

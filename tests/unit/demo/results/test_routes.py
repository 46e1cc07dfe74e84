"""Results over HTTP: who may see them, what only the owner may do, what is never told."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.results.api import ResultsApi
from demo.results.owner import FREE_GUESSES, Owner
from demo.results.page import results_text
from demo.results.routes import OWNER_HEADER, results_routes
from demo.web.i18n import LANGUAGES
from survey.preparation.default_study import prepare_default
from survey.reporting.page.figures import scores
from survey.session.protected import ProtectedSurvey
from survey.session.survey import Survey
from survey.simulation.simulate import simulate
from survey.study.errors import SurveyError
from tests.helpers.tiny_study import make_study
from tests.unit.survey.conftest import Rater

PASSWORD = "correct horse battery"
QUESTION = {"language": "en"}
EXPORT = {"language": "en", "public": True, "simulated": True}


@pytest.fixture
def protected(tmp_path: Path) -> Iterator[ProtectedSurvey]:
    make_study(tmp_path / "data")
    protected = ProtectedSurvey(tmp_path / "data", place=f"folder:{tmp_path / 'backup'}")
    yield protected
    protected.close()


@pytest.fixture
def one_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each edition: drawing takes most of the time."""
    monkeypatch.setattr("survey.reporting.page.figures.FIGURES", {"scores": scores})


@pytest.fixture
def client(protected: ProtectedSurvey) -> TestClient:
    owner = Owner(password=PASSWORD, names=frozenset({"Ana"}))
    api = ResultsApi(lambda: protected, owner)
    return TestClient(Starlette(routes=results_routes(api)))


@pytest.fixture
def owner(client: TestClient) -> dict[str, str]:
    """The headers of whoever signed in."""
    token = client.post("/results/sign-in", json={"password": PASSWORD}).json()["token"]
    return {OWNER_HEADER: token}


def test_a_stranger_sees_nothing_until_the_owner_opens_it(
    client: TestClient, owner: dict[str, str], protected: ProtectedSurvey
) -> None:
    simulate(protected.survey, raters=3, seed=1)
    assert set(client.get("/results/status").json()) == {
        "state", "results_open", "raters", "is_owner", "can_see", "has_password", "has_names",
    }  # fmt: skip
    for reply in (
        client.get("/results/shown", params=QUESTION),
        client.post("/results/change", json={"results_open": True}),
        client.post("/results/change", json={"study_open": False}),
        client.post("/results/export", json=EXPORT),
        client.get("/results/image/0-0"),
    ):
        assert reply.status_code == 403, reply.url
        assert "srgan" not in reply.text
        assert set(reply.json()) == {"error"}
    opened = client.post("/results/change", json={"results_open": True}, headers=owner).json()
    assert opened["results_open"] is True
    shown = client.get("/results/shown", params=QUESTION).json()
    assert "tables of groups only" in shown["html"]
    asked = QUESTION | {"simulated": "true"}  # only the owner counts simulated raters
    assert client.get("/results/shown", params=asked).json()["stamp"] == shown["stamp"]
    assert "rater-001" not in client.get("/results/shown", params=asked).json()["html"]
    assert client.post("/results/export", json=EXPORT).status_code == 403


def test_results_are_opened_while_somebody_rates_only_if_the_owner_confirms_it(
    client: TestClient, owner: dict[str, str], protected: ProtectedSurvey
) -> None:
    def change(**body: Any) -> int:
        return client.post("/results/change", json=body, headers=owner).status_code

    rater = Rater(protected.survey)
    refused = client.post("/results/change", json={"results_open": True}, headers=owner)
    assert (refused.status_code, refused.json()["error"]["key"]) == (409, "results_rating")
    assert all(results_text()[language]["results_rating"] for language in LANGUAGES)
    assert client.get("/results/status").json()["results_open"] is False
    assert change(results_open=True, confirmed=False) == 422
    assert change(results_open=True, confirmed=True) == 200
    assert change(results_open=False) == 200
    rater.finish()
    assert change(results_open=True) == 200


def test_the_owner_sets_margins_that_can_be(client: TestClient, owner: dict[str, str]) -> None:
    def change(**body: Any) -> Any:
        return client.post("/results/change", json=body, headers=owner)

    assert client.get("/results/status", headers=owner).json()["margins"] == {
        "margin": 0.5, "percent": 10,
    }  # fmt: skip
    assert change(margin=0.3, percent=8).json()["margins"] == {"margin": 0.3, "percent": 8}
    for margin, percent in ((0, 8), (4, 8), (0.3, 50), (-1, 8)):
        refused = change(margin=margin, percent=percent)
        assert (refused.status_code, refused.json()["error"]["key"]) == (422, "results_margins")
    assert all(results_text()[language]["results_margins"] for language in LANGUAGES)
    assert change(margin="0.3", percent=8).status_code == 422
    assert "margins" not in client.get("/results/status").json()
    assert client.post("/results/change", json={"margin": 1, "percent": 8}).status_code == 403
    status = client.get("/results/status", headers=owner).json()
    assert status["margins"] == {"margin": 0.3, "percent": 8}


@pytest.mark.usefixtures("one_figure")
def test_the_owner_sees_the_class_and_its_pictures(
    client: TestClient, owner: dict[str, str], protected: ProtectedSurvey
) -> None:
    simulate(protected.survey, raters=4, seed=1)
    status = client.get("/results/status", headers=owner).json()
    assert status["is_owner"]
    assert status["backup"]["place"].startswith("folder:")
    asked = QUESTION | {"simulated": "true"}
    shown = client.get("/results/shown", params=asked, headers=owner).json()
    assert shown["stamp"] == status["stamp"]
    assert "<h1>" in shown["html"]
    assert "data:image/svg+xml" in shown["html"]
    assert [len(image["versions"]) for image in shown["images"]] == [5, 5]
    version = shown["images"][0]["versions"][1]
    assert version["label"] == "bicubic"
    assert "MOS" in version["caption"]
    assert "PSNR 21.00 dB" in version["caption"]
    picture = client.get(f"/{version['url']}")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content == protected.survey.study.path(version["id"]).read_bytes()
    portuguese = client.get("/results/shown", params=asked | {"language": "pt-BR"}, headers=owner)
    assert portuguese.json()["images"][0]["versions"][1]["label"] == "bicúbica"


def test_nobody_yet_is_told_without_figures(client: TestClient, owner: dict[str, str]) -> None:
    shown = client.get("/results/shown", params=QUESTION, headers=owner).json()
    assert "nan" not in shown["html"].lower().replace("nanning", "")
    assert all("MOS" not in v["caption"] for i in shown["images"] for v in i["versions"])


def test_new_answers_change_the_stamp(
    client: TestClient, owner: dict[str, str], protected: ProtectedSurvey
) -> None:
    before = client.get("/results/status", headers=owner).json()["stamp"]
    simulate(protected.survey, raters=1, seed=2)
    assert client.get("/results/status", headers=owner).json()["stamp"] != before


@pytest.mark.usefixtures("one_figure")
def test_the_export_is_the_reports_zip(
    client: TestClient, owner: dict[str, str], protected: ProtectedSurvey
) -> None:
    simulate(protected.survey, raters=2, seed=1)
    reply = client.post("/results/export", json=EXPORT, headers=owner)
    assert reply.headers["content-disposition"].endswith('.zip"')
    names = zipfile.ZipFile(io.BytesIO(reply.content)).namelist()
    assert {"mos_summary.csv", "report.html", "manifest.json", "codebook.md"} <= set(names)
    assert not {"responses.csv", "raters.csv"} & set(names)  # of the edition for anybody


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("change", {}),
        ("change", {"results_open": "yes"}),
        ("change", {"results_open": True, "study_open": True}),
        ("export", {"language": "de", "public": True, "simulated": False}),
        ("export", {"language": "en"}),
        ("sign-in", {"password": 5}),
    ],
)
def test_what_cannot_be_is_refused(
    client: TestClient, owner: dict[str, str], path: str, body: dict[str, Any]
) -> None:
    reply = client.post(f"/results/{path}", json=body, headers=owner)
    assert reply.status_code == 422
    assert reply.json()["error"]["detail"]


def test_wrong_passwords_are_held_back_and_the_right_one_is_not(
    protected: ProtectedSurvey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demo.results.owner.LONGEST_HOLD_SECONDS", 0.05)
    api = ResultsApi(lambda: protected, Owner(password=PASSWORD))
    app = Starlette(routes=results_routes(api))

    def try_it(password: str, visitor: str) -> int:
        client = TestClient(app, client=(visitor, 5000))
        sent = {"Content-Type": "application/json"}
        body = json.dumps({"password": password}).encode()
        return client.post("/results/sign-in", content=body, headers=sent).status_code

    asked = time.monotonic()
    assert [try_it("wrong wrong", "1.1.1.1") for _ in range(FREE_GUESSES + 2)] == [401] * 5
    assert time.monotonic() - asked >= 0.1
    assert try_it(PASSWORD, "1.1.1.1") == 200
    assert try_it(PASSWORD, "2.2.2.2") == 200
    assert try_it("\ud800" * 12, "3.3.3.3") == 422


def test_hugging_face_names_sign_in(protected: ProtectedSurvey) -> None:
    api = ResultsApi(lambda: protected, Owner(names=frozenset({"Ana"})))
    for name, status in (("ana", 200), ("eva", 401), (None, 401), ({"x": 1}, 401)):
        info = {"oauth_info": {"userinfo": {"preferred_username": name}}}

        async def app(scope: Any, receive: Any, send: Any, info: Any = info) -> None:
            scope["session"] = info
            await Starlette(routes=results_routes(api))(scope, receive, send)

        reply = TestClient(app).post("/results/sign-in", json={"password": ""})
        assert reply.status_code == status


def test_a_broken_survey_is_told_in_words(client: TestClient, protected: ProtectedSurvey) -> None:
    protected.survey.problem = SurveyError("secret place: /home/ana")
    reply = client.get("/results/status")
    assert reply.status_code == 200
    assert (reply.json()["state"], reply.json()["problem"]) == ("broken", "survey_error")
    assert "/home/ana" not in reply.text


def test_a_backup_that_cannot_be_reached_is_told_in_words(tmp_path: Path) -> None:
    protected = ProtectedSurvey(tmp_path, place="folder:/proc/nowhere")
    api = ResultsApi(lambda: protected, Owner(password=PASSWORD))
    client = TestClient(Starlette(routes=results_routes(api)))
    token = client.post("/results/sign-in", json={"password": PASSWORD}).json()["token"]
    headers = {OWNER_HEADER: token}
    for reply in (
        client.get("/results/shown", params=QUESTION, headers=headers),
        client.post("/results/export", json=EXPORT, headers=headers),
        client.post("/results/change", json={"study_open": False}, headers=headers),
    ):
        assert reply.status_code == 503
        assert reply.json()["error"]["key"] == "survey_backup"
    known = {"survey_backup", "survey_store", "survey_study", "survey_not_ready"}
    assert known <= results_text()["en"].keys()


def test_pictures_in_the_making_and_pictures_that_cannot_be_used_are_told_apart(
    tmp_path: Path,
) -> None:
    survey = Survey(tmp_path)
    api = ResultsApi(lambda: SimpleNamespace(survey=survey), Owner(password=PASSWORD))
    client = TestClient(Starlette(routes=results_routes(api)))
    token = client.post("/results/sign-in", json={"password": PASSWORD}).json()["token"]

    def told() -> str:
        reply = client.get("/results/shown", params=QUESTION, headers={OWNER_HEADER: token})
        assert reply.status_code == 503
        return str(reply.json()["error"]["key"])

    assert told() == "survey_not_ready"
    prepare_default(survey, sources=lambda: [])
    assert told() == "survey_study"


def test_every_word_is_there_in_both_languages() -> None:
    english, portuguese = results_text()["en"], results_text()["pt-BR"]
    assert english.keys() == portuguese.keys()
    errors = [SurveyError, *SurveyError.__subclasses__()]
    results_errors = {e.key for e in errors if e.key.startswith("results_")}
    assert results_errors <= english.keys()
    assert SimpleNamespace(**english).results == "Results"

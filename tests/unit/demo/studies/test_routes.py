"""Studies over HTTP: for the owner alone, planned before anything is written, named faults."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.results.owner import Owner
from demo.results.routes import OWNER_HEADER
from demo.studies.api import StudiesApi
from demo.studies.page import studies_text
from demo.studies.routes import studies_routes
from survey.preparation.problems import TEXTS
from survey.session.protected import ProtectedSurvey
from survey.study.study import load_study
from tests.helpers.tiny_study import make_study

PASSWORD = "correct horse battery"


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where uploads arrive; two photographs and one method's pictures of them."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    rng = np.random.default_rng(5)
    for place, names in {"HR": ("a.png", "b.png"), "mine": ("a.png", "b_x4.png")}.items():
        for index, name in enumerate(names):
            folder = tmp_path / "uploads" / f"{place}{index}"
            folder.mkdir(parents=True)
            pixels = np.kron(rng.integers(0, 256, (75, 115, 3), np.uint8), np.ones((4, 4, 1)))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
    return tmp_path / "uploads"


@pytest.fixture
def protected(tmp_path: Path) -> Iterator[ProtectedSurvey]:
    make_study(tmp_path / "data")
    protected = ProtectedSurvey(tmp_path / "data", is_fixed=False)
    yield protected
    protected.close()


@pytest.fixture
def client(protected: ProtectedSurvey, tmp_path: Path) -> TestClient:
    owner = Owner(password=PASSWORD)
    api = StudiesApi(lambda: protected, tmp_path / "stage")
    client = TestClient(Starlette(routes=studies_routes(api, owner)))
    client.headers[OWNER_HEADER] = owner.link_token()
    return client


def order(uploads: Path, **changes: Any) -> dict[str, Any]:
    def files(*places: str) -> list[dict[str, str]]:
        found = (path for place in places for path in (uploads / place).iterdir())
        return [{"path": str(path), "name": path.name} for path in found]

    return {
        "photos": files("HR0", "HR1"),
        "folders": [{"name": "MINE", "files": files("mine0", "mine1")}],
        "methods": ["bicubic"],
        "asks": ["ratings", "pairs"],
        "has_original": True,
        "scale": 4,
        "images_per_rater": 10,
        "repeats": 3,
        "known_every": 12,
        "labels": {"MINE": {"pt-BR": "O meu", "en": ""}},
        "crops": {"a": [4, 8, 448, 288]},
    } | changes


def test_strangers_hear_nothing_and_change_nothing(
    client: TestClient, uploads: Path, protected: ProtectedSurvey
) -> None:
    del client.headers[OWNER_HEADER]
    body = {"name": "new", "order": order(uploads)}
    for reply in (
        client.get("/studies/list"),
        client.get("/studies/list", headers={OWNER_HEADER: "guess"}),
        client.post("/studies/plan", json=body),
        client.post("/studies/prepare", json=body),
        client.post("/studies/cancel", json={}),
        client.post("/studies/change", json={"close": "default"}),
    ):
        assert reply.status_code == 403, reply.url
        assert set(reply.json()) == {"error"}
        assert "srgan" not in reply.text
    assert protected.survey.status()["state"] == "open"


def test_from_the_plan_to_a_study_that_raters_get(
    client: TestClient, uploads: Path, protected: ProtectedSurvey, tmp_path: Path
) -> None:
    body = {"name": "new", "order": order(uploads)}
    planned = client.post("/studies/plan", json=body).json()
    assert planned["plan"]["photographs"] == 2
    assert planned["plan"]["minutes"] > 3
    crops = {one["photo"]: one for one in planned["crops"]}
    assert (crops["a"]["box"], crops["a"]["by"]) == ([4, 8, 448, 288], "owner")
    assert (crops["b"]["of"], crops["b"]["by"]) == ([460, 300], "detail")
    studies = tmp_path / "data" / "studies"
    assert [path.name for path in studies.iterdir()] == ["default"]
    assert client.post("/studies/prepare", json=body).json()["making"]["name"] == "new"
    end = time.monotonic() + 60
    while (told := client.get("/studies/list").json())["making"]["state"] == "making":
        assert time.monotonic() < end
    assert told["making"]["state"] == "made"
    assert list((tmp_path / "stage").iterdir()) == []
    study = load_study(studies / "new")
    assert study.labels["MINE"] == {"en": "O meu", "pt-BR": "O meu"}
    assert study.images[0].crop == (4, 8, 448, 288, "owner")
    assert client.post("/studies/plan", json=body).json()["error"]["key"] == "studies_refused"
    opened = client.post("/studies/change", json={"open": "new", "confirmed": False}).json()
    found = {one["name"]: one for one in opened["studies"]}
    assert (found["new"]["state"], found["default"]["state"]) == ("open", "closed")
    assert found["new"]["labels"]["MINE"] == {"en": "O meu", "pt-BR": "O meu"}
    assert protected.survey.status()["study"] == "new"
    copied = client.post("/studies/change", json={"copy": "new", "as": "new-2"}).json()
    assert {one["name"]: one["state"] for one in copied["studies"]}["new-2"] == "prepared"
    for body in ({"archive": "new-2"}, {"close": "new"}, {"take_out": "new-2"}):
        assert client.post("/studies/change", json=body).status_code == 200
    assert client.post("/studies/change", json={"open": "new"}).status_code == 422


def test_everything_that_does_not_fit_is_named_without_places_on_the_server(
    client: TestClient, uploads: Path
) -> None:
    asked = order(uploads, crops={"a": [400, 0, 448, 288], "c": [0, 0, 0, 0]})
    asked["folders"][0]["files"].pop()
    (uploads / "mine0" / "a.png").write_bytes(b"no picture")
    reply = client.post("/studies/plan", json={"name": "new", "order": asked})
    assert reply.status_code == 422
    problems = reply.json()["error"]["problems"]
    kinds = ["missing", "unreadable", "crop_photo", "crop_outside"]
    assert [one["kind"] for one in problems] == kinds
    assert problems[0]["values"] == {"method": "MINE", "photo": "b"}
    assert problems[1]["values"] == {"method": "MINE", "photo": "a", "file": "a.png"}
    assert str(uploads.parent) not in reply.text
    for texts in studies_text().values():
        for one in problems:
            texts[f"problem_{one['kind']}"].format(**one["values"])


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"photos": []}, "studies_refused"),
        ({"methods": ["nowhere_x4"]}, "studies_refused"),
        ({"folders": [{"name": "bicubic", "files": []}]}, "studies_problems"),
        ({"folders": [{"name": "../x", "files": []}]}, "studies_problems"),
        ({"repeats": -1}, "studies_refused"),
        ({"repeats": 10**9}, "survey_invalid"),
        ({"asks": ["opinions"]}, "survey_invalid"),
        ({"crops": {"a": [0, 0, -1, 1]}}, "survey_invalid"),
        ({"labels": {"MINE": {"fr": "x"}}}, "survey_invalid"),
        ({"photos": [{"path": "/etc/passwd", "name": "a.png"}]}, "studies_gone"),
        ({"photos": ["x"]}, "survey_invalid"),
    ],
)
def test_impossible_orders_are_refused(
    client: TestClient, uploads: Path, tmp_path: Path, changes: dict[str, Any], key: str
) -> None:
    body = {"name": "new", "order": order(uploads, **changes)}
    for name in ("plan", "prepare"):
        reply = client.post(f"/studies/{name}", json=body)
        if reply.status_code == 200:  # what is found out later
            end = time.monotonic() + 60
            while (told := client.get("/studies/list").json())["making"]["state"] == "making":
                assert time.monotonic() < end
            assert told["making"]["error"]["key"] == key
        else:
            assert reply.status_code in (410, 422)
            assert reply.json()["error"]["key"] == key
    assert [path.name for path in (tmp_path / "data" / "studies").iterdir()] == ["default"]
    stage = tmp_path / "stage"
    assert not stage.exists() or list(stage.iterdir()) == []


def test_what_an_owner_can_easily_get_wrong_is_said_in_the_page_s_own_words(
    client: TestClient, uploads: Path
) -> None:
    mine = order(uploads)["folders"][0]["files"]
    many = [{"name": f"m{index}", "files": mine} for index in range(12)]
    for changes, kind in (
        ({"folders": many}, "methods"),
        ({"folders": []}, "no_pairs"),
        ({"folders": [{"name": "bicubic", "files": mine}]}, "method_taken"),
        ({"folders": [{"name": "../x", "files": mine}]}, "method_name"),
        ({"scale": 300}, "window"),
    ):
        asked = order(uploads, **({"labels": {}} | changes))
        error = client.post("/studies/plan", json={"name": "new", "order": asked}).json()["error"]
        assert [one["kind"] for one in error["problems"]] == [kind]
        for texts in studies_text().values():
            assert "{" not in texts[f"problem_{kind}"].format(**error["problems"][0]["values"])


def test_file_names_stay_in_their_folder(client: TestClient, uploads: Path, tmp_path: Path) -> None:
    asked = order(uploads)
    for index, name in enumerate(("../../a.png", "C:\\photos\\b.png")):
        asked["photos"][index]["name"] = name
    reply = client.post("/studies/plan", json={"name": "new", "order": asked})
    assert [one["photo"] for one in reply.json()["crops"]] == ["a", "b"]
    assert {path.name for path in tmp_path.iterdir()} <= {"uploads", "data", "stage"}


def test_every_word_is_there_in_both_languages() -> None:
    english, portuguese = studies_text()["en"], studies_text()["pt-BR"]
    assert english.keys() == portuguese.keys()
    assert {f"problem_{kind}" for kind in TEXTS} <= english.keys()
    assert json.dumps(english) != json.dumps(portuguese)

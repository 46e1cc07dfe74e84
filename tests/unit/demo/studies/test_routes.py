"""Studies over HTTP: for the owner alone, planned before anything is written, named faults."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.results.owner import Owner
from demo.results.routes import OWNER_HEADER
from demo.studies.api import StudiesApi
from demo.studies.asked import Stage, order_of
from demo.studies.page import studies_text
from demo.studies.routes import studies_routes
from sr.microscopy.files.writing import write_stack
from survey.preparation.problems import TEXTS
from survey.session.protected import ProtectedSurvey
from survey.study.study import load_study
from tests.helpers.tiny_study import make_study
from tests.unit.sr.microscopy.conftest import write_mrc

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
        "frame": "",
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


def test_models_have_the_names_of_the_page_in_both_languages(uploads: Path, tmp_path: Path) -> None:
    asked = order(
        uploads,
        methods=["bicubic", "srgan_photo_x4", "srresnet_photo_x4"],
        labels={"srresnet_photo_x4": {"pt-BR": "Rede A", "en": ""}},
    )
    stage = Stage(tmp_path / "stage")
    assert order_of(asked, stage).labels == {
        "srgan_photo_x4": {
            "en": "SRGAN for photos as they are",
            "pt-BR": "SRGAN para fotos do dia a dia",
        },
        "srresnet_photo_x4": {"en": "SRResNet for photos as they are", "pt-BR": "Rede A"},
    }
    stage.remove()


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


@pytest.fixture
def cells(uploads: Path) -> dict[str, Any]:
    """The order of a study of two frames, with a sharper picture of each."""
    rng, files = np.random.default_rng(1), dict[str, list[dict[str, str]]]()
    for place in ("wf", "sim"):
        (uploads / place).mkdir()
        files[place] = []
    for name in ("cell_1", "cell_2"):
        sharp = 1000 * gaussian_filter((rng.random((320, 480)) > 0.99).astype(float), 1.5)
        wide = gaussian_filter(sharp, 3).reshape(160, 2, 240, 2).mean((1, 3))
        write_mrc(uploads / "wf" / f"{name}.mrc", (200 + 40 * wide).astype(np.uint16)[None])
        write_stack(uploads / "sim" / f"{name}.ome.tif", sharp[None].astype(np.float32), 0.03, "")
    for place, named in files.items():
        named += [{"path": str(p), "name": p.name} for p in sorted((uploads / place).iterdir())]
    return {
        "photos": files["wf"],
        "folders": [{"name": "SIM", "files": files["sim"]}],
        "has_original": False,
        "scale": 2,
        "labels": {},
        "crops": {"cell_1": [4, 8, 448, 288]},
    }


def test_frames_of_a_microscope_make_a_study(
    client: TestClient, uploads: Path, cells: dict[str, Any], tmp_path: Path
) -> None:
    models = {one["name"]: one for one in client.get("/studies/list").json()["models"]}
    offered = {name for name, one in models.items() if one["is_for_frames"]}
    assert offered == {"bicubic", "dfcan_x2", "unet_cascade_x2"}
    assert not models["dfcan_x2"]["is_for_photographs"]
    body = {"name": "cells", "order": order(uploads, **cells)}
    planned = client.post("/studies/plan", json=body).json()
    crops = {one["photo"]: one for one in planned["crops"]}
    assert (crops["cell_1"]["box"], crops["cell_1"]["of"]) == ([4, 8, 448, 288], [480, 320])
    data = base64.b64decode(crops["cell_2"]["picture"].removeprefix("data:image/png;base64,"))
    assert Image.open(io.BytesIO(data)).size == (480, 320)
    assert client.post("/studies/prepare", json=body).status_code == 200
    end = time.monotonic() + 60
    while (told := client.get("/studies/list").json())["making"]["state"] == "making":
        assert time.monotonic() < end
    assert told["making"]["state"] == "made", told["making"]
    study = load_study(tmp_path / "data" / "studies" / "cells")
    assert study.protocol.rated == ("bicubic", "SIM")
    assert all(image.stretch for image in study.images)


def test_what_no_study_of_frames_can_be_made_of_is_said_in_the_page_s_words(
    client: TestClient, uploads: Path, cells: dict[str, Any]
) -> None:
    photos, wide = cells["photos"], uploads / "wf" / "cell_2.mrc"
    whole = wide.read_bytes()
    noise = np.random.default_rng(3).normal(size=(1, 320, 480)).astype(np.float32)
    planes = np.random.default_rng(2).integers(0, 999, (3, 160, 240)).astype(np.uint16)
    nan = np.full((1, 160, 240), np.nan, np.float32)
    mixed = [*photos, *order(uploads)["photos"]]
    for damage, changes, kind, word in (
        (lambda: wide.write_bytes(whole[:3000]), {}, "told", "cut off"),
        (lambda: write_mrc(wide, nan, mode=2), {}, "told", "NaN"),
        (lambda: write_mrc(wide, planes[:1], pixel_um=0.0), {}, "told", "no size"),
        (lambda: write_mrc(wide, planes), {}, "stack", "3"),
        (lambda: write_mrc(wide, planes), {"frame": "4"}, "told", "it has 3"),
        (lambda: None, {"photos": mixed}, "mixed", "a.png"),
        (
            lambda: write_stack(uploads / "sim" / "cell_1.ome.tif", noise, None, ""),
            {},
            "unregistered",
            "cell_1.ome.tif",
        ),
        (
            lambda: write_stack(uploads / "sim" / "cell_1.ome.tif", noise[:, 2:], None, ""),
            {},
            "size",
            "320",
        ),
    ):
        damage()
        asked = order(uploads, **(cells | changes))
        reply = client.post("/studies/plan", json={"name": "cells", "order": asked})
        wide.write_bytes(whole)
        assert reply.status_code == 422
        assert str(uploads.parent) not in reply.text
        error = reply.json()["error"]
        assert error["problems"], error
        assert error["problems"][0]["kind"] == kind
        for language, texts in studies_text().items():
            values = error["problems"][0]["values"]
            why = values.get("why", {}).get(language)
            said = texts[f"problem_{kind}"].format(**values | {"why": why})
            assert said != "None"
            assert "{" not in said
            assert language != "en" or word in said


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

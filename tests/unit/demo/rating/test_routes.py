"""The survey over HTTP: what is taken, what is refused, and what an answer never tells."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.rating.page import survey_text
from demo.rating.routes import TOKEN_HEADER, survey_routes
from demo.web.http import LONGEST_BODY
from survey.session.invitations import invite, set_completion
from survey.session.survey import Survey
from survey.storage.responses import read_responses
from survey.study.protocol import METHODS
from tests.helpers.tiny_study import make_study
from tests.unit.survey.conftest import CONDITIONS, DISPLAY, answer_to, value_for


@pytest.fixture
def survey(tmp_path: Path) -> Iterator[Survey]:
    make_study(tmp_path)
    survey = Survey(tmp_path)
    yield survey
    survey.close()


@pytest.fixture
def client(survey: Survey) -> TestClient:
    return TestClient(Starlette(routes=survey_routes(lambda: survey)))


WHAT = ("needed", "unknown", "used", "elsewhere")  # can be wrong with one
LINK = {"invitation": "", "panel": ""}  # of the address, which is for all


def begin(client: TestClient, **changes: str) -> dict[str, Any]:
    version = client.get("/survey/status").json()["consent_version"]
    request = secrets.token_hex(16)
    body = {"language": "en", "consent_version": version, "adult": True, "request": request}
    return client.post("/survey/start", json=body | LINK | changes).json()


def post(client: TestClient, action: str, token: str, body: Any = None) -> Any:
    return client.post(f"/survey/{action}", json=body or {}, headers={TOKEN_HEADER: token})


def test_a_whole_session(client: TestClient):
    started = begin(client)
    token = started["token"]
    state = post(client, "display", token, DISPLAY).json()
    answered = 0
    while state["phase"] != "comment":
        if state["phase"] == "break":
            state = post(client, "resume", token).json()
            continue
        trial = state["trial"]
        reply = post(client, "answer", token, answer_to(trial, value_for(trial))).json()
        state = reply["state"]
        answered += 1
        assert reply["saved"] == answered
    assert "reveal" not in post(client, "state", token).json()
    state = post(client, "finish", token, {"comment": "thanks", "vision": ""}).json()
    assert state["phase"] == "end"
    assert set(state["reveal"]["names"]) == set(METHODS)
    assert state["reveal"]["names"]["nearest"] == {"en": "Nearest", "pt-BR": "Vizinho mais próximo"}
    assert post(client, "withdraw", "", {"code": started["code"]}).json() == {"withdrawn": True}
    assert post(client, "state", token).status_code == 401


def test_an_invitation_and_a_panel_come_with_the_start(client: TestClient, survey: Survey):
    set_completion(survey, "https://panel.example/{id}")
    (code,) = invite(survey, 1)
    assert begin(client)["error"]["key"] == "survey_invitation_needed"
    assert begin(client, invitation=code, panel="no id")["error"]["key"] == "survey_panel"
    assert "token" in begin(client, invitation=code, panel="P1")
    assert survey.store.rows("SELECT id FROM panel") == [{"id": "P1"}]
    assert begin(client, invitation=code)["error"]["key"] == "survey_invitation_used"
    assert client.get("/survey/status").json()["by_invitation"] is True
    for words in survey_text().values():
        assert all(words[f"survey_{key}"] for key in ("panel", *map("invitation_{}".format, WHAT)))


def test_how_the_survey_stands_is_read_once_however_often_it_is_asked(
    client: TestClient, survey: Survey, monkeypatch: pytest.MonkeyPatch
):
    asked: list[int] = []
    real = survey.status
    monkeypatch.setattr(survey, "status", lambda: asked.append(1) or real())
    assert {client.get("/survey/status").status_code for _ in range(50)} == {200}
    assert len(asked) <= 2  # once a second


def test_every_reply_is_private_and_says_nothing_about_the_server(client: TestClient):
    for reply in (client.get("/survey/status"), post(client, "state", "nobody")):
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_pictures_cannot_be_told_apart_by_anything_but_their_pixels(client: TestClient):
    started = begin(client)
    state = post(client, "display", started["token"], DISPLAY).json()
    seen, shown = {}, 0
    while state["phase"] != "comment":
        if state["phase"] == "break":
            state = post(client, "resume", started["token"]).json()
            continue
        trial = state["trial"]
        shown += len(trial["images"])
        for name in trial["images"]:
            seen[name] = client.get(f"/survey/image/{name}")
        body = answer_to(trial, value_for(trial))
        state = post(client, "answer", started["token"], body).json()["state"]
    assert len(seen) >= 10
    assert len({tuple(sorted(reply.headers.items())) for reply in seen.values()}) == 1
    headers = next(iter(seen.values())).headers
    assert headers["cache-control"] == "no-store, no-transform"
    assert not {"etag", "last-modified", "content-disposition"} & set(headers)
    assert {tuple(chunks(reply.content)) for reply in seen.values()} == {("IHDR", "IDAT", "IEND")}
    # Another address for every trial and side: which of them show the same version cannot be seen.
    assert len({reply.content for reply in seen.values()}) < len(seen) == shown


def chunks(png: bytes) -> Iterator[str]:
    """Names of a PNG's chunks, several of one kind in a row once."""
    place, last = 8, ""
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        if name.decode() != last:
            yield (last := name.decode())
        place += length + 12


def test_an_image_of_nobody_is_refused(client: TestClient, survey: Survey):
    for name in ("0" * 32, "..%2F..%2Fsurvey.db", "x" * 500):
        assert client.get(f"/survey/image/{name}").status_code in (401, 404)


def test_image_names_of_two_sessions_have_nothing_in_common(client: TestClient):
    names = []
    for _ in range(2):
        started = begin(client)
        state = post(client, "display", started["token"], DISPLAY).json()
        names.append(
            {name for trial in (state["trial"], state["next"]) for name in trial["images"]}
        )
    assert not names[0] & names[1]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {"content-type": "application/json"}, 422),
        (b"[]", {"content-type": "application/json"}, 422),
        (b"[" * 15_000, {"content-type": "application/json"}, 422),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {}, 415),
        (b" " * (LONGEST_BODY + 1), {"content-type": "application/json"}, 413),
        (b"{}", {"content-type": "application/json"}, 422),
        (b'{"score": 1}', {"content-type": "application/json"}, 422),
        (b'{"a": NaN}', {"content-type": "application/json; charset=utf-8"}, 422),
    ],
)
def test_what_is_no_answer_is_refused(client: TestClient, body: bytes, headers: Any, status: int):
    token = begin(client)["token"]
    reply = client.post("/survey/answer", content=body, headers=headers | {TOKEN_HEADER: token})
    assert reply.status_code == status
    assert reply.json()["error"]["key"] == "survey_invalid"


@pytest.mark.parametrize(
    "body",
    [
        {"language": "en", "consent_version": "x", "adult": True, "request": "0" * 32} | LINK,
        {"language": "en", "consent_version": "x", "adult": True},
        {"language": "en", "consent_version": None, "adult": True},
        {"language": "en", "consent_version": "", "adult": "yes"},
        {"language": "en", "consent_version": "", "adult": True, "simulated": True},
    ],
)
def test_nobody_takes_part_without_consent_to_the_present_text(
    client: TestClient, body: dict[str, Any]
):
    reply = client.post("/survey/start", json=body)
    assert (reply.status_code, "token" in reply.json()) == (422, False)


def test_a_stale_answer_comes_back_with_the_present_state(client: TestClient):
    token = begin(client)["token"]
    state = post(client, "display", token, DISPLAY).json()
    first = answer_to(state["trial"], value_for(state["trial"]))
    assert post(client, "answer", token, first).status_code == 200
    assert post(client, "answer", token, first).status_code == 200, "sent twice is one answer"
    other = {1: 2}.get(first.get("score"), 1)
    reply = post(client, "answer", token, first | {"score": other})
    assert reply.status_code == 409
    assert reply.json()["error"]["key"] == "survey_stale"
    assert reply.json()["state"]["progress"]["done"] == 1


def test_another_method_and_an_unknown_action_are_refused(client: TestClient):
    assert client.get("/survey/answer").status_code == 405
    assert client.post("/survey/export", json={}).status_code == 404
    assert client.post("/survey/status", json={}).status_code == 405


def test_a_survey_that_cannot_be_used_says_why(tmp_path: Path):
    (tmp_path / "survey.db").write_bytes(b"this is not a database" * 100)
    broken = Survey(tmp_path)
    client = TestClient(Starlette(routes=survey_routes(lambda: broken)))
    status = client.get("/survey/status").json()
    assert status["state"] == "broken"
    assert status["problem"]["key"] == "survey_store"
    assert str(tmp_path) not in status["problem"]["detail"]
    reply = post(client, "state", "nobody")
    assert (reply.status_code, reply.json()["error"]["key"]) == (503, "survey_store")
    assert reply.json()["error"]["detail"] == ""


def test_a_study_with_an_impossible_name_is_told_by_the_status(tmp_path: Path):
    routes = survey_routes(lambda: Survey(tmp_path, study="../etc"))
    status = TestClient(Starlette(routes=routes)).get("/survey/status").json()
    assert (status["state"], status["problem"]["key"]) == ("broken", "survey_study")


def test_a_browser_sends_conditions_that_are_all_stored(client: TestClient, survey: Survey):
    token = begin(client)["token"]
    trial = post(client, "display", token, DISPLAY).json()["trial"]
    conditions = CONDITIONS | {"dpr": 1.25, "visual_scale": 1.5, "clipped": 0.25}
    body = answer_to(trial, value_for(trial), conditions=conditions)
    assert post(client, "answer", token, body).status_code == 200
    row = read_responses(survey.store, "default").iloc[0]
    assert (row["dpr"], row["visual_scale"], row["clipped"]) == (1.25, 1.5, 0.25)
    assert {"dpr_changed", "fractional_dpr", "pinched", "clipped"} <= set(row["flags"].split(";"))


def test_the_consent_says_how_long_this_study_takes(client: TestClient):
    status = client.get("/survey/status").json()
    assert f"about {status['minutes']} minutes: you look" in status["consent"]["en"][0]
    assert f"cerca de {status['minutes']} minutos: você olha" in status["consent"]["pt-BR"][0]

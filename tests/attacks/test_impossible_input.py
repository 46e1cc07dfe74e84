"""What cannot be is refused in words, by every route; no route breaks."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from demo.rating.routes import ACTIONS
from survey.session.protected import ProtectedSurvey
from tests.helpers.fake_engine import FakeEngine
from tests.helpers.tiny_study import make_study
from tests.unit.demo.app.test_strangers import Place, app_of, filled, routes_of
from tests.unit.demo.rating.test_routes import begin, post
from tests.unit.survey.conftest import CONDITIONS, DISPLAY, answer_to

DIGITS = "9" * 400
JSON = {"Content-Type": "application/json"}
# In JSON as no library writes it: numbers of 400 digits, halves of characters.
IMPOSSIBLE = {
    "400 digits": DIGITS,
    "400 digits behind the point": f"0.{DIGITS}e400",
    "infinity": "Infinity",
    "not a number": "NaN",
    "half a character": '"\\ud83d"',
    "zero byte": '"a\\u0000b"',
    "lists": "[[[]]]",
    "object": '{"a": {"b": null}}',
    "true": "true",
    "nothing": "null",
    "long": json.dumps("x" * 5000),
    "negative": "-1",
    "fraction": "1.5",
}
BROKEN = (b"", b"{", b"\xff\xfe\xfd", b"[" * 5000, b'"text"')


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> ProtectedSurvey:
    folder = tmp_path_factory.mktemp("data")
    make_study(folder)
    return ProtectedSurvey(folder)


@pytest.fixture(scope="module")
def address(serve_demo: Callable[..., str], protected: ProtectedSurvey) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("EVENTS_PER_MINUTE", "STARTS_PER_MINUTE", "READS_PER_MINUTE"):
            patch.setattr(f"demo.app.guard.{limit}", 1_000_000)
        yield serve_demo(FakeEngine(), protected, owner_password="correct horse battery")


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=20, trust_env=False) as client:
        yield client


def is_in_words(reply: httpx.Response) -> bool:
    return 400 <= reply.status_code < 500 and len(reply.text) > 10


def bodies(fields: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """A body that is right but for one field, for each field and each thing it cannot be."""
    for name, text in IMPOSSIBLE.items():
        for field in fields:
            whole = json.dumps({**fields, field: "@"}).replace('"@"', text)
            yield f"{field}: {name}", whole.encode()


def test_no_route_breaks_on_any_path(client: httpx.Client, address: str, protected: Any) -> None:
    app = app_of(Place(address, protected.survey, (), ()))
    strange = [DIGITS, "%ED%A0%80", "a%00b", "..%2f..", "-1", "x"]
    for method, path in sorted(set(routes_of(app.routes))):
        if method == "GET" and not path.endswith(("/queue/data", "/heartbeat/{session_hash}")):
            for place in filled(path, strange):
                assert client.get(place).status_code < 500, place


def test_no_route_breaks_on_a_body(client: httpx.Client, address: str, protected: Any) -> None:
    app = app_of(Place(address, protected.survey, (), ()))
    for method, path in sorted(set(routes_of(app.routes))):
        if method == "POST":
            for place in filled(path, ["upscale", "nothing"]):
                for body in (*BROKEN, *(text.encode() for text in IMPOSSIBLE.values())):
                    reply = client.post(place, content=body, headers=JSON)
                    assert is_in_words(reply), (place, body[:30], reply.status_code)


def test_a_call_of_gradios_api_is_looked_at(client: httpx.Client) -> None:
    config = client.get("/config").json()
    event = next(each for each in config["dependencies"] if each["api_name"] == "upscale")
    call = {
        **{"data": [None] * len(event["inputs"]), "fn_index": event["id"], "session_hash": "s"},
        **{"event_id": "e", "trigger_id": 1, "event_data": None},
    }
    for path in ("queue/join", "call/upscale", "run/upscale", "api/upscale", "cancel", "reset"):
        for what, body in bodies(call):
            if path in ("queue/join", "call/upscale") and what.split(":")[0] in (
                "data",
                "event_data",
            ):
                continue  # what a function makes of them is told in its stream
            reply = client.post(f"/gradio_api/{path}", content=body, headers=JSON)
            assert reply.status_code < 500, (path, what)
    for path, body in (
        ("queue/join", call | {"fn_index": 99999}),
        *((f"{way}/nothing", {"data": []}) for way in ("call", "call/v2", "run", "api")),
    ):
        reply = client.post(f"/gradio_api/{path}", json=body)
        assert reply.status_code == 404, path
        assert "no function" in reply.json()["detail"]
    assert "error" in client.get("/gradio_api/call/upscale/nothing").text
    for path in ("vibe-edit", "vibe-code", "component_server", "process_recording"):
        assert client.post(f"/gradio_api/{path}", json={}).status_code == 404


def test_what_a_rater_sends_is_looked_at(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    started = begin(client)
    token = {"X-Survey-Token": started["token"]} | JSON
    trial = post(client, "display", started["token"], DISPLAY).json()["trial"]
    sent = answer_to(trial, 3 if trial["kind"] == "rating" else "left")
    asked: dict[str, dict[str, Any]] = {
        "start": {
            **{"request": "0" * 32, "language": "en", "consent_version": "x", "adult": True},
            **{"invitation": "AAAAA-AAAAA", "panel": "0"},
        },
        "display": DISPLAY,
        "answer": sent,
        "finish": {"comment": "", "vision": ""},
        "withdraw": {"code": "AAAAA-AAAAA"},
    }
    assert asked.keys() | {"state", "undo", "resume"} == ACTIONS.keys()
    with caplog.at_level(logging.ERROR):
        for action, fields in asked.items():
            for what, body in bodies(fields):
                reply = client.post(f"/survey/{action}", content=body, headers=token)
                may_be = (action, what.split(":")[0]) == ("display", "ppi")
                assert is_in_words(reply) or may_be or reply.status_code == 200, (action, what)
        for what, body in bodies(CONDITIONS):
            whole = json.dumps(sent | {"conditions": "@"}).replace('"@"', body.decode())
            reply = client.post("/survey/answer", content=whole.encode(), headers=token)
            assert reply.status_code < 500, what
    assert not caplog.records


def test_a_comment_that_can_never_be_stored_is_said(client: httpx.Client) -> None:
    for text in ('"fine \\ud83d"', '"a\\u0000b"'):
        body = f'{{"comment": {text}, "vision": ""}}'.encode()
        reply = client.post("/survey/finish", content=body, headers=JSON)
        assert reply.status_code == 422  # the page says it; only 5xx, 408 and 429 are sent again
        assert reply.json()["error"]["key"] == "survey_unstorable"

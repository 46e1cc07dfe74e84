"""Nobody is crowded out: rates, sizes, turns, and whose requests are taken at all."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from demo.app.guard import middleware
from demo.app.settings import Settings
from demo.hosting.intake import FullError, Intake
from demo.photos.problems import problem_of
from demo.rating.page import survey_text
from demo.web.i18n import LANGUAGES, say
from demo.web.rates import PhotoLimit, Rate, TooOftenError, visitor_of
from demo.work.job import BusyError, Job, TooManyOwnError
from demo.work.lanes import Lane
from sr.images.photo import Photo


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_at_once_and_then_evenly():
    clock = Clock()
    rate = Rate(6, clock=clock)
    for _ in range(6):
        rate.take("a")
    with pytest.raises(TooOftenError) as refusal:
        rate.take("a")
    assert refusal.value.seconds == pytest.approx(10)
    rate.take("b")
    clock.now += 10
    rate.take("a")
    with pytest.raises(TooOftenError):
        rate.take("a")


def test_visitors_who_ask_no_more_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("demo.web.rates.MOST_VISITORS", 3)
    clock = Clock()
    rate = Rate(60, clock=clock)
    for visitor in "abcdefgh":
        clock.now += 2
        rate.take(visitor)
    assert len(rate._free_at) <= 4


def test_a_page_has_its_share_and_a_whole_class_behind_one_address_too():
    limit = PhotoLimit(2)
    for page in range(10):
        request = SimpleNamespace(session_hash=f"{page}", client=SimpleNamespace(host="10.0.0.1"))
        limit.take(request)
        limit.take(request)
        with pytest.raises(TooOftenError):
            limit.take(request)
    with pytest.raises(TooOftenError):
        limit.take(SimpleNamespace(session_hash="x", client=SimpleNamespace(host="10.0.0.1")))
    limit.take(SimpleNamespace(session_hash="x2", client=SimpleNamespace(host="10.0.0.2")))


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (TooOftenError(3.2), "error_too_often"),
        (TooManyOwnError(""), "error_busy_own"),
        (BusyError(""), "error_busy"),
    ],
)
def test_each_limit_is_told_in_both_languages(error: Exception, key: str):
    problem = problem_of(error, Settings(), 4)
    assert problem.key == key
    told = {say(language, problem.key, **problem.values) for language in LANGUAGES}
    assert len(told) == 2
    assert not any("{" in text for text in told)


def test_visitors_take_turns_however_many_photos_one_has_sent():
    order: list[str] = []
    all_are_there, all_had_a_turn = threading.Event(), threading.Event()

    def turn(job: Job) -> bool:
        all_are_there.wait(10)
        order.append(job.key)
        if len(order) == 6:
            all_had_a_turn.set()
        return False

    lane = Lane("test", turn)
    pixels = Photo(np.zeros((4, 4, 3), np.uint8))
    sent = (("z", "first"), ("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"))
    for visitor, key in sent:
        lane.add(Job(photo=pixels, key=key, height=4, width=4, scale=4, visitor=visitor))
    all_are_there.set()
    assert all_had_a_turn.wait(10)
    lane.close()
    assert order == ["first", "a1", "b1", "c1", "a2", "a3"]


Serve = Callable[..., TestClient]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """A client of an app behind the guard that answers with the address it sees."""

    def whose(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.client.host if request.client else "")

    def make(**settings: object) -> TestClient:
        chosen = Settings(folder=tmp_path, **settings)  # type: ignore[arg-type]
        routes = [Route("/{path:path}", whose, methods=["GET", "POST"])]
        app = Starlette(routes=routes, middleware=middleware(chosen))
        return TestClient(app, "http://192.168.0.7:7860", client=("127.0.0.1", 1))

    return make


def test_survey_starts_and_tried_codes_are_limited_by_address(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("demo.app.guard.STARTS_PER_MINUTE", 3)
    client = serve()
    for path in ("/survey/start", "/survey/withdraw"):
        assert [client.post(path).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = client.post(path)
        assert int(refused.headers["retry-after"]) >= 1
        key = refused.json()["error"]["key"]
        assert all(survey_text()[language][key] for language in LANGUAGES)


def test_answers_of_a_class_behind_one_address_are_never_refused(serve: Serve):
    client = serve(photos_per_minute=1)
    assert {client.post("/survey/answer").status_code for _ in range(150)} == {200}


def test_uploads_are_limited_by_address_by_bytes_and_by_the_folder(serve: Serve, tmp_path: Path):
    client = serve(photos_per_minute=1, max_upload_mb=1, cache_mb=16)
    upload = "/gradio_api/upload"
    assert client.post(upload, content=bytes(1_200_000)).status_code == 413
    assert client.post(upload, content=iter([b"x"])).status_code == 411
    answers = [client.post(upload, content=b"x").status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    (tmp_path / "uploads" / "a").mkdir(parents=True)
    (tmp_path / "uploads" / "a" / "photo").write_bytes(bytes(16_000_000))
    full = serve(cache_mb=16).post(upload, content=b"x")
    assert (full.status_code, "try again" in full.json()["detail"]) == (503, True)


def test_room_is_kept_for_every_byte_of_an_upload_before_the_first_one(tmp_path: Path):
    (tmp_path / "here").write_bytes(bytes(30))
    intake = Intake(tmp_path, 120)
    with intake.room(60, is_stored=True), pytest.raises(FullError):
        intake.room(60, is_stored=True).__enter__()
    with intake.room(60, is_stored=True) as body:
        body.left -= 40
        (tmp_path / "coming").write_bytes(bytes(40))
        with intake.room(30, is_stored=True):
            pass
        with pytest.raises(FullError):
            intake.room(31, is_stored=True).__enter__()


def test_more_bytes_than_were_announced_are_not_taken(serve: Serve):
    """A body in chunks has no length that a server checks, whatever a header says."""
    taken: list[int] = []

    async def swallow(request: Request) -> PlainTextResponse:
        async for part in request.stream():
            taken.append(len(part))
        return PlainTextResponse("all")

    app = Starlette(
        routes=[Route("/gradio_api/upload", swallow, methods=["POST"])],
        middleware=middleware(Settings(folder=Path("nowhere"))),
    )
    client = TestClient(app, "http://127.0.0.1")
    parts = iter([bytes(1000)] * 50)
    answer = client.post("/gradio_api/upload", content=parts, headers={"Content-Length": "2000"})
    assert answer.status_code == 413
    assert sum(taken) <= 2000
    assert "2000" in answer.json()["detail"]


def test_how_it_stands_may_be_asked_often_and_not_without_end(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("demo.app.guard.READS_PER_MINUTE", 3)
    client = serve()
    for path in ("/survey/status", "/results/status"):
        monkeypatch.setattr("demo.app.guard.READS_PER_MINUTE", 3)
        client = serve()
        assert [client.get(path).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get("/results/image/x").status_code == 200


def test_other_bodies_are_short(serve: Serve):
    assert serve().post("/gradio_api/queue/join", content=bytes(1_000_001)).status_code == 413


def test_requests_of_other_websites_are_refused(serve: Serve):
    client = serve()
    for site, status in (("cross-site", 403), ("same-origin", 200), ("none", 200)):
        headers = {"Sec-Fetch-Site": site}
        assert client.post("/survey/start", headers=headers).status_code == status
        assert client.get("/", headers=headers | {"Sec-Fetch-Mode": "navigate"}).status_code == 200
        assert (
            client.get("/", headers=headers | {"Sec-Fetch-Mode": "no-cors"}).status_code == status
        )


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", ["/survey/status", "/results/sign-in", "/gradio_api/queue/join"])
def test_only_pages_of_its_own_are_answered(serve: Serve, method: str, path: str):
    """Plain http on a number has no Sec-Fetch headers: the origin alone tells."""
    client = serve(places=frozenset({"example.org"}))
    for origin, is_own in (
        (None, True),
        ("http://192.168.0.7:7860", True),
        ("https://example.org", True),
        ("http://192.168.0.7:8000", False),
        ("http://192.168.0.7", False),
        ("http://evil.example:7860", False),
        ("http://example.org.evil.example", False),
        ("http://user@example.org", False),
        ("example.org", False),
        ("null", False),
        ("", False),
    ):
        headers = {} if origin is None else {"Origin": origin}
        answer = client.request(method, path, headers=headers)
        assert (answer.status_code != 403) == is_own, origin
        assert "access-control-allow-origin" not in answer.headers


def test_a_name_that_somebody_points_at_this_machine_is_not_served(serve: Serve):
    client = serve(places=frozenset({"example.org:8000"}))
    for host, status in (
        *(("192.168.0.7:7860", 200), ("127.0.0.1", 200), ("[::1]:7860", 200), ("localhost", 200)),
        *((f"{socket.gethostname()}:7860", 200), ("Example.org", 200), ("example.org.:8000", 200)),
        *(("evil.example:7860", 421), ("", 421), ("127.0.0.1.evil.example", 421), ("[x", 421)),
    ):
        answer = client.get("/survey/status", headers={"Host": host})
        assert answer.status_code == status, host
    assert "NITIDEZ_ADDRESSES" in client.get("/", headers={"Host": "evil.example"}).text
    space = serve(is_space=True).get("/", headers={"Host": "ana-nitidez.hf.space"})
    assert space.status_code == 200  # its proxy has looked at it


def test_whether_it_is_up_is_answered_without_building_the_page(serve: Serve):
    client = serve()
    answer = client.head("/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert "content-security-policy" in answer.headers
    assert client.head("/survey/status").status_code == 200  # everything else as it is


def test_a_proxy_is_believed_only_where_there_is_one(serve: Serve):
    headers = {"X-Forwarded-For": "203.0.113.9, 10.0.0.1"}
    assert serve().get("/", headers=headers).text == "127.0.0.1"
    own = serve(trusted_proxies=("127.0.0.1", "10.0.0.0/8"))
    assert own.get("/", headers=headers).text == "203.0.113.9"
    added = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}  # the first is the visitor's word
    assert own.get("/", headers=added).text == "203.0.113.9"
    space = Settings.from_environment({"SPACE_ID": "ana/nitidez"}).trusted_proxies
    assert serve(trusted_proxies=space).get("/", headers=added).text == "203.0.113.9"


def test_an_address_of_version_6_counts_as_its_network():
    assert visitor_of(("2001:db8:1:2:3::4", 5)) == visitor_of(("2001:db8:1:2::9", 5))
    assert visitor_of(("2001:db8:1:2::9", 5)) != visitor_of(("2001:db8:1:3::9", 5))
    assert [visitor_of(("192.0.2.1", 5)), visitor_of(None)] == ["192.0.2.1", ""]


def test_every_answer_has_the_headers(serve: Serve):
    for answer in (serve().get("/"), serve().post("/x", headers={"Sec-Fetch-Site": "cross-site"})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert not re.search(r"https?:", policy)
        assert "frame-ancestors 'self';" in policy + ";"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    framed = serve(is_space=True).get("/").headers["content-security-policy"]
    assert "frame-ancestors 'self' https://huggingface.co" in framed

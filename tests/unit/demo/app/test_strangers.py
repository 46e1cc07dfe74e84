"""A stranger calls every route and every event of the app, and gets and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from survey.session.survey import Survey
from survey.simulation.simulate import simulate
from survey.storage.responses import read_responses
from tests.helpers.fake_engine import FakeEngine
from tests.helpers.tiny_study import make_study

COMMENT = "a comment that is nobody else's business"


class Place(NamedTuple):
    address: str
    survey: Survey
    secrets: tuple[bytes, ...]  # what no answer may hold
    files: tuple[Path, ...]  # that nobody may fetch


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, serve_demo: Callable[..., str]) -> Place:
    from survey.session.protected import ProtectedSurvey

    folder = tmp_path_factory.mktemp("data").resolve()
    make_study(folder)
    protected = ProtectedSurvey(folder)
    survey = protected.survey
    simulate(survey, raters=2, seed=1)
    frame = read_responses(survey.store, "default", True)
    study = survey.study
    ids = {*frame["participant"], *frame["session"], *frame["trial_id"]}
    ids |= {version.id for image in study.images for version in image.versions.values()}
    ids |= {version.file for image in study.images for version in image.versions.values()}
    ids |= set(study.models.values()) | {COMMENT, "SQLite format 3"}
    address = serve_demo(FakeEngine(), protected, owner_password="correct horse battery")
    files = tuple(path for path in folder.rglob("*") if path.is_file())
    return Place(address, survey, tuple(text.encode() for text in ids), files)


def state_of(survey: Survey) -> Any:
    """What a stranger must not change."""
    status = survey.status()
    return (
        status["state"],
        status["results_open"],
        len(read_responses(survey.store, "default", True)),
    )


def check(place: Place, reply: httpx.Response) -> None:
    asked = str(reply.url).encode()  # refusals may repeat what was asked for
    found = [secret for secret in place.secrets if secret in reply.content and secret not in asked]
    assert not found, f"{reply.request.method} {reply.url} tells {found[:3]}"


def routes_of(routes: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every (method, path) of an application, whatever it is nested in."""
    for route in routes:
        if hasattr(route, "original_router"):  # FastAPI's include_router
            inner = prefix + getattr(route.include_context, "prefix", "")
            yield from routes_of(route.original_router.routes, inner)
        elif getattr(route, "methods", None):
            yield from ((method, prefix + route.path) for method in route.methods)
        elif getattr(route, "routes", None):
            yield from routes_of(route.routes, prefix + route.path)


def filled(path: str, values: list[str]) -> list[str]:
    """A route's address with each value in the place of its parameters."""
    if "{" not in path:
        return [path]
    start, _, rest = path.partition("{")
    _, _, end = rest.partition("}")
    return [start + value + tail for value in values for tail in filled(end, values[:1])]


@pytest.mark.timeout(300)
def test_every_route(place: Place) -> None:
    before = state_of(place.survey)
    app = app_of(place)
    routes = sorted(set(routes_of(app.routes)))
    paths = {path for _, path in routes}
    assert {"/results/export", "/survey/image/{token}", "/config"} <= paths
    assert any(path.startswith("/gradio_api/file") for path in paths)
    version = place.survey.study.images[0].versions["original"].id
    values = [version, f"{version}-{version}", str(place.survey.data_folder / "survey.db")]
    bodies: list[Any] = [
        {"results_open": True},
        {"study_open": False},
        {"language": "en", "public": False, "simulated": True},
    ]
    with httpx.Client(base_url=place.address, timeout=5) as client:
        for method, path in routes:
            if path.endswith(("/queue/data", "/heartbeat/{session_hash}")):
                continue  # streams without an end; they carry what an event gives, tested below
            for address in filled(path, values):
                for body in bodies if path.startswith("/results") else bodies[:1]:
                    try:
                        reply = client.request(method, address, json=body)
                    except httpx.TransportError:  # Gradio gives up on some of these
                        continue
                    check(place, reply)
                    if path in ("/results/change", "/results/export"):
                        assert reply.status_code == 403, reply.text
    assert state_of(place.survey) == before


def app_of(place: Place) -> Any:
    """The running FastAPI application behind an address."""
    import gc

    import gradio as gr

    port = int(place.address.rstrip("/").rpartition(":")[2])
    apps = [each for each in gc.get_objects() if isinstance(each, gr.Blocks)]
    return next(each.app for each in apps if getattr(each, "server_port", None) == port)


def test_every_file_by_every_route_that_serves_files(place: Place) -> None:
    with httpx.Client(base_url=place.address, timeout=10) as client:
        for file in place.files:
            for address in (
                f"/gradio_api/file={file}",
                f"/gradio_api/file/{file}",
                f"/file={file}",
                f"/gradio_api/proxy=file://{file}",
                f"/assets/..%2f..%2f..%2f{file}",
                f"/static/{file}",
                f"/versions/..%2f{file.name}.png",
                f"/survey/image/..%2f{file.name}",
                f"/results/image/..%2f{file.name}-0",
            ):
                reply = client.get(address)
                assert reply.status_code >= 400 or reply.content != file.read_bytes(), address
                check(place, reply)


def test_every_event(place: Place) -> None:
    before = state_of(place.survey)
    file = {"path": str(place.files[0]), "meta": {"_type": "gradio.FileData"}}
    with httpx.Client(base_url=place.address, timeout=20) as client:
        config = client.get("/config").json()
        for event in config["dependencies"]:
            for value in (None, file, "../../survey.db", {"x": 1}):
                data = [value] * len(event["inputs"])
                body = {"data": data, "fn_index": event["id"], "session_hash": "stranger"}
                joined = client.post("/gradio_api/queue/join", json=body)
                check(place, joined)
                check(place, client.post("/gradio_api/run/predict", json=body))
                check(place, client.post(f"/gradio_api/call/{event['api_name']}", json=body))
        with client.stream(
            "GET", "/gradio_api/queue/data", params={"session_hash": "stranger"}
        ) as reply:
            told = 0
            for line in reply.iter_lines():
                assert not [secret for secret in place.secrets if secret in line.encode()], line
                message = json.loads(line[6:]) if line.startswith("data: ") else {}
                told += message.get("msg") == "process_completed"
                if message.get("msg") == "close_stream" or told > 40:
                    break
    assert state_of(place.survey) == before

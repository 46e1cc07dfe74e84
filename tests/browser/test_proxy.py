"""The app behind a proxy, under a path (GRADIO_ROOT_PATH): docs/troubleshooting.md says how."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.helpers.ports import free_port
from tests.helpers.tiny_study import make_study

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[2]
PREFIX = "/nitidez"
START_SECONDS = 240  # of an app on a busy machine
FIRST_MS = 120_000  # a real network is loaded and compiled for the first photo


def proxy(target: str, outside: list[str]) -> Starlette:
    """What takes the path off and hands on, as nginx does; notes who asks outside of it."""
    client = httpx.AsyncClient(base_url=target, timeout=None)

    async def forward(request: Request) -> Response:
        path = request.url.path
        if not path.startswith(f"{PREFIX}/"):
            outside.append(path)
            return PlainTextResponse("outside", 404)
        url = httpx.URL(path.removeprefix(PREFIX), query=request.url.query.encode())
        sent = client.build_request(
            request.method, url, headers=request.headers.raw, content=await request.body()
        )
        answer = await client.send(sent, stream=True)
        response = StreamingResponse(answer.aiter_raw(), answer.status_code)
        response.raw_headers = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.lower() != b"transfer-encoding"
        ]
        return response

    return Starlette(routes=[Route("/{path:path}", forward, methods=["GET", "HEAD", "POST"])])


@pytest.fixture
def address(tmp_path: Path, outside: list[str]) -> Iterator[str]:
    """`https://.../nitidez/` of an app that was told of it."""
    make_study(tmp_path / "data")
    port, front = free_port(), free_port()
    settings = {
        "GRADIO_ROOT_PATH": PREFIX,
        "PORT": str(port),
        "NITIDEZ_DATA": str(tmp_path / "data"),
        "NITIDEZ_FOLDER": str(tmp_path / "temporary"),
    }
    app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=os.environ | settings)
    target = f"http://127.0.0.1:{port}"
    config = uvicorn.Config(proxy(target, outside), port=front, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    try:
        while not (server.started and is_open(target)):
            assert app.poll() is None, "the app has ended"
            assert time.monotonic() < deadline, "the app does not open"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{front}{PREFIX}/"
    finally:
        server.should_exit = True
        app.terminate()
        app.wait(60)
        thread.join(10)


def is_open(target: str) -> bool:
    try:
        return httpx.get(f"{target}/survey/status", timeout=10).json()["state"] == "open"
    except (httpx.HTTPError, ValueError, KeyError):
        return False


@pytest.fixture
def outside() -> list[str]:
    return []


def test_every_tab_works_under_a_path(
    address: str, outside: list[str], open_page: Callable[..., Page], tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    page = open_page(address, own=True)
    page.locator(".picker input[type=file]").set_input_files(tmp_path / "photo.png")
    expect(page.get_by_text("All versions are ready.")).to_be_visible(timeout=FIRST_MS)
    with page.expect_download() as download:
        page.locator('#viewer a[download*="bicubic"]').first.click()
    assert Image.open(download.value.path()).size == (128, 96)
    page.goto(f"{address}?tab=survey")
    expect(page.get_by_role("heading", name="Which picture looks better to you?")).to_be_visible()
    page.goto(f"{address}?tab=results")
    expect(page.get_by_text("The results are not open yet")).to_be_visible()
    assert set(outside) <= {"/favicon.ico"}

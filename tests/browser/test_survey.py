"""Whole sessions of the survey in the app, in a real browser; what such a session gives away."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import Request, Response, expect

from survey.session import rating
from survey.session.protected import ProtectedSurvey
from survey.session.survey import Survey
from survey.study.protocol import METHODS
from tests.helpers.fake_engine import FakeEngine
from tests.helpers.survey_page import PHONE, Visit, rows_of, token_of


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """A function that serves the app with a survey or its data folder; returns its link."""
    from demo.app.build import build_app
    from demo.app.settings import Settings
    from survey.session.protected import ProtectedSurvey

    folder = tmp_path_factory.mktemp("nitidez")  # one: a process has one folder of uploads
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    apps = []

    def serve_data(data: Path | ProtectedSurvey) -> str:
        survey = ProtectedSurvey(data) if isinstance(data, Path) else data
        app = build_app(Settings(folder=folder), survey, FakeEngine())
        _, address, _ = app.launch(server_port=None, prevent_thread_lock=True, quiet=True)
        apps.append(app)
        return f"{address}?tab=survey"

    yield serve_data
    for app in apps:
        app.close(verbose=False)
    if before is None:
        del os.environ["GRADIO_TEMP_DIR"]
    else:
        os.environ["GRADIO_TEMP_DIR"] = before


@pytest.fixture(scope="module")
def link(protected: ProtectedSurvey, serve: Callable[..., str]) -> str:
    return serve(protected)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"dpr": 2, "locale": "pt-BR", "dark": True},
            ("Qual imagem parece melhor para você?", "Foi isto que você escolheu"),
        ),
        (
            PHONE | {"locale": "pt-BR"},
            ("Qual imagem parece melhor para você?", "Foi isto que você escolheu"),
        ),
    ],
    ids=["dpr 2, dark", "phone"],
)
def test_a_whole_session_by_keyboard(
    open_page, link: str, survey: Survey, options: Any, words: tuple[str, str]
):
    rater = Visit(open_page(link, **options), survey)
    expect(rater.page.get_by_role("heading", name=words[0])).to_be_visible()
    rater.take_part()
    token = token_of(rater.page)
    total = rating.state(survey, token)["progress"]["total"]
    steps = rater.finish()
    expect(rater.page.get_by_role("heading", name=words[1])).to_be_visible()
    expect(rater.page.locator(".ns-reveal table")).to_have_count(2)
    assert steps.count("judging") == total
    assert steps.count("break") == 1
    rows = rows_of(survey, token)
    assert len(rows) == total
    assert {row["dpr"] for row in rows} == {options["dpr"]}
    assert {row["pixel_check"] for row in rows} == {"pass"}
    assert all(row["rt_ms"] >= 200 for row in rows)
    assert all(0 <= row["ready_ms"] < 5000 for row in rows)
    assert not any("instructed_failed" in row["flags"] for row in rows)
    assert not any("dpr_changed" in row["flags"] for row in rows)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert rater.page.evaluate(overflow) <= 0
    assert not rater.page.console_errors


def test_nothing_that_the_browser_receives_tells_which_version_is_which(
    open_page, link: str, survey: Survey
):
    """Records a whole session at devicePixelRatio 1 and searches it: names of methods, what is
    stored about a version, a pattern in sizes and headers.
    """
    page = open_page("about:blank", own=True)
    exchanged: list[tuple[Request, Response | None]] = []
    page.on("response", lambda response: exchanged.append((response.request, response)))
    rater = Visit(page, survey)
    page.goto(link)
    rater.take_part()
    seen: set[str] = set()
    while rater.at() != "comment":
        rater.step()
        seen.add(page.locator(".ns").evaluate("node => node.outerHTML"))
    kept = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    config = page.evaluate("JSON.stringify(window.gradio_config)")
    survey_part = json.dumps(
        [part for part in json.loads(config)["components"] if "ns-judge" in json.dumps(part)]
    )
    assert "ns-judge" in survey_part
    images, replies = [], []
    for request, response in exchanged:
        if "/survey/" not in request.url:
            continue
        headers = json.dumps(response.all_headers())
        if "/survey/image/" in request.url:
            images.append((request.url, response.all_headers(), response.body()))
            replies.append(request.url + headers)
        else:
            replies.append(request.url + headers + (request.post_data or "") + response.text())
    assert len(images) >= 10
    assert len(replies) > 30

    study = survey.study
    words = {re.sub(r"_x4$", "", method) for method in METHODS} | {"psnr", "lpips", "golden"}
    words |= {"warmup", "repeat", "expected", "neares", "bicúbica", "vizinho"}
    secret = {value for image in study.images for value in (image.id, *map_of(image))}
    everything = "\n".join([*seen, *replies, kept]).lower()
    for word in words:
        # The words of the page itself are the same for everybody, and checked without the DOM.
        assert not re.search(rf"(?<![a-z]){word}(?![a-z])", everything), word
    for value in secret:
        assert value.lower() not in everything + config.lower() + survey_part.lower()
    assert not re.search(r"\b(nearest|bicubic|srresnet|srgan)", survey_part.lower())

    one = images[0][1]
    for _, headers, body in images:
        told = {name: value for name, value in headers.items() if name != "date"}
        assert told == {name: value for name, value in one.items() if name != "date"}
        assert len(body) == len(images[0][2])
        assert body[8:33] == images[0][2][8:33], "the same PNG header"
        assert not re.search(rb"tEXt|iTXt|zTXt|eXIf|tIME|gAMA|iCCP", body[:200])
    assert not {"etag", "last-modified", "content-encoding"} & set(one)
    assert page.evaluate("Object.keys(localStorage).filter((k) => /history/.test(k))") == []
    history = page.request.get(link.split("?")[0] + "gradio_api/runs")
    assert history.status == 404
    assert not any(
        "survey" in path
        for path in json.loads(page.request.get(link.split("?")[0] + "gradio_api/info").text())[
            "named_endpoints"
        ]
    )

    total = rating.state(survey, token_of(page))["progress"]["total"]
    assert len(rows_of(survey, token_of(page))) == total
    page.locator("[data-go=finish]").click()
    expect(page.locator(".ns-reveal")).to_contain_text("SRGAN")


def map_of(image: Any) -> Iterator[str]:
    """What is stored of an image's versions."""
    for version in image.versions.values():
        yield from (version.id, version.file, version.sha256)


def test_the_link_opens_the_survey_and_the_address_follows_the_tab(open_page, link: str):
    page = open_page(link.replace("?tab=survey", "#survey"))
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    page.get_by_role("tab", name="Upscale").click()
    expect(page.get_by_text("Drop a photo here")).to_be_visible()
    expect(page.locator("[data-screen=welcome]")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("survey"))
    page.get_by_role("tab", name="Survey").click()
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    expect(page).to_have_url(re.compile("#survey$"))
    page.get_by_text("Português").click()
    expect(page.get_by_role("tab", name="Pesquisa")).to_be_visible()
    expect(page.get_by_role("heading", name="Qual imagem parece melhor")).to_be_visible()
    assert not page.console_errors


def test_a_broken_survey_says_so_and_the_upscaler_works(open_page, serve, tmp_path: Path):
    (tmp_path / "survey.db").write_bytes(b"no database" * 500)
    page = open_page(serve(tmp_path))
    expect(page.get_by_text("The survey cannot run just now")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_text("Answers cannot be saved just now.")
    page.get_by_role("tab", name="Upscale").click()
    page.get_by_role("button", name="Coffee").click()
    expect(page.get_by_text("All versions are ready.")).to_be_visible()

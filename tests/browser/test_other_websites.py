"""Pages of other websites, in a real browser that shows the app on plain http, as a class opens it.

The browser is told that the names and the number below lead to this machine; nothing else is asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import Page, expect

from survey.session.protected import ProtectedSurvey
from tests.browser.conftest import ELSEWHERE, LAN_ADDRESS
from tests.helpers.fake_engine import FakeEngine
from tests.helpers.tiny_study import make_study

PASSWORD = "correct horse battery"
# What such a page can try: each gives what it could read, or that it could read nothing.
ATTACK = """async (app) => {
  const json = { "Content-Type": "application/json" };
  const owner = { ...json, "X-Owner-Token": "x" };
  const start = JSON.stringify({ request: "", language: "en", consent_version: "x",
    adult: true, invitation: "", panel: "" });
  const tries = {
    status: [`${app}/survey/status`, {}],
    start: [`${app}/survey/start`, { method: "POST", headers: json, body: start }],
    blind_start: [`${app}/survey/start`, { method: "POST", mode: "no-cors", body: start }],
    guess: [`${app}/results/sign-in`,
      { method: "POST", headers: json, body: JSON.stringify({ password: "PASSWORD" }) }],
    owner: [`${app}/results/change`, { method: "POST", headers: owner, body: "{}" }],
    results: [`${app}/results/status`, {}],
    config: [`${app}/config`, {}],
    page: [`${app}/`, {}],
    event: [`${app}/gradio_api/queue/join`, { method: "POST", headers: json, body: "{}" }],
  };
  const read = {};
  for (const [name, [url, options]] of Object.entries(tries)) {
    read[name] = await fetch(url, options)
      .then(async (reply) => (reply.type === "opaque" ? null : [reply.status, await reply.text()]))
      .catch(() => null);
  }
  const picture = new Image();
  picture.src = `${app}/samples/chelsea.jpg`;
  read.picture = await picture.decode().then(() => "seen", () => null);
  return read;
}""".replace("PASSWORD", PASSWORD)


class AnyPage(BaseHTTPRequestHandler):
    """A website that is not ours."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>Free cats</title>")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """The port of another website."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), AnyPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@pytest.fixture(scope="module")
def survey_of_a_class(tmp_path_factory: pytest.TempPathFactory) -> ProtectedSurvey:
    folder = tmp_path_factory.mktemp("data")
    make_study(folder)
    return ProtectedSurvey(folder)


@pytest.fixture(scope="module")
def port(
    tmp_path_factory: pytest.TempPathFactory, survey_of_a_class: ProtectedSurvey
) -> Iterator[int]:
    """The port of the app."""
    from demo.app.build import build_app
    from demo.app.settings import Settings

    folder = tmp_path_factory.mktemp("app")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        settings = Settings(folder=folder, owner_password=PASSWORD)
        app = build_app(settings, survey_of_a_class, FakeEngine())
        app.launch(server_port=None, prevent_thread_lock=True, quiet=True)
        yield app.server_port
        app.close(verbose=False)


def begun(survey: ProtectedSurvey) -> int:
    """Sessions that have begun."""
    rows = survey.survey.store.rows("SELECT count(*) AS n FROM session")
    return int(rows[0]["n"])


def test_another_website_reads_and_changes_nothing(
    open_page: Callable[..., Page], port: int, elsewhere: int, survey_of_a_class: ProtectedSurvey
) -> None:
    page = open_page(f"http://{ELSEWHERE}:{elsewhere}/", own=True)
    read = page.evaluate(ATTACK, f"http://{LAN_ADDRESS}:{port}")
    assert read == dict.fromkeys(read)
    assert begun(survey_of_a_class) == 0


def test_another_port_of_the_same_machine_is_another_website(
    open_page: Callable[..., Page], port: int, elsewhere: int, survey_of_a_class: ProtectedSurvey
) -> None:
    page = open_page(f"http://{LAN_ADDRESS}:{elsewhere}/", own=True)
    read = page.evaluate(ATTACK, f"http://{LAN_ADDRESS}:{port}")
    assert read == dict.fromkeys(read)
    assert begun(survey_of_a_class) == 0


def test_a_name_that_leads_to_this_machine_gets_nothing(
    open_page: Callable[..., Page], port: int, survey_of_a_class: ProtectedSurvey
) -> None:
    """As after DNS rebinding: the page and the app have one origin, which is not ours."""
    page = open_page(f"http://{ELSEWHERE}:{port}/", own=True)
    expect(page.get_by_text("does not know the address")).to_be_visible()
    read = page.evaluate(ATTACK, f"http://{ELSEWHERE}:{port}")
    assert {name: told and told[0] for name, told in read.items()} == dict.fromkeys(read, 421) | {
        "picture": None
    }
    assert begun(survey_of_a_class) == 0


def test_the_apps_own_page_works_at_that_address(
    open_page: Callable[..., Page], port: int, survey_of_a_class: ProtectedSurvey
) -> None:
    page = open_page(f"http://{LAN_ADDRESS}:{port}/?tab=survey", own=True)
    expect(page.get_by_role("heading", name="Which picture looks better to you?")).to_be_visible()
    page.locator("[name=adult]").check()
    page.locator("[name=agree]").check()
    page.locator("[data-go=start]").click()
    expect(page.locator(".ns-code output")).not_to_be_empty()
    assert begun(survey_of_a_class) == 1

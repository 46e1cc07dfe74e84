"""A real browser for the tests in this folder: headless Chromium, driven by Playwright.

Nothing is downloaded: a Chromium that is installed on the machine is used, or the one that
`python -m playwright install chromium` has put in place. Without either the tests skip.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from survey.session import rating
from tests.helpers.ports import free_port

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("NO_PROXY", "127.0.0.1,localhost")

if TYPE_CHECKING:
    import gradio as gr
    from playwright.sync_api import Browser, Page

    from survey.session.protected import ProtectedSurvey
    from survey.session.survey import Survey
    from tests.unit.survey.conftest import Rater

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# These lead to this machine, as a name of the network and somebody else's would.
LAN_ADDRESS, ELSEWHERE = "192.168.0.7", "cats.example"
CHROMIUM_FLAGS = [
    *("--no-sandbox", "--hide-scrollbars", "--force-color-profile=srgb"),
    f"--host-resolver-rules=MAP {LAN_ADDRESS} 127.0.0.1, MAP {ELSEWHERE} 127.0.0.1",
]
TIMEOUT_MS = 60_000
LOAD_MS = 180_000  # Gradio's page, where it is not in the browser's cache


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for the whole run."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="browser tests need playwright: make test installs it"
    )
    sync_api.expect.set_options(timeout=TIMEOUT_MS)  # machines can be busy
    executable = next((path for path in map(shutil.which, CHROMIUM_NAMES) if path), None)
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        except sync_api.Error as error:
            pytest.skip(f"browser tests need Chromium: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def launch_app() -> Iterator[Callable[..., str]]:
    """A function that serves a gr.Blocks on a free port and returns its address."""
    launched: list[gr.Blocks] = []

    from demo.web.scripts import script_route

    def launch(blocks: gr.Blocks, **options: Any) -> str:
        port = free_port()
        settings: dict[str, Any] = {"run_history": False, "show_error": True, "ssr_mode": False}
        settings["app_kwargs"] = {"routes": [script_route()]}
        blocks.launch(
            server_name="127.0.0.1",
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            **(settings | options),
        )
        launched.append(blocks)
        return f"http://127.0.0.1:{port}"

    yield launch
    for blocks in launched:
        blocks.close(verbose=False)


@pytest.fixture(scope="session")
def spare_pages() -> dict[str, list[Page]]:
    """Pages that no test uses any more, by what their browser context was made with."""
    return {}


@pytest.fixture
def open_page(
    chromium: Browser, spare_pages: dict[str, list[Page]]
) -> Iterator[Callable[..., Page]]:
    """A function that opens an address with empty storage.

    `dpr` is the devicePixelRatio, `locale` what the browser asks for, `dark` its colour scheme;
    other keywords go to Playwright's new_context. The page remembers what it wrote to the
    console as an error, in `page.console_errors`.

    A page that has loaded Gradio before loads it again in a sixth of the time, so pages go from
    test to test. `own` gives a browser context that nobody had or gets: for tests that change
    the page beyond what it shows (its network, its scripts) or look at what it asks for.
    """
    opened: list[tuple[Page, str | None]] = []

    def open_address(
        url: str,
        *,
        dpr: float = 1,
        width: int = 1280,
        height: int = 900,
        locale: str = "en-US",
        dark: bool = False,
        own: bool = False,
        **options: Any,
    ) -> Page:
        made_with = {
            "viewport": {"width": width, "height": height},
            "device_scale_factor": dpr,
            "locale": locale,
            "color_scheme": "dark" if dark else "light",
            **options,
        }
        kind = None if own else json.dumps(made_with, sort_keys=True)
        if kind is not None and spare_pages.get(kind):
            page = spare_pages[kind].pop()
        else:
            page = chromium.new_context(**made_with).new_page()
            page.set_default_timeout(TIMEOUT_MS)
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda line: line.type == "error" and errors.append(line.text))
            page.console_errors = errors  # type: ignore[attr-defined]
        opened.append((page, kind))
        page.goto(url, timeout=LOAD_MS)
        if page.locator("gradio-app").count():  # put together by scripts, after it is loaded
            parts = page.locator("gradio-app main > *")
            parts.first.wait_for(state="attached", timeout=LOAD_MS)
        return page

    yield open_address
    for page, kind in opened:
        if kind is None or page.is_closed():
            page.context.close()
            continue
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.goto("about:blank")
        page.context.clear_cookies()
        page.console_errors.clear()  # type: ignore[attr-defined]
        spare_pages.setdefault(kind, []).append(page)


@pytest.fixture(scope="session")
def protected(tmp_path_factory: pytest.TempPathFactory) -> ProtectedSurvey:
    """A survey with a small study, the same for all browser tests."""
    from survey.session.protected import ProtectedSurvey
    from tests.helpers.tiny_study import make_study

    folder = tmp_path_factory.mktemp("survey")
    make_study(folder)
    return ProtectedSurvey(folder)


@pytest.fixture(scope="session")
def survey(protected: ProtectedSurvey) -> Survey:
    """The survey itself."""
    return protected.survey


@pytest.fixture(scope="session")
def survey_address(survey: Survey) -> Iterator[str]:
    """Address of the survey in a page of its own, without Gradio: it loads in a moment."""
    from tests.helpers.survey_page import PlainServer

    server = PlainServer(survey)
    yield server.start()
    server.stop()


@pytest.fixture
def session_at(survey: Survey) -> Callable[..., Rater]:
    """A function that brings a new session to a phase, without a browser."""
    from tests.unit.survey.conftest import Rater

    def bring(phase: str, **display: Any) -> Rater:
        rater = Rater(survey)
        if phase == "display":
            return rater
        rater.show_display(**{"screen_width": 1280, "screen_height": 900} | display)
        for _ in range(100):
            state = rater.state
            if state["phase"] == phase and not (state["trial"] or {}).get("instructed"):
                return rater
            if state["phase"] == "break":
                rater.state = rating.resume(survey, rater.token)
            elif state["phase"] == "comment":
                rater.state = rating.finish(survey, rater.token)
            else:
                rater.answer()
        raise AssertionError(f"no session comes to {phase}")

    return bring


@pytest.fixture
def first_trial(
    visit: Callable[..., Any], session_at: Callable[..., Rater]
) -> tuple[Rater, Any, int]:
    """A rater at the first trial that counts, the visit that shows it, how many were answered."""
    rater = session_at("rating")
    opened = visit(rater.token)
    opened.begin()
    return rater, opened, rater.state["progress"]["done"]


@pytest.fixture
def visit(open_page: Callable[..., Page], survey: Survey, survey_address: str) -> Iterator[Any]:
    """A function that opens the survey as a newcomer, or in the session of a rater (`token`).

    `init` is a script that runs before the page's own. Afterwards no error may be left over.
    """
    from tests.helpers.survey_page import Visit

    pages = []

    def open_visit(token: str | None = None, init: str = "", **options: Any) -> Visit:
        page = open_page("about:blank", own=True, **options)
        # A page that is open when its network is first watched may send one more request past it.
        page.route("**/nothing", lambda route: route.fallback())
        pages.append(page)
        if init:
            page.add_init_script(init)
        page.goto(survey_address)
        if token:
            page.evaluate("(t) => localStorage.setItem('nitidez-survey', t)", json.dumps(token))
            page.reload()
        return Visit(page, survey)

    yield open_visit
    brought_about = ("net::ERR", "Failed to load resource")  # by the test, with a bad network
    for page in pages:
        assert [line for line in page.console_errors if not line.startswith(brought_about)] == []

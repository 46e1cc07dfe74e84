"""What the browser tests of the survey share: a page without Gradio around it, and a rater."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import uvicorn
from PIL import Image
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from demo.rating.page import survey_css, survey_html, survey_text
from demo.rating.routes import survey_routes
from demo.web.scripts import script_route, start_script
from survey.session import rating
from survey.storage.codes import token_sha256
from tests.helpers.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from survey.session.survey import Survey

BOUNCE_MS = 260  # the page takes two answers as two only after 250 ms
PHONE = {"dpr": 3, "width": 390, "height": 760, "is_mobile": True, "has_touch": True}
JUDGE = ".ns-judge"
STYLE = """
<style>
  body { margin: 0; padding: 0 20px; font-family: sans-serif; background: var(--surface); }
  .html-container { all: unset; }
</style>"""


def plain_page() -> str:
    """The survey's own HTML, CSS and JavaScript in a page that loads in a moment."""
    from demo.app.launch import FOLDER

    style = (FOLDER / "style.css").read_text("utf-8")
    return f"""<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Survey</title><link rel="icon" href="data:,"><style>{style}</style>
<style>{survey_css()}</style>{STYLE}</head>
<body class="gradio-container"><main id="survey">{survey_html()}</main><script>
document.documentElement.lang = navigator.language;
if (matchMedia("(prefers-color-scheme: dark)").matches) document.body.classList.add("dark");
(function (element, props, trigger, watch, upload) {{
{start_script("rating/js/survey.js")}
}})(document.getElementById("survey"), {{ text: {json.dumps(survey_text())} }});
</script></body></html>"""


class PlainServer:
    """Serves the plain page and the survey's routes from a thread."""

    def __init__(self, survey: Survey) -> None:
        page = plain_page()
        routes = [
            Route("/", lambda request: HTMLResponse(page)),
            script_route(),
            *survey_routes(lambda: survey),
        ]
        self.port = free_port()
        config = uvicorn.Config(
            Starlette(routes=routes), host="127.0.0.1", port=self.port, log_level="error"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> str:
        """Start; returns the address."""
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{self.port}/"

    def stop(self) -> None:
        """Stop and wait."""
        self._server.should_exit = True
        self._thread.join(10)


class Visit:
    """A rater's page, and what a person can see and do on it."""

    def __init__(self, page: Page, survey: Survey) -> None:
        self.page = page
        self.survey = survey
        self.judge = page.locator(JUDGE)

    def screen(self, name: str) -> Any:
        return self.page.locator(f'[data-screen="{name}"]')

    def at(self) -> str:
        """What is shown: a screen's name, "judging" or "feedback"."""
        return self.page.wait_for_function(
            """() => {
              const dialog = document.querySelector(".ns-judge");
              if (!dialog.open) return document.querySelector(".ns").dataset.at;
              if (dialog.dataset.feedback === "true") return "feedback";
              return dialog.dataset.locked === "false" ? "judging" : null;
            }"""
        ).json_value()

    def press(self, selector: str) -> None:
        """Reach an element with Tab and press it."""
        for _ in range(60):
            if self.page.evaluate("(s) => document.activeElement.matches(s)", selector):
                break
            self.page.keyboard.press("Tab")
        else:
            raise AssertionError(f"Tab never reaches {selector}")
        is_box = self.page.evaluate("document.activeElement.type === 'checkbox'")
        self.page.keyboard.press("Space" if is_box else "Enter")

    def take_part(self) -> None:
        """From the welcome to the practice, by keyboard."""
        expect(self.screen("welcome")).to_be_visible()
        expect(self.page.locator("[data-go=start]")).to_be_disabled()
        for selector in ("[name=adult]", "[name=agree]", "[data-go=start]"):
            self.press(selector)
        expect(self.screen("code").locator("output")).to_have_text(re.compile(r"^\w{5}-\w{5}$"))
        self.press("[data-go=noted]")
        self.press("[data-fine='1']")
        for action in ("card-done", "distance-done", "pixels-pass"):
            self.press(f"[data-action={action}]")
        expect(self.screen("ready")).to_be_visible()

    def answer_key(self) -> str:
        """The key for the open trial; an instruction is followed."""
        question = self.judge.locator(".ns-question")
        wanted = question.inner_text().split(":")[-1].strip()
        for key, selector in (
            *((str(score), f"[data-score='{score}'] span") for score in range(1, 6)),
            ("ArrowLeft", "[data-choice=left] span"),
            ("ArrowRight", "[data-choice=right] span"),
            ("0", "[data-choice=tie] span"),
        ):
            label = self.judge.locator(selector).text_content()
            if wanted == label or wanted == f"{key} ({label})":
                return key
        return "ArrowRight" if self.judge.get_attribute("data-kind") == "pair" else "3"

    def begin(self) -> None:
        """From the page before a block to its first open trial."""
        self.page.locator("[data-go=begin]").click()
        assert self.at() == "judging"

    def saved(self, count: int) -> None:
        """Wait until so many answers are acknowledged."""
        expect(self.page.locator(".ns-saved")).to_have_text(re.compile(rf"^{count} \w+$"))

    def answer(self, key: str) -> None:
        """A key, not too soon after the one before."""
        assert self.at() == "judging"
        self.page.wait_for_timeout(BOUNCE_MS)
        self.page.keyboard.press(key)

    def step(self) -> str:
        """Do what the present screen asks for; returns what it was."""
        at = self.at()
        if at == "judging":
            count = self.judge.locator(".ns-count").inner_text()
            self.page.wait_for_timeout(BOUNCE_MS)
            self.page.keyboard.press(self.answer_key())
            expect(self.judge.locator(".ns-count")).not_to_have_text(count)
        elif at == "feedback":
            self.page.wait_for_timeout(BOUNCE_MS)
            self.page.keyboard.press("Enter")
        else:
            actions = {"ready": "begin", "break": "resume", "comment": "finish"}
            self.press(f"[data-go={actions[at]}]")
            expect(self.screen(at)).not_to_be_visible() if at != "ready" else expect(
                self.judge
            ).to_be_visible()
        return at

    def finish(self) -> list[str]:
        """Go on to the end; the screens in order."""
        steps = []
        while not steps or self.at() != "end":
            steps.append(self.step())
            assert len(steps) < 100
        expect(self.screen("end")).to_be_visible()
        return steps


def rows_of(survey: Survey, token: str) -> list[dict[str, Any]]:
    """What the database holds of a session, in the order of its trials."""
    with sqlite3.connect(survey.data_folder / "survey.db") as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(
            "SELECT response.*, trial.seq, trial.block FROM response"
            " JOIN trial ON trial.id = response.trial_id"
            " JOIN session ON session.id = trial.session"
            " WHERE session.token_sha256 = ? ORDER BY seq",
            (token_sha256(token),),
        )
        return [dict(row) for row in rows]


def token_of(page: Page) -> str:
    return json.loads(page.evaluate("localStorage.getItem('nitidez-survey')"))


def frames_of(page: Page) -> dict[int, tuple[int, int, int, int]]:
    """Where each picture lies, in device pixels, by its index."""
    told = page.locator(".ns-canvas").get_attribute("data-frames") or ""
    rows = [[int(number) for number in frame.split()] for frame in told.split(";")]
    return {index: (x, y, width, height) for index, x, y, width, height in rows}


def shown(page: Page, index: int) -> np.ndarray:
    """The pixels of the screen where a picture lies."""
    x, y, width, height = frames_of(page)[index]
    screen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    return screen[y : y + height, x : x + width]


def stored(survey: Survey, token: str) -> np.ndarray:
    return np.asarray(Image.open(rating.image(survey, token)))

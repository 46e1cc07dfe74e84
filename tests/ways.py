"""Two ways through the program, walked in a browser with every call written down.

    python -m tests.ways [FOLDER]       # of the program in FOLDER, such as a worktree; this one

prints, for "upload to PNG" (a photo is chosen, enlarged and downloaded) and "key to row" (an answer
of the survey is given and acknowledged), which functions and files of the program work on it, on
the server and in the browser. The study of the first start is made first, which takes minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
from PIL import Image

from tests.helpers.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 900
# Runs app.py; SIGUSR1 begins to note every function of the program that is called, SIGUSR2 writes.
NOTING = """
import json, os, runpy, signal, sys, threading
root, seen, noting = os.getcwd() + os.sep, set(), False
def note(frame, event, argument):
    code = frame.f_code
    if noting and event == "call" and code.co_filename.startswith(root):
        if code.co_name != "<module>":
            seen.add((code.co_filename[len(root):], code.co_name, code.co_firstlineno))
def begin(*_):
    global noting
    seen.clear(); noting = True
def write(*_):
    global noting
    noting = False
    with open(os.environ["WAY"] + ".part", "w") as file:
        json.dump(sorted(seen), file)
    os.replace(os.environ["WAY"] + ".part", os.environ["WAY"])
signal.signal(signal.SIGUSR1, begin); signal.signal(signal.SIGUSR2, write)
threading.setprofile(note); sys.setprofile(note)
sys.path.insert(0, root); sys.argv = ["app.py"]
runpy.run_path("app.py", run_name="__main__")
"""


class Server:
    """The program of a folder, served; `noted` says which of its functions an action calls."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.way = folder / "way.json"
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        settings = {"PORT": str(port), "HOST": "127.0.0.1", "WAY": str(self.way)}
        settings |= {"NITIDEZ_DATA": f"{folder}/data", "NITIDEZ_FOLDER": f"{folder}/temporary"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", NOTING], cwd=root, env=os.environ | settings
        )

    def wait(self) -> None:
        """Until the survey is open."""
        for _ in range(START_SECONDS):
            try:
                if httpx.get(f"{self.address}/survey/status").json()["state"] == "open":
                    return
            except (httpx.HTTPError, ValueError):
                pass
            time.sleep(1)
        raise TimeoutError("the survey does not open")

    def noted(self, action: Callable[[], None]) -> set[tuple[str, str]]:
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(1)
        action()
        self.process.send_signal(signal.SIGUSR2)
        while not self.way.exists():
            time.sleep(0.1)
        called = json.loads(self.way.read_text())
        self.way.unlink()
        return {(file, f"{name}:{line}") for file, name, line in called}


class Scripts:
    """The program's JavaScript in a page; functions are found in its files by their text."""

    def __init__(self, page: Page, root: Path) -> None:
        self.session = page.context.new_cdp_session(page)
        self.files = {
            path.relative_to(root).as_posix(): path.read_text("utf-8")
            for path in (root / "demo").rglob("*.js")
        }
        self.session.send("Debugger.enable")
        self.session.send("Profiler.enable")
        self.session.send("Profiler.startPreciseCoverage", {"callCount": True, "detailed": False})

    def called(self) -> set[tuple[str, str]]:
        """What was called since this was made."""
        found: set[tuple[str, str]] = set()
        for script in self.session.send("Profiler.takePreciseCoverage")["result"]:
            if "/assets/" in script["url"]:  # Gradio's own
                continue
            asked = {"scriptId": script["scriptId"]}
            source = self.session.send("Debugger.getScriptSource", asked)["scriptSource"]
            for function in script["functions"]:
                (first, *_) = function["ranges"]
                text = source[first["startOffset"] : first["endOffset"]]
                if first["count"] and function["functionName"]:
                    found |= {(f, text) for f, content in self.files.items() if text in content}
        return found


def upload_to_png(page: Page, photo: Path) -> None:
    """Choose a photo, wait for its versions, download one."""
    noise = np.random.default_rng(time.time_ns()).integers(0, 256, (24, 24, 3), np.uint8)
    Image.fromarray(noise).save(photo)
    link = '#viewer a[download*="srresnet"]'
    before = page.evaluate("(s) => document.querySelector(s)?.href", link)
    page.locator(".picker input[type=file]").set_input_files(photo)
    is_new = "([s, old]) => ![undefined, '', old].includes(document.querySelector(s)?.href)"
    page.wait_for_function(is_new, arg=[link, before], timeout=120_000)
    page.get_by_text("All versions are ready.").wait_for(state="visible")
    with page.expect_download() as download:
        page.locator(link).first.click()
    assert Image.open(download.value.path()).size == (96, 96)


def key_to_row(page: Page) -> None:
    """Give one answer, wait until it is acknowledged."""
    with page.expect_response("**/survey/answer") as answer:
        page.keyboard.press("3")
    assert answer.value.ok


def begin_survey(page: Page, address: str) -> None:
    """A rater of the practice, whose first pictures are shown."""
    from demo.rating.routes import TOKEN_HEADER
    from tests.unit.survey.conftest import DISPLAY

    version = httpx.get(f"{address}/survey/status").json()["consent_version"]
    body = {"request": os.urandom(16).hex(), "language": "en", "adult": True}
    body |= {"invitation": "", "panel": ""}
    started = httpx.post(f"{address}/survey/start", json=body | {"consent_version": version})
    token = started.json()["token"]
    display = DISPLAY | {"screen_width": 1280, "screen_height": 900}
    httpx.post(f"{address}/survey/display", json=display, headers={TOKEN_HEADER: token})
    page.goto(address)
    page.evaluate("(t) => localStorage.setItem('nitidez-survey', t)", json.dumps(token))
    page.goto(f"{address}/?tab=survey")
    page.reload()
    page.locator("[data-go=begin]").click()
    page.wait_for_function("document.querySelector('.ns-judge').dataset.locked === 'false'")


def walk(root: Path) -> dict[str, set[tuple[str, str]]]:
    """The functions of each way: file, and what tells it from others of the file."""
    from playwright.sync_api import sync_playwright

    ways: dict[str, set[tuple[str, str]]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(root, Path(folder))
        try:
            server.wait()
            found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
            browser = playwright.chromium.launch(
                executable_path=next(filter(None, found), None), args=["--no-sandbox"]
            )
            page = browser.new_page(locale="en-US", viewport={"width": 1280, "height": 900})
            page.goto(server.address)
            upload = partial(upload_to_png, page, Path(folder) / "photo.png")
            upload()  # what only the first time does is not of the way
            scripts = Scripts(page, root)
            ways["upload to PNG"] = server.noted(upload) | scripts.called()
            begin_survey(page, server.address)
            scripts = Scripts(page, root)
            ways["key to row"] = server.noted(partial(key_to_row, page)) | scripts.called()
            browser.close()
        finally:
            server.process.terminate()
            server.process.wait(60)
    return ways


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ways", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT)
    for name, functions in walk(parser.parse_args().folder.resolve()).items():
        files = sorted({file for file, _ in functions})
        ends = {end: sum(file.endswith(end) for file in files) for end in (".py", ".js")}
        print(
            f"{name}: {len(functions)} functions in {len(files)} files {ends}: {', '.join(files)}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

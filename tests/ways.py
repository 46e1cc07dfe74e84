"""Two ways through the program, walked with every call written down.

    python -m tests.ways [FOLDER]       # of the program in FOLDER, such as a worktree; this one

prints, for "upload to PNG" (a photo is sent, enlarged by SRResNet and fetched) and "key to row" (an
answer of the survey is sent and acknowledged), how many functions and files of the server work on
it. The study of the first start has to be made first, which takes minutes.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from tests.helpers.ports import free_port

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


def upload_to_png(client: httpx.Client) -> None:
    """Send a photo through the API, fetch what SRResNet makes of it."""
    photo = io.BytesIO()
    noise = np.random.default_rng(int(time.time())).integers(0, 256, (24, 24, 3), np.uint8)
    Image.fromarray(noise).save(photo, "PNG")
    sent = client.post("/gradio_api/upload", files={"files": ("photo.png", photo.getvalue())})
    file = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
    call = client.post("/gradio_api/call/upscale", json={"data": [file, "srresnet_x4"]})
    answer = client.get(f"/gradio_api/call/upscale/{call.json()['event_id']}").text
    assert "event: complete" in answer, answer
    path = json.loads(answer.split("event: complete\ndata: ")[1].splitlines()[0])[0]
    png = client.get(f"/gradio_api/file={path if isinstance(path, str) else path['path']}")
    assert png.content.startswith(b"\x89PNG"), png.text


class Rater:
    """A rater who is about to answer."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        version = client.get("/survey/status").json()["consent_version"]
        body = {"request": os.urandom(16).hex(), "language": "en", "adult": True}
        started = self.post("start", body | {"consent_version": version}, "")
        self.token = started["token"]
        from tests.unit.survey.conftest import DISPLAY

        self.state = self.post("display", DISPLAY, self.token)

    def post(self, name: str, body: dict[str, Any], token: str) -> dict[str, Any]:
        from demo.rating.routes import TOKEN_HEADER

        answer = self.client.post(f"/survey/{name}", json=body, headers={TOKEN_HEADER: token})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def answer(self) -> None:
        """One key: the answer is a row of the database when this returns."""
        from tests.unit.survey.conftest import CONDITIONS

        times = {"rt_ms": 900.0, "ready_ms": 5.0, "flicker_ms": 0, "switches": 0, "focus_lost": 0}
        trial = {"trial_id": self.state["trial"]["id"], "score": 3, "conditions": CONDITIONS}
        assert "saved" in self.post("answer", trial | times, self.token)


def walk(root: Path) -> dict[str, list[list[Any]]]:
    """The functions of each way: file, name and line."""
    with tempfile.TemporaryDirectory() as folder:
        way = Path(folder) / "way.json"
        port = free_port()
        settings = {"NITIDEZ_DATA": f"{folder}/data", "NITIDEZ_FOLDER": f"{folder}/temporary"}
        process = subprocess.Popen(
            [sys.executable, "-c", NOTING],
            cwd=root,
            env=os.environ | settings | {"PORT": str(port), "WAY": str(way), "HOST": "127.0.0.1"},
            stdout=subprocess.DEVNULL,
        )
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300)
        try:
            for _ in range(START_SECONDS):
                try:
                    if client.get("/survey/status").json()["state"] == "open":
                        break
                except (httpx.HTTPError, ValueError):
                    pass
                time.sleep(1)
            upload_to_png(client)  # what only the first time does is not of the way
            rater = Rater(client)
            ways = {}
            for name, go in (
                ("upload to PNG", lambda: upload_to_png(client)),
                ("key to row", rater.answer),
            ):
                process.send_signal(signal.SIGUSR1)
                time.sleep(1.5)
                go()
                process.send_signal(signal.SIGUSR2)
                for _ in range(100):
                    if way.exists():
                        break
                    time.sleep(0.1)
                ways[name] = json.loads(way.read_text())
                way.unlink()
            return ways
        finally:
            process.terminate()
            process.wait(60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ways", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT)
    for name, functions in walk(parser.parse_args().folder.resolve()).items():
        files = sorted({file for file, *_ in functions})
        print(f"{name}: {len(functions)} functions in {len(files)} files: {', '.join(files)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Many raters at once through the real HTTP interface, while the server is killed now and then.

    python -m tests.system.load --raters 200 --kills 20 --data EMPTY_FOLDER

prints what was measured and ends with status 1 when an acknowledged answer is missing. The tests
run a small one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from demo.rating.routes import TOKEN_HEADER
from survey.storage.journal import Journal
from tests.helpers.ports import free_port
from tests.unit.survey.conftest import CONDITIONS, DISPLAY

ROOT = Path(__file__).parents[2]
START_SECONDS = 600  # the default study is made at the first start


class Server:
    """`python app.py`, or only the survey, on a port of its own; started again after every kill."""

    def __init__(self, data_folder: Path, *, is_whole_app: bool = True, **environment: str) -> None:
        self.data_folder = data_folder
        self.is_whole_app = is_whole_app
        self.environment = environment
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until the survey answers."""
        environment = os.environ | {
            "PORT": str(self.port),
            "NITIDEZ_DATA": str(self.data_folder),
            "NITIDEZ_FOLDER": str(self.data_folder / "temporary"),
            "GRADIO_ANALYTICS_ENABLED": "False",
            **self.environment,
        }
        self.data_folder.mkdir(parents=True, exist_ok=True)
        log = (self.data_folder / "server.log").open("ab")
        alone = ["-m", "tests.attacks.serve", str(self.data_folder), str(self.port)]
        command = [sys.executable, *(["app.py"] if self.is_whole_app else alone)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/survey/status", timeout=5).json()["state"] == "open":
                    return
            except (httpx.HTTPError, ValueError):
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"the server did not start; see {self.data_folder / 'server.log'}")

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass
class Result:
    """What one run came to."""

    acknowledged: dict[str, Any] = field(default_factory=dict)  # trial to answer
    seconds: list[float] = field(default_factory=list)  # of answers that were acknowledged at once
    next_seconds: list[float] = field(default_factory=list)  # and the next pictures loaded as well
    open_seconds: list[float] = field(default_factory=list)  # from a kill to an open survey
    retries: int = 0
    problems: list[str] = field(default_factory=list)
    is_over: bool = False  # the server is gone for good: nobody asks again
    lock: threading.Lock = field(default_factory=threading.Lock)


class HttpRater:
    """A browser without a screen: sends again until acknowledged, as the page does."""

    def __init__(self, url: str, seed: int, result: Result, *, think: float, images: bool) -> None:
        self.client = httpx.Client(base_url=url, timeout=120)
        self.random = random.Random(seed)
        self.result = result
        self.think = think
        self.images = images
        self.token = ""
        self.seen: set[str] = set()

    def ask(self, name: str, body: dict[str, Any] | None = None) -> tuple[dict[str, Any], bool]:
        """The answer, and whether it came at the first attempt."""
        for attempt in range(2000):
            try:
                answer = self.client.request(
                    "GET" if body is None else "POST",
                    f"/survey/{name}",
                    json=body,
                    headers={TOKEN_HEADER: self.token},
                )
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer.json(), attempt == 0
            except httpx.HTTPError:
                pass
            if self.result.is_over:
                break
            with self.result.lock:
                self.result.retries += 1
            time.sleep(0.1 + 0.2 * self.random.random())
        raise RuntimeError(f"{name}: no answer")

    def load(self, trial: dict[str, Any] | None) -> None:
        """Fetch the pictures of a trial that are not in the browser's cache."""
        if trial is None or not self.images:
            return
        for token in trial["images"]:
            while token not in self.seen and not self.result.is_over:
                try:
                    if self.client.get(f"/survey/image/{token}").status_code == 200:
                        self.seen.add(token)
                except httpx.HTTPError:
                    time.sleep(0.1)

    def go(self, stop: threading.Event) -> None:
        """Start, and answer until the end or until told to stop."""
        with self.client:
            status, _ = self.ask("status")
            started, _ = self.ask(
                "start",
                {
                    "request": f"{self.random.getrandbits(128):032x}",
                    "language": "en",
                    "adult": True,
                    "invitation": "",
                    "panel": "",
                    "consent_version": status["consent_version"],
                },
            )
            self.token = started["token"]
            state, _ = self.ask("display", DISPLAY)
            while not stop.is_set() and state["phase"] in ("practice", "rating", "pair", "break"):
                if state["phase"] == "break":
                    state, _ = self.ask("resume", {})
                else:
                    state = self.answer(state)
            if state["phase"] == "comment":
                self.ask("finish", {"comment": "", "vision": ""})

    def answer(self, state: dict[str, Any]) -> dict[str, Any]:
        """Answer one trial; the next state."""
        trial = state["trial"]
        self.load(trial)
        self.load(state["next"])
        time.sleep(self.think * self.random.random())
        rating = trial["kind"] == "rating"
        value = self.random.randint(1, 5) if rating else self.random.choice(("left", "right"))
        times = {"rt_ms": 900.0, "ready_ms": 5.0, "flicker_ms": 0, "switches": 0, "focus_lost": 0}
        body = {
            "trial_id": trial["id"],
            "score" if rating else "choice": value,
            "conditions": CONDITIONS,
            **times,
        }
        begin = time.perf_counter()
        answer, at_once = self.ask("answer", body)
        took = time.perf_counter() - begin
        if "saved" not in answer:
            with self.result.lock:
                self.result.problems.append(json.dumps(answer)[:300])
            return dict(answer.get("state", {"phase": "lost"}))
        self.load(answer["state"]["trial"])
        with self.result.lock:
            self.result.acknowledged[trial["id"]] = value
            if at_once:
                self.result.seconds.append(took)
                self.result.next_seconds.append(time.perf_counter() - begin)
        return dict(answer["state"])


@contextmanager
def serving(data_folder: Path, *, is_whole_app: bool) -> Iterator[Server]:
    """A started server, stopped at the end."""
    server = Server(data_folder, is_whole_app=is_whole_app)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def run(
    data_folder: Path,
    *,
    raters: int,
    kills: int,
    think: float,
    images: bool,
    seed: int = 0,
    most_seconds: float | None = None,
    is_whole_app: bool = True,
) -> tuple[Result, float]:
    """Let raters work to the end or for so long, kill the server meanwhile; the result and the
    seconds it took.
    """
    result, stop, rng = Result(), threading.Event(), random.Random(seed)
    data_folder.mkdir(parents=True, exist_ok=True)
    with (
        serving(data_folder, is_whole_app=is_whole_app) as server,
        ThreadPoolExecutor(raters) as pool,
    ):
        begin = time.monotonic()
        jobs = [
            pool.submit(
                HttpRater(server.url, seed * 1000 + n, result, think=think, images=images).go, stop
            )
            for n in range(raters)
        ]
        for _ in range(kills):
            time.sleep(0.3 + 1.2 * rng.random())
            server.kill()
            killed = time.monotonic()
            server.start()
            result.open_seconds.append(time.monotonic() - killed)
        if most_seconds is not None:
            stop.wait(max(0.0, begin + most_seconds - time.monotonic()))
            stop.set()
        for job in jobs:
            job.result()
        seconds = time.monotonic() - begin
    return result, seconds


def check(data_folder: Path, result: Result) -> list[str]:
    """What is wrong: acknowledged answers that are missing or other, damage, doubles."""
    problems = list(result.problems)
    database = sqlite3.connect(data_folder / "survey.db")
    rows = database.execute("SELECT trial_id, coalesce(score, choice) FROM response").fetchall()
    stored = dict(rows)
    (integrity,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    if integrity != "ok":
        problems.append(f"integrity_check: {integrity}")
    if len(stored) != len(rows):
        problems.append("a trial has two responses")
    journal: dict[str, Any] = {}
    for line in Journal(data_folder / "journal").read()[0]:
        if line.kind == "Answered":
            row = json.loads(line.body)["response"]
            journal[row["trial_id"]] = row["score"] or row["choice"]
    for trial, value in result.acknowledged.items():
        for name, place in (("database", stored), ("journal", journal)):
            if place.get(trial) != value:
                problems.append(f"{trial}: {value} was acknowledged, {name}: {place.get(trial)}")
    return problems


def percentile(values: list[float], share: float) -> float:
    """The value that so many are not above, in milliseconds."""
    return 1000 * sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--raters", type=int, default=200)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--think", type=float, default=0.0, metavar="S", help="pause at most")
    parser.add_argument("--seconds", type=float, metavar="S", help="stop after so long")
    parser.add_argument("--images", action="store_true", help="load the pictures, too")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args()
    result, seconds = run(
        args.data,
        raters=args.raters,
        kills=args.kills,
        think=args.think,
        images=args.images,
        most_seconds=args.seconds,
    )
    count = len(result.acknowledged)
    print(f"{args.raters} raters, {args.kills} kills, {seconds:.1f} s, {result.retries} retries")
    print(f"{count} answers acknowledged, {count / seconds:.0f} a second")
    if result.seconds:
        print(
            f"answer: median {1000 * statistics.median(result.seconds):.0f} ms, "
            f"95 % within {percentile(result.seconds, 0.95):.0f} ms, "
            f"99 % within {percentile(result.seconds, 0.99):.0f} ms, "
            f"slowest {1000 * max(result.seconds):.0f} ms; with the next pictures: "
            f"95 % within {percentile(result.next_seconds, 0.95):.0f} ms"
        )
    if result.open_seconds:
        print(
            "from a kill to an open survey: "
            f"median {statistics.median(result.open_seconds):.1f} s, "
            f"slowest {max(result.open_seconds):.1f} s"
        )
    problems = check(args.data, result)
    print("\n".join(problems[:20]) or "every acknowledged answer is in database and journal, once")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

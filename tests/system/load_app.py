"""A class rates while strangers send photos: does anybody wait, does anything grow or stay?

    python -m tests.system.load_app --raters 30 --uploaders 5 --seconds 300

starts a server with a folder of its own, and ends with status 1 on an error, on an answer that took
over a second, on memory that grows, or on a file that is left. The tests run a short one.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from tests.helpers.tiny_study import PROTOCOL, make_study
from tests.system.load import HttpRater, Result, Server, check, percentile

MODELS = ("srresnet_x4", "srgan_x4", "bicubic")
SIDES_PX = (48, 160)  # of the photos
SAMPLE_SECONDS = 1.0
PATIENCE = 120.0  # seconds
SLOWEST_ANSWER = 1.0  # seconds
STEEPEST = 5.0  # MiB a minute
SETTLED = 0.4  # of the time: models are loaded and buffers have their size; then memory is flat


@dataclass
class Load:
    """What one run came to."""

    result: Result = field(default_factory=Result)
    uploads: list[float] = field(default_factory=list)  # seconds from sending to the result
    problems: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)  # seconds, MiB
    left: list[str] = field(default_factory=list)  # files of visitors after the end
    sessions: int = 0

    @property
    def slope(self) -> float:
        """MiB a minute once the server has settled."""
        if not self.memory:
            return 0.0
        begin = self.memory[-1][0] * SETTLED
        times, sizes = zip(*[(t, m) for t, m in self.memory if t >= begin], strict=True)
        if len(times) < 3:
            return 0.0
        return float(np.polyfit(np.array(times) / 60, np.array(sizes), 1)[0])


def memory_mib(process: int) -> float:
    """What a process keeps in memory (Linux)."""
    for line in Path(f"/proc/{process}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def random_photo(rng: np.random.Generator) -> bytes:
    """A PNG that nobody has sent before."""
    height, width = rng.integers(*SIDES_PX, 2)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    image.save(buffer, "PNG")
    return buffer.getvalue()


def rate(url: str, number: int, load: Load, stop: threading.Event, think: float) -> None:
    """Go through the survey again and again, as a new rater each time."""
    seed = 1000 * number
    while not stop.is_set():
        seed += 1
        HttpRater(url, seed, load.result, think=think, images=True).go(stop)
        load.sessions += 1


def send_photos(
    url: str, number: int, load: Load, stop: threading.Event, models: Sequence[str]
) -> None:
    """Send a photo, wait for its result and fetch it; again and again."""
    rng, chance = np.random.default_rng(number), random.Random(number)
    with httpx.Client(base_url=url, timeout=120) as client:
        while not stop.is_set():
            begin = time.perf_counter()
            try:
                problem = send_photo(client, random_photo(rng), chance.choice(models))
            except (httpx.HTTPError, ValueError, LookupError) as error:
                problem = repr(error)
            if problem:
                load.problems.append(f"an upload: {problem}")
            load.uploads.append(time.perf_counter() - begin)
            stop.wait(chance.random())


def send_photo(client: httpx.Client, photo: bytes, model: str) -> str:
    """One photo through the API by plain HTTP; "" or what went wrong."""
    sent = client.post("/gradio_api/upload", files={"files": ("photo.png", photo)})
    if sent.status_code != 200:
        return f"{sent.status_code} {sent.text[:200]}"
    file = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
    call = client.post("/gradio_api/call/upscale", json={"data": [file, model]})
    answer = client.get(f"/gradio_api/call/upscale/{call.json()['event_id']}").text
    if "event: complete" not in answer:
        return answer[-200:]
    path = answer.split('"path": "')[1].split('"')[0]
    png = client.get(f"/gradio_api/file={path}")
    return "" if png.content.startswith(b"\x89PNG") else f"{path}: {png.status_code}"


def run(
    folder: Path,
    *,
    raters: int,
    uploaders: int,
    seconds: float,
    think: float,
    until: Callable[[Load], object] = lambda load: True,
    models: Sequence[str] = MODELS,
) -> Load:
    """Let them work for a while on a server of their own, and look at what it did.

    Args:
        folder: empty; holds the survey's data and visitors' files.
        think: seconds a rater looks at a trial at most.
        until: what has to be so at the end; it is waited for up to PATIENCE more.
        models: what photos are sent to, at random.
    """
    load, stop = Load(), threading.Event()
    make_study(folder, protocol=dataclasses.replace(PROTOCOL, width=448, height=288))
    # All of them have one address: a class behind one router, and its strangers too.
    server = Server(folder, NITIDEZ_PHOTOS_PER_MINUTE="1000", NITIDEZ_THREADS="1")
    server.start()
    assert server.process is not None
    with ThreadPoolExecutor(raters + uploaders) as pool:
        work = [pool.submit(rate, server.url, n, load, stop, think) for n in range(raters)]
        work += [
            pool.submit(send_photos, server.url, n, load, stop, models) for n in range(uploaders)
        ]
        begin = time.monotonic()
        while server.process.poll() is None:
            now = time.monotonic() - begin
            if now > (seconds if until(load) else seconds + PATIENCE):
                break
            load.memory.append((now, memory_mib(server.process.pid)))
            time.sleep(SAMPLE_SECONDS)
        stop.set()
        if server.process.poll() is not None:
            load.result.is_over = True
            log = (folder / "server.log").read_text("utf-8", "replace")
            load.problems.append(f"the server ended: {log[-500:]}")
        for done in work:
            if (error := done.exception()) is not None:
                load.problems.append(repr(error))
    server.stop()
    temporary = folder / "temporary"
    files = (path for path in temporary.rglob("*") if path.is_file() and path.name != "lock")
    load.left = sorted(path.relative_to(temporary).as_posix() for path in files)
    load.problems += check(folder, load.result)
    return load


def verdict(
    load: Load, *, steepest: float = STEEPEST, slowest: float = SLOWEST_ANSWER
) -> list[str]:
    """What is not as it has to be.

    Args:
        steepest: MiB a minute that memory may grow.
        slowest: seconds that an answer may take.
    """
    problems = list(load.problems)
    slow = [seconds for seconds in load.result.seconds if seconds > slowest]
    if slow:
        problems.append(f"{len(slow)} answers took over {slowest} s, one {max(slow):.2f} s")
    if load.result.retries:
        problems.append(f"{load.result.retries} requests of raters had to be sent again")
    if load.slope > steepest:
        problems.append(f"memory grows by {load.slope:.1f} MiB/min")
    if load.left:
        problems.append(f"{len(load.left)} files are left, such as {load.left[0]}")
    return problems


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--raters", type=int, default=30)
    parser.add_argument("--uploaders", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--think", type=float, default=4.0, metavar="S", help="pause at most")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        load = run(
            Path(folder),
            raters=args.raters,
            uploaders=args.uploaders,
            seconds=args.seconds,
            think=args.think,
        )
    answers = load.result.seconds
    print(f"{args.raters} raters, {args.uploaders} uploaders, {args.seconds:.0f} s")
    if answers:
        print(
            f"{len(answers)} answers in {load.sessions} sessions: median "
            f"{percentile(answers, 0.5):.0f} ms, 95 % within {percentile(answers, 0.95):.0f} ms, "
            f"slowest {1000 * max(answers):.0f} ms"
        )
    if load.uploads:
        print(f"{len(load.uploads)} photos: median {percentile(load.uploads, 0.5) / 1000:.1f} s")
    if load.memory:
        peak = max(size for _, size in load.memory)
        print(f"memory: {load.memory[-1][1]:.0f} MiB, peak {peak:.0f}, {load.slope:+.1f} MiB/min")
        minutes = [round(size) for place, (_, size) in enumerate(load.memory) if place % 60 == 0]
        print(f"minute by minute: {minutes}")
    problems = verdict(load)
    print("\n".join(problems[:20]) or "no error, nobody waited, memory is flat, no file is left")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

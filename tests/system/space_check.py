"""Rehearse the Hugging Face Space: the files it gets, its environment, nothing else.

    python -m tests.system.space_check

What `python -m demo publish` would send is copied into an empty folder, without .git. The app
starts there as on a Space: its variables, server-side rendering asked for, the application's
folder read-only, no network. Both tabs have to be served, a photo has to come back enlarged, and
the folder has to be as it was. Where the system allows no namespaces (`unshare`), the folder is
only write-protected, and proxies that lead nowhere stand for the missing network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from demo.hosting.publish import files_of_the_space
from tests.helpers.ports import free_port

ROOT = Path(__file__).parents[2]
START_SECONDS = 240
STOP_SECONDS = 30
NOWHERE = "http://127.0.0.1:9"
# Gradio's thread for reloading code on a Space ends so where Hugging Face's package is missing.
HOT_RELOAD = "`spaces` package is required to run hot-reloading in Spaces"


def space_environment(home: Path, port: int) -> dict[str, str]:
    """The variables of a Space on cpu-basic, and nothing of this machine's but the path."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",  # __pycache__ is written where the folder allows it
        "SYSTEM": "spaces",
        "SPACE_ID": "owner/nitidez",
        "SPACE_HOST": "owner-nitidez.hf.space",
        "SPACE_AUTHOR_NAME": "owner",
        "SPACE_REPO_NAME": "nitidez",
        "SPACE_TITLE": "Nitidez",
        "ACCELERATOR": "none",
        "CPU_CORES": "2",
        "MEMORY": "16Gi",
        "GRADIO_SSR_MODE": "True",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_NUM_PORTS": "1",
        "GRADIO_ALLOW_FLAGGING": "never",
        "GRADIO_THEME": "huggingface",
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "NO_PROXY": "127.0.0.1,localhost",
        "PORT": str(port),
    }


def copy_of_the_space(folder: Path) -> None:
    """What a Space would get, in a folder."""
    for upload in files_of_the_space(ROOT):
        target = folder / upload.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(upload.path, target)


def digest_of(folder: Path) -> str:
    """Changes with every name and every byte below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(path.relative_to(folder).as_posix().encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def isolation() -> list[str]:
    """The command that starts another without network and with mounts of its own; [] if none."""
    command = ["unshare", "--map-root-user", "--net", "--mount"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return command


def protect(folder: Path) -> None:
    """Nothing below the folder can be written any more, as far as permissions go."""
    for path in [*folder.rglob("*"), folder]:
        path.chmod(path.stat().st_mode & ~0o222)


def check_pages(url: str, is_alive: Callable[[], bool]) -> list[str]:
    """What is wrong with a server that is starting, after it has answered; [] when nothing is."""
    problems = []
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        while True:
            try:
                page = client.get("/")
                break
            except httpx.TransportError:
                if time.monotonic() > deadline or not is_alive():
                    return ["the app did not answer"]
                time.sleep(0.1)
        if page.status_code != 200:
            return [f"/ answers {page.status_code}"]
        components = client.get("/config").json()["components"]
        names = {component["props"].get("elem_id") for component in components}
        for name in ("tab-upscale", "tab-survey", "picker", "survey"):
            if name not in names:
                problems.append(f"no {name} in the page")
        state = client.get("/survey/status").json()["state"]
        if state not in ("open", "preparing"):
            problems.append(f"the survey is {state}")
        problems += check_upscaling(client)
    return problems


def check_upscaling(client: httpx.Client) -> list[str]:
    """Send a photo through the API by plain HTTP, and look at what comes back."""
    photo = (ROOT / "demo" / "app" / "favicon.png").read_bytes()
    sent = client.post("/gradio_api/upload", files={"files": ("photo.png", photo)})
    if sent.status_code != 200:
        return [f"an upload answers {sent.status_code}: {sent.text[:200]}"]
    file = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
    call = client.post("/gradio_api/call/upscale", json={"data": [file, "bicubic"]}).json()
    answer = client.get(f"/gradio_api/call/upscale/{call['event_id']}").text
    if "event: complete" not in answer or "photo_bicubic.png" not in answer:
        return [f"upscaling answers {answer[-300:]}"]
    return []


def rehearse(folder: Path, *, is_isolated: bool) -> list[str]:
    """Start the app of a copied Space and look at it; what is wrong.

    Args:
        folder: holds `app`, the copy; the home folder is made beside it.
        is_isolated: whether this process has namespaces of its own.
    """
    app, home = folder / "app", folder / "home"
    (home / "tmp").mkdir(parents=True)
    protect(app)
    if is_isolated:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["mount", "--bind", app, app], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", app], check=True)
    before = digest_of(app)
    port = free_port()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=app,
            env=space_environment(home, port),
            stdout=log,
            stderr=log,
        )
    try:
        problems = check_pages(f"http://127.0.0.1:{port}", lambda: server.poll() is None)
        server.send_signal(signal.SIGTERM)
        status = server.wait(STOP_SECONDS)
        if status != 128 + signal.SIGTERM:
            problems.append(f"told to end, it ended with status {status}")
    except subprocess.TimeoutExpired:
        problems = [f"told to end, it went on for {STOP_SECONDS} s"]
    except httpx.HTTPError as error:
        problems = [f"the app broke off ({error!r}), its status is {server.poll()}"]
    finally:
        server.kill()
    text = (folder / "log").read_text("utf-8", errors="replace")
    if text.count("Traceback") > text.count(HOT_RELOAD) or problems:
        problems.append(f"the log:\n{text[-3000:]}")
    if digest_of(app) != before:
        problems.append("the application's folder was written to")
    if left := [p.name for p in (home / "tmp").rglob("*.png")]:
        problems.append(f"images are left behind: {left}")
    return problems


def check() -> tuple[list[str], bool]:
    """Rehearse; what is wrong, and whether network and folder were really closed off."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_of_the_space(folder / "app")
        command = isolation()
        if not command:
            return rehearse(folder, is_isolated=False), False
        inside = [*command, sys.executable, "-m", "tests.system.space_check", "--inside", name]
        result = subprocess.run(inside, cwd=ROOT, capture_output=True, text=True)
        problems = result.stdout.splitlines()
        if result.returncode and not problems:
            problems = [result.stderr[-2000:]]
        return problems, True


def main() -> int:
    """Run as a program."""
    if sys.argv[1:2] == ["--inside"]:
        problems = rehearse(Path(sys.argv[2]), is_isolated=True)
        print("\n".join(problems), end="")
        return 1 if problems else 0
    begin = time.monotonic()
    problems, is_isolated = check()
    how = "no network, folder mounted read-only" if is_isolated else "folder write-protected only"
    print(f"Space rehearsed in {time.monotonic() - begin:.0f} s ({how})")
    print("\n".join(problems) or "it starts, serves both tabs, upscales, writes nothing, and ends")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

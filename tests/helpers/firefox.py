"""An installed Firefox, driven by WebDriver BiDi, which it speaks by itself over a websocket.

Playwright brings a Firefox of its own, which is not in any package registry.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

NAMES = ("firefox-esr", "firefox")
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
START_SECONDS = 60.0
ANSWER_SECONDS = 180.0
WAIT_SECONDS = 150.0
STOP_SECONDS = 20.0
QUIET = {  # nothing is asked of the network
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.server": "",
}


class FirefoxError(Exception):
    """Firefox does not start, does not do what it is told, or a page threw."""


def firefox_path() -> str | None:
    """An installed Firefox, if there is one."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextmanager
def open_firefox(executable: str, profile: Path, **preferences: Any) -> Iterator[Firefox]:
    """A headless Firefox, until the context ends.

    Args:
        executable: of Firefox.
        profile: an empty folder.
        preferences: of Firefox, beside those that keep it quiet.

    Raises:
        FirefoxError: it does not start.
    """
    from websockets.sync.client import connect

    settings = {**preferences, **QUIET}
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in settings.items()]
    (profile / "user.js").write_text("\n".join(lines))
    said = profile / "stderr.txt"
    command = [executable, "--headless", "--no-remote", "--remote-debugging-port", "0"]
    command += ["--profile", str(profile)]
    with said.open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
    try:
        address = f"{_address(process, said)}/session"
        with connect(address, max_size=None, compression=None, ping_interval=None) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if found := LISTENING.search(log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.1)
    raise FirefoxError(f"Firefox does not start: {log.read_text(errors='replace')[-400:]}")


class Firefox:
    """The one page of a Firefox that listens at the other end of a socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self.send("session.new", capabilities={})
        self._page = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def send(self, method: str, **params: Any) -> Any:
        """What a command of BiDi gives.

        Raises:
            FirefoxError: it is refused.
        """
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv(ANSWER_SECONDS))
            if told.get("id") != self._last:
                continue  # an event
            if told["type"] == "error":
                raise FirefoxError(f"{method}: {told['error']}: {told['message']}")
            return told["result"]

    def goto(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        self.send("browsingContext.navigate", context=self._page, url=address, wait="complete")

    def evaluate(self, expression: str, *values: Any) -> Any:
        """What a JavaScript function gives for values; both pass through JSON.

        Args:
            expression: a function, asynchronous or not.

        Raises:
            FirefoxError: the page threw.
        """
        given = ", ".join(json.dumps(value) for value in values)
        found = self.send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})({given})) ?? 'null')()",
            target={"context": self._page},
            awaitPromise=True,
        )
        if found["type"] == "exception":
            raise FirefoxError(found["exceptionDetails"]["text"])
        return json.loads(found["result"]["value"])

    def wait_for(self, expression: str) -> None:
        """Until a JavaScript expression is true, over reloads of the page.

        Raises:
            FirefoxError: it is not within WAIT_SECONDS.
        """
        end = time.monotonic() + WAIT_SECONDS
        said = ""
        while time.monotonic() < end:
            try:
                if self.evaluate(f"() => Boolean({expression})"):
                    return
            except FirefoxError as error:  # between two pages
                said = f" ({error})"
            time.sleep(0.2)
        raise FirefoxError(f"not within {WAIT_SECONDS:.0f} s: {expression}{said}")

    def choose_files(self, selector: str, *files: Path) -> None:
        """Put files into an input of the page."""
        (node,) = self.send(
            "browsingContext.locateNodes",
            context=self._page,
            locator={"type": "css", "value": selector},
        )["nodes"]
        self.send(
            "input.setFiles",
            context=self._page,
            element={"sharedId": node["sharedId"]},
            files=[str(file) for file in files],
        )

"""The README's picture, taken of the page as it is: python -m tests.picture

After a training run `python -m demo examples` first: the picture shows an example's results.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time

import httpx

from tests.helpers.ports import free_port
from tests.house import ROOT

PICTURE = ROOT / "docs" / "images" / "upscaler.png"
SIZE = {"width": 1360, "height": 740}


def main() -> int:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        settings = {"PORT": str(port), "NITIDEZ_DATA": f"{folder}/data", "NITIDEZ_FOLDER": folder}
        app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=os.environ | settings)
        try:
            for _ in range(120):
                try:
                    httpx.get(address).raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.5)
            found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
            browser = playwright.chromium.launch(
                executable_path=next(filter(None, found), None), args=["--no-sandbox"]
            )
            page = browser.new_page(locale="en-US", viewport=SIZE)
            page.goto(address)
            page.get_by_role("button", name="Cat").click()
            page.get_by_text("All versions are ready.").wait_for()
            page.mouse.move(0, 0)
            page.wait_for_timeout(3000)
            page.screenshot(path=PICTURE)
            browser.close()
        finally:
            app.terminate()
            app.wait(60)
    return 0


if __name__ == "__main__":
    sys.exit(main())

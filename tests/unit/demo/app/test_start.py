"""Starting: quick help, clear refusals, and nothing heavy before it is needed."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.app.launch import launch_options
from demo.app.serve import usable_port
from demo.app.settings import Settings
from demo.results.owner import Owner
from demo.results.routes import OWNER_HEADER
from sr.base.errors import ConfigError
from survey.session.protected import ProtectedSurvey

ROOT = Path(__file__).parents[4]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_help_names_every_option_without_loading_gradio():
    code = "import sys, runpy; sys.argv = ['app.py', '--help']\n"
    code += "try: runpy.run_path('app.py', run_name='__main__')\n"
    code += "except SystemExit: print('gradio' in sys.modules, 'torch' in sys.modules)"
    result = run("-c", code)
    for option in ("--host", "--port", "--max-megapixels", "--threads", "--open"):
        assert option in result.stdout
    assert result.stdout.endswith("False False\n")


def test_a_bad_setting_is_refused_in_one_line():
    result = run("app.py", PORT="http")
    assert result.returncode == 2
    assert result.stderr == "error: PORT is 'http'; it must be a whole number\n"


def test_a_taken_port_is_refused_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = run("app.py", "--port", str(port))
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: port {port} of 127.0.0.1 is taken")


def test_port_0_is_any_free_one():
    assert usable_port("127.0.0.1", 0) > 0
    assert usable_port("localhost", 0) > 0


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_a_host_that_is_not_this_machine_is_named(host: str):
    with pytest.raises(ConfigError, match=f"{host} is no address of this machine"):
        usable_port(host, 7860)


def test_an_example_opens_without_torch(tmp_path: Path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from demo.work.engine import SuperResolution; from demo.work.jobs import Jobs\n"
        "from demo.upscale.samples import preload, sample_photo, small_photo\n"
        "from demo.work.versions import ImageStore\n"
        "store = ImageStore(Path(sys.argv[1]), max_bytes=10**9, max_age_seconds=60)\n"
        "jobs = Jobs(SuperResolution(), store)\n"
        "preload(jobs, 'cat', 4); job = jobs.submit(small_photo('cat', 4))\n"
        "while not job.is_finished: time.sleep(0.01)\n"
        "print([version.state for version in job.versions()], 'torch' in sys.modules)"
    )
    result = run("-c", code, str(tmp_path))
    assert result.stdout == f"{['ready'] * 3} False\n", result.stderr


def test_the_page_is_built_without_torch(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from demo.app.build import build_app\n"
        "from demo.app.settings import Settings\n"
        "from survey.session.protected import ProtectedSurvey\n"
        "folder = Path(sys.argv[1])\n"
        "build_app(Settings(folder=folder), ProtectedSurvey(folder / 'data'))\n"
        "print([name for name in ('torch', 'lpips', 'skimage') if name in sys.modules])"
    )
    result = run("-c", code, str(tmp_path), GRADIO_TEMP_DIR=str(tmp_path / "uploads"))
    assert result.stdout == "[]\n", result.stderr


def test_two_pages_of_one_process_serve_the_surveys_they_were_given(tmp_path: Path):
    backed = ProtectedSurvey(tmp_path / "a", place=f"folder:{tmp_path / 'copies'}")
    alone = ProtectedSurvey(tmp_path / "b")
    for survey, has_backup in ((backed, True), (alone, False)):
        owner = Owner()
        served = launch_options(Settings(folder=tmp_path), survey, owner)
        client = TestClient(Starlette(routes=served["app_kwargs"]["routes"]))
        headers = {OWNER_HEADER: owner.link_token()}
        assert ("backup" in client.get("/results/status", headers=headers).json()) == has_backup
        survey.close()

"""What SECURITY.md says is so: a launched app is asked for what it must not give."""

from __future__ import annotations

import ast
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from demo.app.frame import footer_html
from demo.app.settings import Settings
from demo.photos.problems import Problem, image_problem, problem_html
from demo.photos.uploads import clean_name
from demo.upscale.picker import picker_html
from demo.upscale.session import Choice, Session
from demo.web.i18n import LANGUAGES
from sr.base.errors import ImageError
from survey.backup.backends import BackupError, open_backend
from tests.helpers.fake_engine import FakeEngine

ROOT = Path(__file__).parents[4]
SOURCES = [path for package in ("sr", "survey", "demo") for path in (ROOT / package).rglob("*.py")]
SECRET = "hf_0123456789abcdefSECRET"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("security")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    """A client of a launched app; a survey's database and a stranger's upload lie on its disk."""
    from demo.app.build import build_app
    from survey.session.protected import ProtectedSurvey
    from tests.helpers.tiny_study import make_study

    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
    make_study(folder / "data")
    settings = Settings(port=0, folder=folder, data_folder=folder / "data", max_megapixels=0.1)
    survey = ProtectedSurvey(folder / "data")
    app = build_app(settings, survey, FakeEngine())
    _, address, _ = app.launch(server_port=None, prevent_thread_lock=True, quiet=True)
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        client.get("/survey/status")
        yield client
    app.close(verbose=False)
    survey.close()
    patch.undo()


def paths(folder: Path) -> dict[str, Path]:
    return {
        "system": Path("/etc/passwd"),
        "program": ROOT / "app.py",
        "readme": ROOT / "README.md",
        "weights": ROOT / "weights" / "manifest.json",
        "database": folder / "data" / "survey.db",
        "study": folder / "data" / "studies" / "default" / "study.json",
        "versions": folder / "versions",
    }


@pytest.mark.parametrize(
    "name", ["system", "program", "readme", "weights", "database", "study", "versions"]
)
def test_no_file_of_the_server_is_served(client: httpx.Client, folder: Path, name: str):
    path = paths(folder)[name]
    assert path.exists()
    for address in (
        f"/gradio_api/file={path}",
        f"/file={path}",
        f"/gradio_api/file={folder}/uploads/../{path.relative_to('/')}",
        f"/gradio_api/file=../../..{path}",
        f"/gradio_api/file%3D{path}",
    ):
        assert client.get(address).status_code >= 400, address


@pytest.mark.parametrize("route", ["versions/{}.png", "samples/{}.jpg", "survey/image/{}"])
@pytest.mark.parametrize(
    "name", ["..%2f..%2fdata%2fsurvey.db", "..%2Fsurvey", "%2e%2e%2fapp", "a%00b", "...."]
)
def test_no_route_leaves_its_folder(client: httpx.Client, route: str, name: str):
    assert client.get("/" + route.format(name)).status_code in (401, 404)


def test_nothing_of_gradios_static_routes_leaves_its_folder(client: httpx.Client):
    for route in ("static", "assets", "gradio_api/custom_component/x/component", "theme"):
        for up in ("../" * 8, "%2e%2e/" * 8, "..%2f" * 8):
            answer = client.get(f"/{route}/{up}etc/passwd")
            assert "root:" not in answer.text


def test_only_the_uploads_folder_is_open(client: httpx.Client, folder: Path):
    from demo.app.launch import launch_options
    from survey.session.protected import ProtectedSurvey

    survey = ProtectedSurvey(folder / "another")
    assert launch_options(Settings(folder=folder), survey)["allowed_paths"] == []
    sent = client.post("/gradio_api/upload", files={"files": ("a.png", b"x")}).json()[0]
    assert Path(sent).is_relative_to(folder / "uploads")


def test_an_uploads_name_stays_a_name(client: httpx.Client, folder: Path):
    for name in ("../../evil.png", "/etc/evil.png", "..\\..\\evil.png", "<script>.png"):
        answer = client.post("/gradio_api/upload", files={"files": (name, b"x")})
        if answer.status_code == 200:
            path = Path(answer.json()[0]).resolve()
            assert path.is_relative_to((folder / "uploads").resolve())
    assert not list(folder.rglob("../evil.png"))


def test_an_uploaded_page_is_never_shown_as_one(client: httpx.Client):
    script = b"<html><script>alert(1)</script></html>"
    for name, kind in (("a.html", "text/html"), ("a.svg", "image/svg+xml")):
        sent = client.post("/gradio_api/upload", files={"files": (name, script, kind)}).json()[0]
        answer = client.get(f"/gradio_api/file={sent}")
        disposition = answer.headers.get("content-disposition", "")
        assert answer.status_code >= 400 or disposition.startswith("attachment")


def test_nothing_is_fetched_or_forwarded_for_a_stranger(client: httpx.Client):
    for address in (
        "/gradio_api/proxy=http://127.0.0.1:1/",
        "/gradio_api/proxy=https://example.org/",
        "/gradio_api/file=http://127.0.0.1:1/x",
    ):
        answer = client.get(address, follow_redirects=False)
        assert answer.status_code >= 400, address
    answer = client.get("/gradio_api/file=https://example.org/x", follow_redirects=False)
    assert "location" not in answer.headers


def test_the_headers_are_on_pages_files_and_refusals(client: httpx.Client):
    for address in ("/", "/config", "/survey/status", "/versions/x.png", "/nothing"):
        headers = client.get(address).headers
        assert "frame-ancestors 'self'" in headers["content-security-policy"], address
        assert headers["x-content-type-options"] == "nosniff", address


def test_other_websites_get_no_answer(client: httpx.Client):
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for address in ("/survey/start", "/survey/withdraw", "/gradio_api/queue/join"):
        assert client.post(address, json={}, headers=foreign).status_code == 403
    answer = client.get("/survey/status", headers=foreign)
    assert answer.headers.get("access-control-allow-origin") != "https://evil.example"


def test_no_history_no_monitoring_no_analytics(client: httpx.Client):
    assert client.get("/gradio_api/runs").status_code == 404
    for address in ("/monitoring", "/monitoring/summary", "/monitoring/x"):
        assert client.get(address).status_code >= 400, address
    assert client.get("/config").json()["analytics_enabled"] is False


def test_nothing_is_sent_home():
    """huggingface_hub, Gradio and the rest are told so before they are imported."""
    code = (
        "import sys, runpy, os; sys.argv = ['app.py', '--port', '0', '--host', 'no such host']\n"
        "try: runpy.run_path('app.py', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(os.environ['GRADIO_ANALYTICS_ENABLED'], os.environ['HF_HUB_DISABLE_TELEMETRY'])"
    )
    environment = {"PATH": "", "HOME": "/nonexistent"}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert result.stdout == "False 1\n", result.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_visitor_sends_is_text_and_never_html(language):
    evil = '<img src=x onerror="alert(1)">'
    session = Session(language=language, choice=Choice(f"{evil}.png", path=Path("x")))
    shown = picker_html(session, language, Settings())
    session.problem = Problem("error_not_image", detail=evil)
    shown += problem_html(session.problem, language)
    session.problem = image_problem("error_not_image", ImageError("", kind="text", file=evil), {})
    shown += problem_html(session.problem, language)
    shown += footer_html(language, f'x"{evil}')
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown
    assert not re.search(r'[<>"/\\]', clean_name(evil))


def test_files_that_run_code_are_never_read():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name.split(".")[0] for alias in node.names}
                names.add((getattr(node, "module", "") or "").split(".")[0])
                assert not names & {"pickle", "joblib", "dill", "shelve", "marshal"}, path
            if isinstance(node, ast.Call):
                called, given = ast.unparse(node.func), {k.arg: k.value for k in node.keywords}
                assert called not in ("eval", "exec", "os.system", "yaml.load"), path
                if called == "torch.load":
                    assert ast.unparse(given["weights_only"]) == "True", path
                if called.endswith("np.load"):
                    assert "allow_pickle" not in given, path
                assert "shell" not in given, path
    suffixes = {path.suffix for path in (ROOT / "weights").rglob("*")}
    assert not suffixes & {".pth", ".pt", ".bin", ".ckpt", ".pkl", ".npy"}


def test_the_server_it_stands_on_is_one_without_known_holes():
    """Bounds below which holes are known (gradio6.31: redirects, brotli); `make audit` asks."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    needed = {r.name: r for r in map(Requirement, (x for x in lines if x[:1].isalpha()))}
    for name, holed in (("gradio", "6.30.0"), ("torch", "2.5.1"), ("safetensors", "0.3.3")):
        assert not needed[name].specifier.contains(holed), name
    assert all(requirement.specifier for requirement in needed.values())


def test_what_is_pinned_is_everything_and_fits_what_is_needed():
    def read(name: str) -> list[Requirement]:
        lines = (ROOT / name).read_text("utf-8").splitlines()
        return [Requirement(line) for line in lines if line[:1].isalpha()]

    pinned = {requirement.name: requirement for requirement in read("requirements-pinned.txt")}
    assert all(re.fullmatch(r"==[\w.]+", str(one.specifier)) for one in pinned.values())
    for requirement in read("requirements.txt"):
        version = str(pinned[requirement.name].specifier).removeprefix("==")
        assert requirement.specifier.contains(version), requirement


def test_a_token_is_in_no_error_and_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    caplog.set_level(logging.DEBUG)
    backend = open_backend("dataset:owner/name")
    monkeypatch.setattr(backend.api, "endpoint", "http://127.0.0.1:9")
    with pytest.raises(BackupError) as error:
        backend.names()
    assert SECRET not in str(error.value) + repr(vars(Settings.from_environment())) + caplog.text


def test_every_line_of_the_security_page_names_a_test_that_is_there():
    page = (ROOT / "SECURITY.md").read_text("utf-8")
    rows = [
        row for row in page.splitlines() if row.startswith("| ") and not row.startswith("| ---")
    ]
    assert len(rows) > 15
    for row in rows[1:]:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text("utf-8"), f"{file}::{test}"

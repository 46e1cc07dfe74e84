"""A Space gets what the app needs, all of it and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from demo.hosting.publish import FOLDER, PARTS, Upload, files_of_the_space, publish
from demo.static.space import uploads_of_the_site
from sr.base.errors import ConfigError, OutputError


class FakeHub:
    """What `publish` asks of HfApi, remembered."""

    def __init__(self, there: list[str]) -> None:
        self.there = there
        self.created: dict[str, Any] = {}
        self.operations: list[Any] = []

    def create_repo(self, space: str, **options: Any) -> str:
        self.created = {"space": space, **options}
        return f"https://huggingface.co/spaces/{space}"

    def list_repo_files(self, space: str, **options: Any) -> list[str]:
        return self.there

    def create_commit(self, space: str, operations: list[Any], **options: Any) -> None:
        self.operations = operations


def test_the_space_has_what_the_app_needs() -> None:
    names = {upload.name for upload in files_of_the_space()}
    needed = {"README.md", "app.py", "requirements.txt", "weights/srgan_x4.safetensors"}
    assert needed <= names
    assert all(name.split("/")[0] in PARTS for name in names)
    assert not any("__pycache__" in name or name.endswith(".pyc") for name in names)


def test_without_git_the_same_files_are_found(tmp_path: Path) -> None:
    for upload in files_of_the_space():
        target = tmp_path / upload.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(upload.path, target)
    (tmp_path / "demo" / "__pycache__").mkdir(exist_ok=True)
    (tmp_path / "demo" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "survey.db").write_bytes(b"x")
    ours = [upload.name for upload in files_of_the_space()]
    assert [upload.name for upload in files_of_the_space(tmp_path)] == ours
    with pytest.raises(ConfigError, match=r"app\.py"):
        files_of_the_space(tmp_path / "demo")


def test_old_files_of_the_space_are_removed(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("x")
    hub = FakeHub([".gitattributes", "app.py", "old/gone.py"])
    address, gone = publish(
        "maria/nitidez", [Upload(file, "app.py")], api=hub, private=True, message="m"
    )
    assert (address, gone) == ("https://huggingface.co/spaces/maria/nitidez", 1)
    assert hub.created["space_sdk"] == "gradio"
    assert hub.created["private"] is True
    assert [operation.path_in_repo for operation in hub.operations] == ["app.py", "old/gone.py"]


def test_a_site_without_a_server_goes_to_a_static_space(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("x")
    uploads = uploads_of_the_site(tmp_path)
    assert [upload.name for upload in uploads] == ["README.md", "index.html"]
    readme = uploads[0].path.read_text(encoding="utf-8")
    assert "sdk: static\n" in readme
    assert "  cross-origin-embedder-policy: require-corp\n" in readme
    hub = FakeHub(["app.py"])
    publish("maria/site", uploads, api=hub, private=False, message="m", sdk="static")
    assert hub.created["space_sdk"] == "static"
    operations = [operation.path_in_repo for operation in hub.operations]
    assert operations == ["README.md", "index.html", "app.py"]


def test_a_hub_that_cannot_be_reached_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise ConnectionError("no route to host")

    with pytest.raises(OutputError, match="cannot be reached"):
        publish("a/b", [], api=SimpleNamespace(create_repo=refuse), private=False, message="m")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo", "publish", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=FOLDER)


def test_a_dry_run_lists_files_and_sends_nothing() -> None:
    result = run("--space", "maria/nitidez", "--dry-run")
    assert result.returncode == 0
    assert "weights/srresnet_x4.safetensors" in result.stdout
    assert result.stdout.splitlines()[-1].endswith("would go to maria/nitidez; nothing was sent")


def test_the_app_has_a_survey_of_its_own() -> None:
    result = run("--space", "maria/nitidez", "--survey-address", "https://x.example", "--dry-run")
    assert result.returncode == 2
    assert "--survey-address is for --static" in result.stderr


def test_a_bad_name_is_refused() -> None:
    result = run("--space", "nitidez", "--dry-run")
    assert result.returncode == 2
    assert result.stderr.startswith("error: --space 'nitidez': needed OWNER/NAME")

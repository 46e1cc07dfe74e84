"""The notebook runs from end to end at its default size, without the network."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="needs nbformat: requirements-dev.txt")

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "colab.ipynb"


@pytest.fixture
def notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_valid_and_holds_no_output(notebook: Any) -> None:
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_every_part_has_a_heading_in_both_languages(notebook: Any) -> None:
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## \d (.+)$", text, flags=re.MULTILINE)
    assert headings == [
        "Ajustes / Settings",
        "Instalar / Install",
        "Ver os dados / Look at the data",
        "Treinar / Train",
        "Medir / Evaluate",
        "Ampliar uma foto / Upscale a photograph",
        "E agora? / What next?",
    ]


def test_its_settings_name_presets_and_models_that_exist(notebook: Any) -> None:
    from sr.models.entries.shipped import MODELS
    from sr.training.recipes import PRESETS

    source = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    (presets,) = re.findall(r"^PRESET = .*# @param (\[.*\])$", source, flags=re.MULTILINE)
    assert set(re.findall(r'"(\w+)"', presets)) <= set(PRESETS)
    (models,) = re.findall(r"^MODEL = .*# @param (\[.*\])$", source, flags=re.MULTILINE)
    assert set(re.findall(r'"(\w+)"', models)) - {"mine"} <= set(MODELS)


def test_it_runs_from_end_to_end(
    notebook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient: requirements-dev.txt")
    pytest.importorskip("ipykernel", reason="needs ipykernel: requirements-dev.txt")
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing is to be had from elsewhere
    settings = [f"WORK = {str(tmp_path / 'work')!r}"]
    if not os.environ.get("NITIDEZ_BACKBONES"):
        settings.append("LPIPS = False")  # its features would be downloaded
    place = next(
        index
        for index, cell in enumerate(notebook.cells)
        if "parameters" in cell.metadata.get("tags", ())
    )
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell("\n".join(settings)))

    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute()

    work = tmp_path / "work"
    assert list((work / "runs" / "srresnet_smoke").glob("*.safetensors"))
    table = (work / "results" / "table.md").read_text(encoding="utf-8")
    assert "srresnet_x4 (srresnet_smoke, photos)" in table
    assert (work / "results" / "figures" / "distribution.png").is_file()
    assert (work / "photo_srgan_x4.png").is_file()
    pictures = [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) >= 6
    assert not (ROOT / "nitidez-work").exists()

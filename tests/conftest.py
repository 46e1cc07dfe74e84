"""What all tests share: no telemetry, no model hub, and the folder of reference data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
if "PYTEST_XDIST_WORKER" in os.environ:  # tests share the cores by running side by side
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with benchmark images and backbones that NITIDEZ_SHARED names."""
    value = os.environ.get("NITIDEZ_SHARED")
    if not value:
        pytest.skip("NITIDEZ_SHARED is not set: it names the folder of benchmark data")
    folder = Path(value).resolve()
    if not folder.is_dir():
        pytest.skip(f"NITIDEZ_SHARED: {folder} is not a folder")
    return folder

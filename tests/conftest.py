"""What all tests share: no telemetry, no model hub, and the folder of reference data."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["NITIDEZ_MODELS"] = os.devnull  # no folder: whoever tests with files names one
if "PYTEST_XDIST_WORKER" in os.environ:  # tests share the cores by running side by side
    os.environ.setdefault("OMP_NUM_THREADS", "1")


# Few tests that take long: each worker begins with one, and none is left alone with it at the end.
FIRST = (
    "tests/system/test_survey_load.py",
    "tests/system/test_notebook.py",
    "tests/unit/sr/training/test_train_distributed.py",
    "tests/browser/test_results.py",
    "tests/unit/survey/reporting/test_results.py",
    "tests/system/test_space.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long first, then those with the most tests."""

    def file_of(item: pytest.Item) -> str:
        return item.nodeid.partition("::")[0]

    count = Counter(map(file_of, items))
    items.sort(key=lambda item: (file_of(item) not in FIRST, -count[file_of(item)], file_of(item)))


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

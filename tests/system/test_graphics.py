"""Graphics come out right with every network that ships; `python -m tests.graphics` tries 500."""

from __future__ import annotations

import pytest

from sr.models.entries.shipped import MODELS
from tests.graphics import prove


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if model.network])
def test_flat_areas_of_graphics_stay_flat(name: str) -> None:
    (guarded,) = prove(40, [name], precisions=["float32"], guards=[True])
    assert len(guarded.errors) > 20
    assert guarded.wrong == 0, guarded.wrong_kinds

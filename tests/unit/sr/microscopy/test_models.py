"""The networks that ship, on a real frame that they never saw."""

from __future__ import annotations

from pathlib import Path

import pytest

from sr.base.errors import ConfigError
from sr.inference.upscaler import get_upscaler
from sr.microscopy.data.loading import load_pair
from sr.microscopy.data.pairs import find_pairs
from sr.microscopy.enlarging.enlarger import open_enlarger
from sr.microscopy.scores.fitted import score
from sr.models.entries.shipped import FRAME_MODELS

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("name", FRAME_MODELS)
def test_a_network_is_a_decibel_above_cubic_on_a_real_frame(real: Path, name: str) -> None:
    found = find_pairs(real / "biosr-x2-crops")
    assert found is not None
    pair = load_pair(next(files for files in found.pairs if files.level == 5))
    cubic, network = (
        score(open_enlarger(model).enlarge(pair.lr[None]), pair.hr).fitted_psnr
        for model in ("bicubic", name)
    )
    assert network > cubic + 1.0


def test_photographs_do_not_go_through_them() -> None:
    with pytest.raises(ConfigError, match="takes frames of one channel, not photographs"):
        get_upscaler("dfcan_x2")

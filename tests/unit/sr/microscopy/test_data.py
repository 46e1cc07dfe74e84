"""Pairs as laboratories publish them: found, split by cell, loaded on one grid, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from sr.base.errors import ConfigError, DataError, ImageError
from sr.commands.cli import main
from sr.microscopy.data.loading import load_pair
from sr.microscopy.data.pairs import PairFiles, find_pairs
from sr.microscopy.data.training import training_frames
from sr.microscopy.files.grid import CENTRE, CORNER
from tests.unit.sr.microscopy.conftest import write_mrc


def structure(seed: int = 0, side: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """LR and HR on the corner grid."""
    hr = gaussian_filter(np.random.default_rng(seed).random((side, side)), 2.0, mode="wrap")
    hr = 60000 * (hr - hr.min()) / (hr.max() - hr.min())
    return gaussian_filter(hr, 3.0, mode="wrap")[::2, ::2] / 20, hr


def write_cell(folder: Path, seed: int, *, is_er: bool = False) -> None:
    lr, hr = structure(seed)
    raw = np.stack([lr * share for share in np.linspace(0.9, 1.1, 9)])
    low, high = ("RawSIMData", "GTSIM") if is_er else ("", "")
    (folder / low).mkdir(parents=True, exist_ok=True)
    (folder / high).mkdir(parents=True, exist_ok=True)
    for level in (1, 2):
        write_mrc(folder / low / f"RawSIMData_level_{level:02}.mrc", raw, pixel_um=0.0626)
        if is_er:
            write_mrc(folder / high / f"GTSIM_level_{level:02}.mrc", hr[None])
    if not is_er:
        write_mrc(folder / "SIM_gt.mrc", hr[None])
        write_mrc(folder / "RawSIMData_gt.mrc", raw)


@pytest.mark.parametrize("is_er", [False, True])
def test_biosr_is_found_as_it_is_downloaded_and_split_by_cell(tmp_path: Path, is_er: bool) -> None:
    for cell in range(1, 8):
        write_cell(tmp_path / "Microtubules" / f"Cell_{cell:03}", cell, is_er=is_er)
    found = find_pairs(tmp_path)
    assert found is not None
    assert "14 pairs of 7 cells" in found.title
    parts = {split: {pair.group for pair in found.part(split)} for split in ("train", "val")}
    assert parts["val"] == {f"Microtubules/Cell_{cell:03}" for cell in range(1, 6)}
    assert not parts["train"] & parts["val"]
    pair = load_pair(found.part("val")[0])
    assert (pair.scale, pair.grid, pair.lr.shape) == (2, CORNER, (32, 32))
    assert pair.pixel_um == pytest.approx(0.0626)
    assert pair.lr == pytest.approx(structure(1)[0], abs=1.0)  # the mean of the raw frames
    frames = training_frames(tmp_path, scale=2)
    assert len(frames.pairs) == 4
    (low,), high = frames.pairs[0]
    blocks = gaussian_filter(high, 3.0).reshape(32, 2, 32, 2).mean(axis=(1, 3))
    slope = np.polyfit(blocks.ravel(), low.ravel(), 1)[0]
    assert slope == pytest.approx(1, abs=0.2)  # in the same counts
    raw = training_frames(tmp_path, scale=2, raw_frames=9)
    assert raw.pairs[0][0].shape == (9, 32, 32)
    assert raw.pairs[0][0].mean(axis=0) == pytest.approx(low, abs=1e-2)
    assert raw.sha256 != frames.sha256
    with pytest.raises(DataError, match="9 frames in it; the network looks at 15 raw"):
        training_frames(tmp_path, scale=2, raw_frames=15)
    assert float(blocks.mean()) == pytest.approx(float(low.mean()), rel=0.02)


def test_crops_with_levels_and_w2s_are_found(real: Path, tmp_path: Path) -> None:
    crops = find_pairs(real / "biosr-x2-crops")
    assert crops is not None
    assert [pair.level for pair in crops.pairs] == [1, 2, 5, 8]
    assert len({pair.group for pair in crops.pairs}) == 1  # levels of one field are one sample
    for pair in crops.pairs[1:]:
        assert load_pair(pair).grid == CORNER
    lr, hr = structure()
    for folder, array in (("avg1", lr), ("avg400", lr), ("sim", hr)):
        (tmp_path / "normalized" / folder).mkdir(parents=True)
        np.save(tmp_path / "normalized" / folder / "001_0.npy", array.astype(np.float32))
    w2s = find_pairs(tmp_path)
    assert w2s is not None
    assert [(pair.level, pair.group) for pair in w2s.pairs] == [
        (1, "normalized/001"), (400, "normalized/001"),
    ]  # fmt: skip


def write_pairs(folder: Path, pairs: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    for side in ("LR", "HR"):
        (folder / side).mkdir(parents=True)
    for name, (lr, hr) in pairs.items():
        tifffile.imwrite(folder / "LR" / f"{name}.tif", lr.astype(np.float32))
        tifffile.imwrite(folder / "HR" / f"{name}.tif", hr.astype(np.float32))


def test_any_folders_of_pairs_are_found_and_lonely_files_are_said(tmp_path: Path) -> None:
    write_pairs(tmp_path, {f"{n}": structure(n) for n in range(3)})
    (tmp_path / "HR" / "2.tif").unlink()
    found = find_pairs(tmp_path)
    assert found is not None
    assert [pair.group for pair in found.pairs] == ["0", "1"]
    assert found.problems == ("LR/2.tif: none of that name in HR",)
    assert [p.group for p in found.part("val")] == ["0"]
    with pytest.raises(DataError, match="no part 'test' of a set of frames"):
        found.part("test")


def test_pairs_on_the_other_grid_stay_as_they_are(tmp_path: Path) -> None:
    _, hr = structure()
    lr = gaussian_filter(hr, 3.0, mode="wrap").reshape(32, 2, 32, 2).mean(axis=(1, 3))
    write_pairs(tmp_path, {"a": (lr, hr)})
    pair = load_pair(PairFiles(tmp_path / "LR" / "a.tif", tmp_path / "HR" / "a.tif", "a"))
    assert pair.grid == CENTRE
    assert pair.hr == pytest.approx(hr, rel=1e-5)


def test_pairs_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    lr, hr = structure()
    other = structure(9)[1]
    write_pairs(tmp_path, {"t": (lr, hr.T), "o": (lr, other), "s": (lr, hr[:50, :50])})
    for name, text in (("t", "not registered"), ("o", "not registered"), ("s", "needed a whole")):
        files = PairFiles(tmp_path / "LR" / f"{name}.tif", tmp_path / "HR" / f"{name}.tif", name)
        with pytest.raises(ImageError, match=text):
            load_pair(files)
    with pytest.raises(DataError, match="none of"):
        training_frames(tmp_path, scale=2, split="all")


def test_a_folder_of_pictures_is_simulated_from_and_an_empty_one_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither pairs of frames nor pictures"):
        training_frames(tmp_path, scale=2)
    tifffile.imwrite(tmp_path / "a.tif", structure()[1].astype(np.float32))
    frames = training_frames(tmp_path, scale=2)
    assert len(frames.pool) == 1
    lr, hr = frames.scene(0, 0)
    assert lr.shape == (1, hr.shape[0] // 2, hr.shape[1] // 2)
    assert training_frames(tmp_path, scale=2, raw_frames=9).scene(0, 0)[0].shape[0] == 9
    with pytest.raises(ConfigError, match="the simulator makes 1 frame"):
        training_frames(tmp_path, scale=2, raw_frames=15)
    with pytest.raises(DataError, match="no such folder"):
        training_frames(tmp_path / "none", scale=2)


def test_the_check_says_what_fits_and_what_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lr, hr = structure()
    write_pairs(tmp_path, {"a": (lr, hr), "b": (lr, hr)})
    report = tmp_path / "report.json"
    assert main(["data", "check", str(tmp_path), "--json", str(report)]) == 0
    said = capsys.readouterr().out
    assert "2 pairs of 2 cells or fields" in said
    assert "x2 32x32: 2" in said
    assert "corner: 2" in said
    assert '"unusable": []' in report.read_text()
    tifffile.imwrite(tmp_path / "LR" / "b.tif", lr.T.astype(np.float32))
    assert main(["data", "check", str(tmp_path)]) == 1
    assert "not registered" in capsys.readouterr().out


def test_pairs_of_photographs_in_tiff_are_still_photographs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for side, length in (("LR", 16), ("HR", 32)):
        (tmp_path / side).mkdir()
        rgb = np.zeros((length, length, 3), np.uint8)
        tifffile.imwrite(tmp_path / side / "a.tif", rgb, photometric="rgb")
    main(["data", "check", str(tmp_path)])
    assert "pairs of" not in capsys.readouterr().out

"""Files of microscopes: nothing transposed, both byte orders, pixel sizes, bad files in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from sr.base.errors import ImageError, OutputError
from sr.microscopy.files.grid import CENTRE, CORNER, cubic_enlarged, moved_to_centre, registration
from sr.microscopy.files.levels import HEADROOM, from_network, levels_of, target_of, to_network
from sr.microscopy.files.reading import is_of_a_microscope, read_stack
from sr.microscopy.files.writing import as_kind, write_stack
from tests.unit.sr.microscopy.conftest import write_mrc

PLANES = np.arange(2 * 3 * 5, dtype=np.uint16).reshape(2, 3, 5)


def test_the_real_frame_is_not_transposed(microtubules: tuple[np.ndarray, Path]) -> None:
    lr, path = microtubules
    stack = read_stack(path)
    assert stack.planes.dtype == np.uint16
    assert stack.planes.shape == (1, 1004, 1004)
    assert stack.pixel_um == pytest.approx(0.0313)
    hr = stack.planes[0]
    assert registration(lr, hr, 2).correlation > 0.95
    assert registration(lr, hr.T, 2).correlation < 0.8
    assert registration(lr, hr.T, 2).grid(2) is None


def test_the_grid_of_the_real_frame_is_found_and_put_right(
    microtubules: tuple[np.ndarray, Path],
) -> None:
    lr, path = microtubules
    hr = read_stack(path).planes[0].astype(np.float64)
    before = registration(lr, hr, 2)
    after = registration(lr, moved_to_centre(hr, 2), 2)
    assert (before.down, before.across) == pytest.approx((0, 0), abs=0.15)
    assert (after.down, after.across) == pytest.approx((0.5, 0.5), abs=0.15)
    assert (before.grid(2), after.grid(2)) == (CORNER, CENTRE)
    # A flip of both leaves pixels on each other only on the second grid.
    turned = registration(lr[::-1, ::-1], moved_to_centre(hr, 2)[::-1, ::-1], 2)
    assert (turned.down, turned.across) == pytest.approx((0.5, 0.5), abs=0.15)
    wrong = registration(lr[::-1, ::-1], hr[::-1, ::-1], 2)
    assert (wrong.down, wrong.across) == pytest.approx((1, 1), abs=0.15)


def test_a_pair_that_is_moved_is_not_registered(microtubules: tuple[np.ndarray, Path]) -> None:
    lr, path = microtubules
    moved = np.roll(read_stack(path).planes[0], (6, -4), (0, 1))
    found = registration(lr, moved, 2)
    assert (found.down, found.across) == pytest.approx((6, -4), abs=0.3)
    assert found.grid(2) is None


def test_cubic_gives_a_plane_back_on_either_grid() -> None:
    ramp = np.add.outer(np.arange(24.0), 3 * np.arange(20.0))
    corner = cubic_enlarged(ramp, 2, CORNER)
    assert corner[::2, ::2] == pytest.approx(ramp, abs=1e-3)
    centre = cubic_enlarged(ramp, 2)
    blocks = centre.reshape(24, 2, 20, 2).mean(axis=(1, 3))
    assert blocks[7:-7, 7:-7] == pytest.approx(ramp[7:-7, 7:-7], abs=1e-2)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mode", [1, 2, 6])
def test_both_byte_orders_and_kinds_of_samples_are_read(
    tmp_path: Path, order: str, mode: int
) -> None:
    stack = read_stack(write_mrc(tmp_path / "a.mrc", PLANES, mode=mode, order=order))
    assert np.array_equal(stack.planes, PLANES)
    assert stack.planes.dtype.isnative
    assert stack.pixel_um == pytest.approx(0.0313)


def test_mrc_as_electron_microscopes_write_it_is_read_in_angstroms(tmp_path: Path) -> None:
    import mrcfile

    with mrcfile.new(tmp_path / "em.mrc") as file:
        file.set_data(PLANES[0])
        file.voxel_size = 626.0
    assert read_stack(tmp_path / "em.mrc").pixel_um == pytest.approx(0.0626)


@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("pixel_um", [0.0313, None])
def test_what_is_written_is_read_back(
    tmp_path: Path, name: str, kind: type, pixel_um: float | None
) -> None:
    path = tmp_path / name
    for planes in (PLANES.astype(kind), PLANES[:1].astype(kind)):
        write_stack(path, planes, pixel_um, "a test")
        stack = read_stack(path)
        assert np.array_equal(stack.planes, planes)
        assert stack.planes.dtype == kind
        assert stack.pixel_um == (None if pixel_um is None else pytest.approx(pixel_um))


def test_the_pixel_of_the_real_tiffs_is_known_or_said_to_be_unknown(real: Path) -> None:
    wide = read_stack(real / "biosr-mt-cell001" / "WF_level_09_sum9.tif")
    assert wide.pixel_um == pytest.approx(0.0626)
    imagej = read_stack(real / "dlsim-mt" / "HER_SIM.tif")
    assert imagej.pixel_um == pytest.approx(0.03)
    crop = read_stack(real / "biosr-x2-crops" / "CCPs" / "test_wf" / "level_05" / "015.tif")
    assert crop.pixel_um is None  # 72 dots an inch are a screen's
    assert read_stack(real / "dlsim-mt" / "LE_raw15_x2.tif").planes.shape == (15, 256, 256)


def test_grey_pictures_and_arrays_are_read(tmp_path: Path) -> None:
    Image.fromarray(PLANES[0].astype(np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(PLANES[0]).save(tmp_path / "b.png")
    np.save(tmp_path / "c.npy", PLANES)
    assert read_stack(tmp_path / "a.png").planes.dtype == np.uint8
    assert np.array_equal(read_stack(tmp_path / "b.png").planes[0], PLANES[0])
    assert np.array_equal(read_stack(tmp_path / "c.npy").planes, PLANES)
    names = {"a.mrc", "a.ome.tif", "a.czi"}
    assert {n for n in (*names, "a.tif", "a.png") if is_of_a_microscope(Path(n))} == names


def test_one_frame_of_a_stack_has_to_be_chosen(tmp_path: Path) -> None:
    stack = read_stack(write_mrc(tmp_path / "a.mrc", PLANES))
    with pytest.raises(ImageError, match="a stack of 2 frames, needed one; give --frame 1 to 2"):
        stack.chosen(None)
    with pytest.raises(ImageError, match="frame 3; needed 1 to 2, mean or all"):
        stack.chosen("3")
    for strange in ("²", "9" * 5000, "-1", ""):  # digits that are no number, as a visitor may send
        with pytest.raises(ImageError, match="needed 1 to 2"):
            stack.chosen(strange)
    assert np.array_equal(stack.chosen("2").planes, PLANES[1:])
    assert np.array_equal(stack.chosen("mean").planes[0], PLANES.mean(axis=0))
    assert len(stack.chosen("all").planes) == 2


def nan_tiff(path: Path) -> None:
    tifffile.imwrite(path, np.array([[1, np.nan], [np.inf, 2]], np.float32))


@pytest.mark.parametrize(
    ("name", "write", "text"),
    [
        ("cut.mrc", lambda p: write_mrc(p, PLANES, cut=1050), "cut off: its header promises 5x3"),
        ("head.mrc", lambda p: write_mrc(p, PLANES, cut=100), "100 bytes; an MRC file begins"),
        ("mode.mrc", lambda p: write_mrc(p, PLANES, mode=5), "mode 5 of MRC is not read"),
        ("text.mrc", lambda p: p.write_bytes(b"no header " * 200), "is not read; needed 0 "),
        ("zero.mrc", lambda p: write_mrc(p, PLANES, pixel_um=0), "pixels are 0 micrometres large"),
        ("nan.tif", nan_tiff, "2 of 4 pixels are NaN or infinite"),
        ("bad.tif", lambda p: p.write_bytes(b"II*\0" + b"\0" * 40), "not a readable TIFF"),
        ("rgb.tif", lambda p: tifffile.imwrite(p, np.zeros((4, 4, 3), np.uint8), photometric="rgb"),
         "a picture in colours; needed one channel"),
        ("two.ome.tif", lambda p: tifffile.imwrite(p, np.zeros((2, 9, 9), np.uint16),
         metadata={"axes": "CYX"}), "2 channels; needed one"),
        ("rgb.png", lambda p: Image.new("RGB", (4, 4), "red").save(p), "a picture in colours"),
        ("a.czi", lambda p: p.write_bytes(b"ZISRAWFILE"), "CZI needs bioio"),
        ("a.xyz", lambda p: p.write_bytes(b"x"), "not a file of a microscope; known: .mrc"),
        ("obj.npy", lambda p: np.save(p, np.array([{}], object)), "not a readable NumPy array"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_in_words(tmp_path: Path, name: str, write, text: str) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / name)
    with pytest.raises(ImageError, match=text):
        read_stack(tmp_path / name)


def test_a_wrong_pixel_size_can_be_put_right(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "zero.mrc", PLANES, pixel_um=0)
    assert read_stack(path, pixel_nm="62.6").pixel_um == pytest.approx(0.0626)
    assert read_stack(path, pixel_nm="unknown").pixel_um is None
    with pytest.raises(ImageError, match="--pixel-nm 0: needed a positive number"):
        read_stack(path, pixel_nm="0")


def test_only_tiff_is_written_and_integers_are_rounded(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"ends in \.tif"):
        write_stack(tmp_path / "a.png", PLANES, None, "")
    assert not list(tmp_path.iterdir())
    numbers = np.array([-3.0, 0.6, 66000.0])
    assert as_kind(numbers, np.dtype(np.uint16)).tolist() == [0, 1, 65535]
    assert as_kind(numbers, np.dtype(np.float32)).tolist() == [-3.0, pytest.approx(0.6), 66000.0]
    for far in (70000.0, -3000.0):  # a spot that is cut off would be a wrong one
        made = as_kind(np.array([0.6, far]), np.dtype(np.uint16))
        assert made.dtype == np.float32
        assert made[1] == far


def test_counts_go_to_the_network_and_come_back() -> None:
    frame = np.random.default_rng(0).integers(100, 3000, (50, 50)).astype(np.uint16)
    levels = levels_of(frame)
    there = to_network(frame, levels)
    assert from_network(there / HEADROOM, levels) == pytest.approx(frame, rel=1e-4)
    target = target_of(frame.astype(np.float64), levels)
    assert 0 <= float(target.min()) < float(target.max()) <= 1
    assert levels_of(np.zeros((3, 3))).span > 0

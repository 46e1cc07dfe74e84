"""python -m sr upscale: formats, metadata, batches that go on, names of every kind."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from sr.commands.cli import main
from sr.images.reading import open_image

ROOT = Path(__file__).resolve().parents[4]
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


def made(path: Path, pixels: np.ndarray = PIXELS, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def run(*arguments: object) -> int:
    try:
        return main(["upscale", *map(str, arguments), "--model", "bicubic"])
    except SystemExit as exit_info:
        return int(exit_info.code or 0)


@pytest.mark.parametrize(
    ("name", "format_name"), [("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.webp", "WEBP")]
)
def test_the_name_of_the_output_chooses_its_format(
    tmp_path: Path, name: str, format_name: str
) -> None:
    smooth = made(tmp_path / "a.png", np.full((6, 8, 3), (200, 60, 40), np.uint8))
    assert run(smooth, tmp_path / "out" / name) == 0
    with Image.open(tmp_path / "out" / name) as image:
        assert (image.format, image.size) == (format_name, (32, 24))
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
        assert "bicubic" in image.getexif()[305]
    assert np.abs(open_image(tmp_path / "out" / name).rgb.astype(int) - (200, 60, 40)).max() <= 3


def test_a_lower_quality_is_a_smaller_file(tmp_path: Path) -> None:
    source = made(tmp_path / "a.png")
    for quality in (30, 95):
        assert run(source, tmp_path / f"{quality}.jpg", "--quality", quality) == 0
    assert (tmp_path / "30.jpg").stat().st_size < (tmp_path / "95.jpg").stat().st_size


def test_a_folder_is_written_in_the_format_asked_for(tmp_path: Path) -> None:
    made(tmp_path / "in" / "a.png")
    made(tmp_path / "in" / "a.bmp")
    assert run(tmp_path / "in", tmp_path / "out", "--format", "webp") == 0
    assert sorted(os.listdir(tmp_path / "out")) == ["a.bmp.webp", "a.png.webp"]


def test_transparency_is_laid_on_white_for_jpeg_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = made(tmp_path / "a.png", np.zeros((6, 8, 4), np.uint8))
    assert run(source, tmp_path / "a.jpg") == 0
    assert "laid on white" in capsys.readouterr().out
    assert (open_image(tmp_path / "a.jpg").rgb > 250).all()
    assert run(source, tmp_path / "a.webp") == 0
    assert open_image(tmp_path / "a.webp").alpha is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["out.png", "--quality", "80"], "--quality has no effect on PNG"),
        (["out.jpg", "--quality", "0"], "not a whole number from 1 to 100"),
        (["out.jpg", "--format", "png"], "ends in .png"),
        (["out.png", "--recursive"], "--recursive has no effect on one image"),
        (["out.png", "--force", "--skip-existing"], "not allowed with"),
        (["out.webp"], "WEBP holds at most 16,383 a side"),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    source = made(tmp_path / "a.png", np.zeros((2, 4200, 3), np.uint8))
    assert run(source, tmp_path / arguments[0], *arguments[1:]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / arguments[0]).exists()


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "out.webp"])
def test_metadata_is_dropped_unless_kept(tmp_path: Path, name: str) -> None:
    exif = Image.Exif()
    exif[315] = "Ana Souza"
    exif.get_ifd(0x8825)[1] = "S"
    source = made(tmp_path / "a.jpg", exif=exif.tobytes(), dpi=(72, 72))
    for level in ("drop", "keep"):
        assert run(source, tmp_path / level / name, "--metadata", level) == 0
        with Image.open(tmp_path / level / name) as image:
            found = image.getexif()
            assert found.get(315) == ("Ana Souza" if level == "keep" else None)
            assert not found.get_ifd(0x8825)
            if level == "keep" and name != "out.webp":  # Pillow reads none there
                assert image.info["dpi"] == pytest.approx((288, 288), abs=0.1)


def test_an_interrupted_batch_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abc":
        made(tmp_path / "in" / f"{name}.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.png").write_bytes(b"whole, from the run before")
    assert run(tmp_path / "in", tmp_path / "out") == 2
    assert "--skip-existing passes it over" in capsys.readouterr().err
    assert run(tmp_path / "in", tmp_path / "out", "--skip-existing") == 0
    assert "3 of 3 images were there already" in capsys.readouterr().out
    assert (tmp_path / "out" / "b.png").read_bytes() == b"whole, from the run before"
    (tmp_path / "out" / "a.png").unlink()
    assert run(tmp_path / "in", tmp_path / "out", "--skip-existing") == 0
    assert open_image(tmp_path / "out" / "a.png").width == 32


def test_several_processes_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        made(tmp_path / "in" / f"{number}.png")
    monkeypatch.setenv("WORLD_SIZE", "3")
    shares = []
    for rank in range(3):
        monkeypatch.setenv("RANK", str(rank))
        before = set(os.listdir(tmp_path / "out")) if rank else set()
        assert run(tmp_path / "in", tmp_path / "out") == 0
        shares.append(len(set(os.listdir(tmp_path / "out")) - before))
    assert shares == [3, 2, 2]


@pytest.mark.parametrize("coding", ["cp1252", "ascii", "utf-8:strict"])
def test_names_that_a_console_cannot_print_end_no_run(tmp_path: Path, coding: str) -> None:
    made(tmp_path / "in" / "a.png")
    names = ["写真.png", "😀.png", "ação.png", "z.png"]
    for name in names:
        made(tmp_path / "in" / name)
    expected = len(names) + 1
    if sys.platform == "linux":  # a Latin-1 name, as from an old archive
        with open(os.fsencode(tmp_path / "in") + b"/caf\xe9.png", "wb") as file:
            Image.fromarray(PIXELS).save(file, "PNG")
        expected += 1
    (tmp_path / "in" / "壊.png").write_bytes(b"")  # its error is printed too
    run = subprocess.run(
        [sys.executable, *["-m", "sr", "upscale", "--model", "bicubic", "in", "out"]],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": coding, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
    )
    assert len(os.listdir(os.fsencode(tmp_path / "out"))) == expected
    assert run.stderr.count(b"error: ") == 2
    assert b"1 of" in run.stderr
    assert b"Traceback" not in run.stderr


def test_a_width_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = made(tmp_path / "a.png")
    assert run(source, tmp_path / "b.png", "--width", 21) == 0  # 3 times, then reduced
    assert "enlarged to 24 x 18 pixels, then reduced" in capsys.readouterr().out
    with Image.open(tmp_path / "b.png") as image:
        assert image.size == (21, 16)
        assert image.info["Nitidez-Reduced"] == "enlarged to 24 x 18 pixels, then reduced"
        assert image.info["Nitidez-Scale"] == "3"
    for width, least in ((8, "needed 9 to 64"), (65, "largest factor is 8")):
        assert run(source, tmp_path / "c.png", "--width", width) == 2
        assert least in capsys.readouterr().err
    assert run(source, tmp_path / "c.png", "--width", 20, "--scale", 2) == 2
    assert not (tmp_path / "c.png").exists()


def test_of_a_folder_every_photo_gets_the_width_it_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, width in (("a", 6), ("b", 12), ("c", 40)):
        made(tmp_path / "in" / f"{name}.png", np.full((6, width, 3), 90, np.uint8))
    command = ["upscale", str(tmp_path / "in"), str(tmp_path / "out"), "--width", "24"]
    assert main([*command, "--engine", "torch"]) == 2
    out, error = capsys.readouterr()
    assert "24x24 with srresnet_x4" in out
    assert "24x12 with srresnet_x2" in out
    assert "the photo has 40" in error
    assert sorted(os.listdir(tmp_path / "out")) == ["a.png", "b.png"]

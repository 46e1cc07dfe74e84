"""The command line: what it writes, how it refuses, and what it leaves behind."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sr.commands import cli
from sr.commands.cli import main
from sr.commands.console import format_table
from sr.images.reading import open_image
from sr.inference.tiles import TILE_PX
from sr.models.entries.shipped import MODELS
from sr.models.files.weights_file import save_model
from sr.networks.srresnet import SRResNet

ROOT = Path(__file__).resolve().parents[4]


def make_photo(path: Path, *, height: int = 6, width: int = 8, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def run(*arguments: object) -> int:
    """Exit status of the command line, also where argparse ends the program."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as exit_info:
        return int(exit_info.code or 0)


def huge_png() -> bytes:
    """A PNG whose header promises 144 megapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    side = (12000).to_bytes(4, "big")
    header = side + side + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.fixture
def bad_files(tmp_path: Path) -> dict[str, Path]:
    whole = make_photo(tmp_path / "whole.png", height=64, width=64).read_bytes()
    contents = {
        "truncated.png": whole[: len(whole) // 2],
        "text.png": b"these are words, not pixels\n" * 20,
        "empty.png": b"",
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "huge.png": huge_png(),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in [*contents, "missing.png"]}


def test_upscale_writes_a_png_four_times_as_large(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_photo(tmp_path / "fotografia à tarde.jpg", height=5, width=7)
    output = tmp_path / "new" / "folders" / "out.PNG"
    assert run("upscale", source, output, "--model", "bicubic") == 0
    with Image.open(output) as image:
        assert (image.format, image.size) == ("PNG", (28, 20))
        assert "bicubic" in image.text.values()  # type: ignore[attr-defined]
    assert "7x5 to 28x20 with bicubic" in capsys.readouterr().out


def test_upscale_into_a_folder_names_the_file_by_its_input(tmp_path: Path) -> None:
    source = make_photo(tmp_path / "a.bmp")
    (tmp_path / "out").mkdir()
    assert run("upscale", source, tmp_path / "out", "--model", "nearest") == 0
    assert run("upscale", source, f"{tmp_path}/other/", "--model", "nearest") == 0
    assert (tmp_path / "out" / "a.png").read_bytes() == (tmp_path / "other/a.png").read_bytes()


def test_a_folder_goes_on_after_a_bad_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    make_photo(photos / "a.png")
    make_photo(photos / "c.webp")
    (photos / "b.png").write_text("not an image")
    (photos / "notes.txt").write_text("ignored")
    assert run("upscale", photos, tmp_path / "out", "--model", "bicubic") == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("error: ")
    assert "b.png" in first
    assert last == "error: 1 of 3 images failed, 2 were upscaled"


def test_upscale_takes_a_weights_file_and_says_so_in_the_picture(tmp_path: Path) -> None:
    weights = tmp_path / "mine.safetensors"
    model = SRResNet(num_blocks=1, num_features=4, batch_norm=False)
    save_model(weights, model, name="srgan_x4", about={})
    source = make_photo(tmp_path / "photo.png")
    assert run("upscale", source, tmp_path / "out.png", "--model", weights, "--device", "cpu") == 0
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (32, 24)
        said = image.text["Nitidez-Weights"]  # type: ignore[attr-defined]
    assert said == f"mine.safetensors sha256 {hashlib.sha256(weights.read_bytes()).hexdigest()}"
    other = tmp_path / "other.safetensors"
    assert run("upscale", source, tmp_path / "new.png", "--model", other) == 2
    assert not (tmp_path / "new.png").exists()


def test_interpolations_take_a_scale_and_networks_have_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_photo(tmp_path / "photo.png")
    for scale in (2, 3, 6):
        out = tmp_path / f"x{scale}.png"
        assert run("upscale", source, out, "--model", "bicubic", "--scale", scale) == 0
        with Image.open(out) as image:
            assert image.size == (8 * scale, 6 * scale)
            assert image.text["Nitidez-Scale"] == str(scale)  # type: ignore[attr-defined]
    capsys.readouterr()
    assert run("upscale", source, tmp_path / "two.png", "--scale", 2) == 0
    assert "with srresnet_x2" in capsys.readouterr().out
    named = ["--model", "srresnet_x4", "--scale", 2]
    assert run("upscale", source, tmp_path / "no.png", *named) == 2
    said = capsys.readouterr().err
    assert "srresnet_x4 enlarges 4 times, not 2; models that do: nearest, bicubic" in said
    weights = tmp_path / "mine.safetensors"
    save_model(weights, SRResNet(num_blocks=1, num_features=4, scale=2), name="mine", about={})
    assert run("upscale", source, tmp_path / "no.png", "--model", weights, "--scale", 3) == 2
    assert "enlarges 2 times, not 3" in capsys.readouterr().err
    assert run("upscale", source, tmp_path / "mine.png", "--model", weights) == 0
    with Image.open(tmp_path / "mine.png") as image:
        assert image.size == (16, 12)


@pytest.mark.parametrize("count", [1, 3])
def test_missing_weights_are_said_once_for_a_folder(
    count: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for index in range(count):
        make_photo(tmp_path / "photos" / f"{index}.png")
    monkeypatch.setattr("sr.models.registry.WEIGHTS_DIR", tmp_path / "nothing")
    assert run("upscale", tmp_path / "photos", tmp_path / "out", "--model", "srgan_x4") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert "no such weights file; see weights/README.md" in line
    assert not (tmp_path / "out").exists()


def test_files_of_one_stem_do_not_overwrite_each_other(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    make_photo(photos / "a.png")
    make_photo(photos / "a.bmp", seed=1)
    assert run("upscale", photos, tmp_path / "out", "--model", "nearest") == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["a.bmp.png", "a.png.png"]


@pytest.mark.parametrize(
    "name", ["truncated.png", "text.png", "empty.png", "drawing.svg", "huge.png", "missing.png"]
)
def test_bad_input_is_one_line_and_leaves_no_file(
    name: str, bad_files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out" / "result.png"
    assert run("upscale", bad_files[name], output, "--model", "bicubic") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert len(captured.err.splitlines()) == 1
    assert not output.parent.exists()


def test_bad_input_answers_without_loading_torch(bad_files: dict[str, Path]) -> None:
    code = (
        "import sys; from sr.commands.cli import main; status = main(sys.argv[1:]);"
        "sys.exit(99 if 'torch' in sys.modules else status)"
    )
    command = [sys.executable, "-c", code, "upscale", bad_files["text.png"], "x.png"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_debug_shows_where_an_error_arose(
    bad_files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["upscale", bad_files["text.png"], tmp_path / "x.png", "--model", "bicubic"]
    assert run(*arguments, "--debug") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "options", "said"),
    [
        ("out.bmp", [], "ends in .png"),
        ("out", [], "ends in .png"),
        ("taken.png", [], "--force overwrites it"),
        ("photo.png", ["--force"], "is the input itself"),
        ("taken.png/out.png", [], "is a file"),
        ("out.png", ["--model", "srgan4"], "known: bicubic, nearest, srcnn_x4, srgan_photo_x4"),
        ("out.png", ["--tile", "0"], "--tile: 0 is not a whole number from 1 up"),
        ("out.png", ["--tile", "many"], "--tile: many is not a whole number from 1 up"),
        ("out.png", ["--width", "1e9"], "--width: 1e9 is not a whole number from 1 up"),
        ("out.png", ["--quality", "best"], "best is not a whole number from 1 to 100"),
        ("out.png", ["--max-megapixels", "few"], "few is not a number above 0"),
        ("out.png", ["--precision", "half"], "--precision: invalid choice"),
        ("out.png", ["--max-megapixels", "0.00001"], "megapixel"),
        ("out.png", ["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_refusals_say_why_and_write_nothing(
    output: str,
    options: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = make_photo(tmp_path / "photo.png")
    make_photo(tmp_path / "taken.png", seed=1)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    if "--model" not in options:
        options = [*options, "--model", "bicubic"]
    assert run("upscale", source, tmp_path / output, *options) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_too_little_memory_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    source = make_photo(tmp_path / "photo.png")
    monkeypatch.setattr("sr.inference.upscaler.get_upscaler", lambda *a, **k: torch.empty(1 << 50))
    assert run("upscale", source, tmp_path / "out.png", "--model", "bicubic") == 2
    error = capsys.readouterr().err
    assert "not enough memory" in error
    assert "a smaller --tile" in error
    assert not (tmp_path / "out.png").exists()


def test_force_overwrites(tmp_path: Path) -> None:
    source = make_photo(tmp_path / "photo.png")
    taken = make_photo(tmp_path / "taken.png", height=3)
    assert run("upscale", source, taken, "--model", "nearest", "--force") == 0
    assert open_image(taken).height == 24


def test_a_folder_without_images_or_into_itself_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert run("upscale", tmp_path / "empty", tmp_path / "out") == 2
    assert "no images" in capsys.readouterr().err
    make_photo(tmp_path / "photos" / "a.png")
    assert run("upscale", tmp_path / "photos", tmp_path / "photos") == 2
    assert "another folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (MemoryError(), 2, "error: MemoryError\n"),
        (ZeroDivisionError("one over none"), 2, "error: ZeroDivisionError: one over none"),
    ],
)
def test_an_interrupted_run_ends_quietly_without_a_file(
    raised: BaseException,
    status: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Interrupted:
        name, scale = "bicubic", 4

        def upscale(self, photo: Any, **_: Any) -> Any:
            raise raised

    monkeypatch.setattr("sr.inference.upscaler.get_upscaler", lambda *_, **__: Interrupted())
    source = make_photo(tmp_path / "photo.png")
    assert run("upscale", source, tmp_path / "out.png") == status
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert "Traceback" not in error
    assert not (tmp_path / "out.png").exists()


def test_models_lists_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models") == 0
    table = capsys.readouterr().out
    assert all(f"\n{name} " in table for name in MODELS)
    assert "  departures  no batch norm" in table
    assert run("models", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in listed] == list(MODELS)


def test_models_shows_the_figures_of_the_manifest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {"Set5": {"psnr_y": 31.234, "ssim_y": 0.8812}, "Set14": {"psnr_y": 27.8}}
    entry = {"parameters": 1545238, "data": "two photographs", "metrics": figures}
    monkeypatch.setattr("sr.models.registry.read_manifest", lambda: {"srgan_x4": entry})
    assert run("models") == 0
    text = capsys.readouterr().out
    assert "  data        two photographs\n" in text
    assert "  metrics     Set5: psnr_y 31.23, ssim_y 0.8812\n" in text
    assert "  metrics     Set14: psnr_y 27.8\n" in text


def test_the_help_says_how_large_a_tile_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run("upscale", "--help") == 0
    assert f"low-resolution pixels (default: {TILE_PX})" in capsys.readouterr().out


def test_a_missing_command_is_an_error_and_help_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run() == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert run("enlarge") == 2
    assert "invalid choice: 'enlarge'" in capsys.readouterr().err
    assert run("--help") == 0
    text = capsys.readouterr().out
    assert all(name in text for name in cli.COMMANDS)


def test_tables_align_numbers_to_the_right() -> None:
    table = format_table(("name", "n"), [("a", "1"), ("long name", "1,234")])
    assert table.splitlines() == [
        "name           n",
        "---------  -----",
        "a              1",
        "long name  1,234",
    ]


def test_of_several_processes_the_first_one_tells_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("sr.commands.console.time.sleep", waited.append)
    for rank, waits in (("0", 0), ("1", 1)):
        monkeypatch.setenv("RANK", rank)
        waited.clear()
        assert main(["mix", "a.safetensors", "b.safetensors", "c.safetensors", "--share", "0"]) == 2
        assert len(waited) == waits
        assert capsys.readouterr().err.count("error: ") == 1

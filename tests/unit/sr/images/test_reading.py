"""Images in and out: the odd ones open, the bad ones are refused, PNG comes back bit for bit."""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from sr.base.errors import DataError, ImageError, ImageTooLargeError, OutputError, ShapeError
from sr.formats.kinds import list_images
from sr.images.photo import Photo
from sr.images.reading import header_size, open_image
from sr.images.writing import encode_png, save_png
from tests.helpers import bad_images as files

# pytest puts its own warning filters in front of the module's; a test in a process of its own
# checks that nothing reaches a person.
pytestmark = [
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
    pytest.mark.filterwarnings("ignore:(Corrupt EXIF|Truncated File):UserWarning"),
]

PATTERN = files.colour_pattern(24, 16)
GREY = np.asarray(Image.fromarray(PATTERN).convert("L"))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return files.odd_images(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return files.bad_images(tmp_path_factory.mktemp("bad"))


def largest_difference(one: np.ndarray, other: np.ndarray) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def as_file(image: Image.Image, format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


# ------------------------------------------------------------------------------ odd but valid


def test_every_odd_image_opens_as_8_bit_rgb(odd: dict[str, Path]) -> None:
    for name, path in odd.items():
        photo = open_image(path)
        assert photo.rgb.shape == (photo.height, photo.width, 3), name
        assert photo.rgb.dtype == np.uint8, name
        assert photo.rgb.flags.c_contiguous, name
        if photo.alpha is not None:
            assert photo.alpha.shape == photo.rgb.shape[:2], name
            assert photo.alpha.dtype == np.uint8, name
            assert photo.alpha.min() < 255, name


@pytest.mark.parametrize(
    "name",
    ["plain.bmp", "plain.webp", "no_suffix", "png_inside.jpg", "férias em São João nº 1.png"],
)
def test_lossless_formats_give_their_exact_pixels(odd: dict[str, Path], name: str) -> None:
    np.testing.assert_array_equal(open_image(odd[name]).rgb, PATTERN)


def test_path_text_bytes_and_open_file_are_the_same_image(odd: dict[str, Path]) -> None:
    path = odd["plain.bmp"]
    with path.open("rb") as stream:
        sources = [path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), stream]
        for source in sources:
            np.testing.assert_array_equal(open_image(source).rgb, PATTERN)  # type: ignore[arg-type]


def test_extreme_shapes(odd: dict[str, Path]) -> None:
    shapes = {name: open_image(odd[name]).rgb.shape for name in ("one_pixel.png", "3x48.png")}
    assert shapes == {"one_pixel.png": (1, 1, 3), "3x48.png": (48, 3, 3)}
    assert open_image(odd["20000x3.png"]).rgb.shape == (3, 20_000, 3)


def test_an_animation_gives_its_first_frame(odd: dict[str, Path]) -> None:
    assert (open_image(odd["animated.gif"]).rgb == files.RED).all()


@pytest.mark.parametrize(
    ("name", "left"), [("transparent.gif", 255), ("palette_transparent.png", 128)]
)
def test_a_transparent_palette_entry_becomes_alpha(
    odd: dict[str, Path], name: str, left: int
) -> None:
    photo = open_image(odd[name])
    assert photo.alpha is not None
    assert (photo.alpha[:, :12] == left).all()
    assert (photo.alpha[:, 12:] == 0).all()
    assert (photo.rgb[:, :12] == files.RED).all()


@pytest.mark.parametrize(("name", "rgb"), [("grey_alpha.png", None), ("alpha.webp", PATTERN)])
def test_alpha_is_kept(odd: dict[str, Path], name: str, rgb: np.ndarray | None) -> None:
    photo = open_image(odd[name])
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.alpha, GREY)
    np.testing.assert_array_equal(photo.rgb, np.dstack([GREY] * 3) if rgb is None else rgb)


def test_alpha_that_is_opaque_everywhere_is_dropped() -> None:
    opaque = Image.fromarray(np.dstack([PATTERN, np.full((16, 24), 255, np.uint8)]))
    assert open_image(as_file(opaque, "PNG")).alpha is None


@pytest.mark.parametrize(
    ("samples", "key"),
    [
        (PATTERN, PATTERN[3, 5]),
        (PATTERN.astype(np.uint16) * 257, PATTERN[3, 5].astype(np.uint16) * 257),
        (GREY, GREY[3, 5:6]),
        (GREY.astype(np.uint16) * 257, GREY[3, 5:6].astype(np.uint16) * 257),
    ],
    ids=["rgb8", "rgb16", "grey8", "grey16"],
)
def test_a_png_with_one_transparent_colour(samples: np.ndarray, key: np.ndarray) -> None:
    chunk = (b"tRNS", key.astype(">u2").tobytes())
    photo = open_image(files.png_bytes(samples, chunk))
    is_key = (samples == key).all(axis=2) if samples.ndim == 3 else samples == key[0]
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.alpha, np.where(is_key, 0, 255))


@pytest.mark.parametrize(("bits", "steps"), [(1, 2), (2, 4), (4, 16)])
def test_the_transparent_grey_of_a_png_of_few_bits(bits: int, steps: int) -> None:
    row = np.arange(8) % steps
    packed = np.packbits(((row[:, None] >> np.arange(bits)[::-1]) & 1).astype(np.uint8)).tobytes()
    header = struct.pack(">IIBBBBB", 8, 1, bits, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"tRNS", struct.pack(">H", 1))]
    chunks += [(b"IDAT", files.zlib.compress(b"\0" + packed)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(files.png_chunk(*chunk) for chunk in chunks)
    photo = open_image(data)
    np.testing.assert_array_equal(photo.rgb[0, :, 0], row * 255 // (steps - 1))
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.alpha[0], np.where(row == 1, 0, 255))


def test_palette_with_alpha_in_a_tiff(odd: dict[str, Path]) -> None:
    assert largest_difference(open_image(odd["palette_alpha.tif"]).rgb, PATTERN) < 160
    translucent = Image.fromarray(PATTERN).quantize(8).convert("PA")
    translucent.putalpha(100)
    photo = open_image(as_file(translucent, "TIFF"))
    assert photo.alpha is not None
    assert (photo.alpha == 100).all()


def test_one_bit_is_black_and_white(odd: dict[str, Path]) -> None:
    np.testing.assert_array_equal(open_image(odd["one_bit.png"]).rgb[..., 0], 255 * (GREY > 127))


@pytest.mark.parametrize(
    "name", ["grey16.png", "grey16.tif", "grey16_big_endian.tif", "grey32.tif", "float.tif"]
)
def test_wide_grey_is_scaled_to_8_bits(odd: dict[str, Path], name: str) -> None:
    ramp = np.linspace(0, 65535, 24 * 16).reshape(16, 24)
    rgb = open_image(odd[name]).rgb
    assert largest_difference(rgb, np.dstack([np.rint(ramp / 257).astype(int)] * 3)) <= 1
    assert (rgb[..., 0] == rgb[..., 2]).all()
    assert rgb.min() == 0
    assert rgb.max() == 255


@pytest.mark.parametrize("name", ["rgb16.png", "rgba16.png", "rgb16.tif"])
def test_16_bit_colour_is_scaled_to_8_bits(odd: dict[str, Path], name: str) -> None:
    photo = open_image(odd[name])
    np.testing.assert_array_equal(photo.rgb, PATTERN)
    if name == "rgba16.png":
        np.testing.assert_array_equal(photo.alpha, PATTERN[..., 0])


def test_a_dark_16_bit_image_stays_dark() -> None:
    dark = np.full((4, 4), 300, np.uint16)
    assert (open_image(files.tiff_bytes(dark)).rgb == 1).all()


def test_16_bits_where_white_is_zero() -> None:
    samples = np.array([[0, 65535]], np.uint16)
    rgb = open_image(files.tiff_bytes(samples, photometric=0)).rgb
    np.testing.assert_array_equal(rgb[0, :, 0], [255, 0])


@pytest.mark.parametrize(
    ("samples", "grey"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 200.0], [0, 100, 200]),
        ([0.0, 257.0, 65535.0], [0, 1, 255]),
        ([-1.0, 0.0, 3.0], [0, 64, 255]),
        ([np.nan, 1.0, 0.0], [0, 255, 0]),
        ([0.0, np.inf, 0.0], [0, 255, 0]),
    ],
    ids=["unit", "8 bits", "16 bits", "own range", "not a number", "infinite"],
)
def test_float_samples_find_their_range(samples: list[float], grey: list[int]) -> None:
    image = Image.fromarray(np.array([samples], np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rgb = open_image(as_file(image, "TIFF")).rgb
    np.testing.assert_array_equal(rgb[0, :, 1], grey)


@pytest.mark.parametrize("name", ["cmyk.tif", "cmyk.jpg", "ycbcr.tif", "jpeg_inside.png"])
def test_other_colour_models_become_rgb(odd: dict[str, Path], name: str) -> None:
    assert largest_difference(open_image(odd[name]).rgb, PATTERN) <= 25


def test_adobe_cmyk_jpeg_is_not_inverted() -> None:
    white = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    data = as_file(white, "JPEG")
    assert b"Adobe" in data
    assert (open_image(data).rgb >= 253).all()


def test_lab_tiff_becomes_rgb() -> None:
    lab = Image.new("LAB", (4, 4), (128, 128, 128))  # L* 50, neutral
    assert largest_difference(open_image(as_file(lab, "TIFF")).rgb, np.full((4, 4, 3), 119)) <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_every_exif_orientation_is_turned_upright(format_name: str, orientation: int) -> None:
    turn_back = {
        1: [],
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = Image.fromarray(np.dstack([PATTERN, GREY]))
    for operation in turn_back[orientation]:
        stored = stored.transpose(operation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = open_image(as_file(stored, format_name, exif=exif))
    np.testing.assert_array_equal(photo.rgb, PATTERN)
    np.testing.assert_array_equal(photo.alpha, GREY)


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 7, 8])
@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_the_size_of_a_header_is_turned_once(
    format_name: str, orientation: int, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo"
    path.write_bytes(as_file(Image.new("RGB", (24, 16)), format_name, exif=exif))
    photo = open_image(path)
    assert header_size(path) == (photo.width, photo.height)
    assert photo.width == (16 if orientation >= 5 else 24)


def test_the_size_of_a_sound_picture_in_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(files.png_bytes(PATTERN, (b"gAMA", b"")))
    assert header_size(path) == (24, 16)
    path.write_text("words")
    with pytest.raises(ImageError, match="a text file"):
        header_size(path)


def test_a_rotated_jpeg_is_turned_and_broken_exif_is_ignored(odd: dict[str, Path]) -> None:
    assert open_image(odd["rotated.jpg"]).rgb.shape == (24, 16, 3)
    assert open_image(odd["broken_exif.jpg"]).rgb.shape == (16, 24, 3)


# ----------------------------------------------------------------------------- colour profiles


def test_display_p3_is_converted_to_srgb() -> None:
    colours = np.array([[[200, 100, 50], [60, 160, 90], [128, 128, 128], [90, 80, 180]]], np.uint8)
    data = as_file(Image.fromarray(colours), "PNG", icc_profile=files.display_p3_profile())
    # Linear Display P3 to linear sRGB, both D65 (from the primaries of SMPTE EG 432-1 and BT.709).
    matrix = np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]])
    encoded = colours / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    linear = (linear @ matrix.T).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    expected = np.rint(encoded * 255)
    assert largest_difference(open_image(data).rgb, expected) <= 2
    assert largest_difference(colours, expected) > 8


def test_an_srgb_profile_changes_no_bit() -> None:
    data = as_file(Image.fromarray(PATTERN), "PNG", icc_profile=files.srgb_profile())
    np.testing.assert_array_equal(open_image(data).rgb, PATTERN)


def test_a_profile_leaves_alpha_alone() -> None:
    image = Image.fromarray(np.dstack([PATTERN, GREY]))
    photo = open_image(as_file(image, "PNG", icc_profile=files.display_p3_profile()))
    np.testing.assert_array_equal(photo.alpha, GREY)
    assert largest_difference(photo.rgb, PATTERN) > 8


def test_a_grey_profile_is_converted_to_srgb() -> None:
    image = Image.new("L", (4, 4), 128)
    linear = open_image(as_file(image, "PNG", icc_profile=files.grey_profile(1.0))).rgb
    assert largest_difference(linear, np.full((4, 4, 3), 188)) <= 1  # half the light


def test_a_grey_profile_in_a_16_bit_image() -> None:
    image = Image.fromarray(np.full((4, 4), 128 * 257, np.uint16))
    linear = open_image(as_file(image, "PNG", icc_profile=files.grey_profile(1.0))).rgb
    assert largest_difference(linear, np.full((4, 4, 3), 188)) <= 1


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF"])
def test_a_cmyk_profile_is_converted_to_srgb(format_name: str) -> None:
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    profile = files.cmyk_profile(full_cyan_lightness=50)
    rgb = open_image(as_file(cyan, format_name, icc_profile=profile)).rgb
    assert largest_difference(rgb, np.full((8, 8, 3), 119)) <= 3  # L* 50, not the naive 0 255 255


@pytest.mark.parametrize(
    "profile",
    [b"\0", b"no profile" * 30, files.display_p3_profile()[:200], files.grey_profile(1.0)],
    ids=["one byte", "text", "cut", "for grey"],
)
def test_a_profile_that_does_not_work_is_ignored(profile: bytes) -> None:
    data = as_file(Image.fromarray(PATTERN), "PNG", icc_profile=profile)
    np.testing.assert_array_equal(open_image(data).rgb, PATTERN)


# ---------------------------------------------------------------------------------- the bad ones


def test_every_bad_file_is_refused_with_one_clear_line(bad: dict[str, Path]) -> None:
    for name, path in bad.items():
        with pytest.raises(ImageError) as caught:
            open_image(path)
        text = str(caught.value)
        assert text.startswith(f"{name}: "), text
        assert "\n" not in text
        assert str(path.parent) not in text


def test_bad_files_are_refused_as_bytes_too(bad: dict[str, Path]) -> None:
    for name, path in bad.items():
        with pytest.raises(ImageError) as caught:
            open_image(path.read_bytes())
        assert str(caught.value).startswith("image: "), name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("truncated.png", "a damaged or truncated PNG"),
        ("truncated.jpg", "a damaged or truncated JPEG"),
        ("wrong_checksum.png", "a damaged or truncated PNG"),
        ("text.png", "a text file"),
        ("page.jpg", "a text file"),
        ("svg.png", "an SVG drawing"),
        ("drawing.svg", "export it as PNG"),
        ("document.png", "a PDF document"),
        ("photo_heic.jpg", "a (HEIC image|damaged or truncated HEIC)"),
        ("empty.png", "0 bytes"),
        ("noise.png", "needed: PNG, JPEG, WebP, TIFF, BMP or GIF"),
    ],
)
def test_the_message_says_what_came(bad: dict[str, Path], name: str, says: str) -> None:
    with pytest.raises(ImageError, match=says):
        open_image(bad[name])


def test_every_refusal_names_its_kind_for_other_languages(bad: dict[str, Path]) -> None:
    for path in bad.values():
        with pytest.raises(ImageError) as caught:
            open_image(path, max_megapixels=4)
        assert caught.value.kind, path
        assert caught.value.values["file"] == path.name


@pytest.mark.parametrize("dtype", ["<f4", "<u4"])
def test_a_sound_file_without_a_decoder_is_not_called_truncated(dtype: str) -> None:
    data = files.tiff_bytes(np.zeros((4, 4, 3), dtype))
    with pytest.raises(ImageError, match="a TIFF file of a kind that is not read here"):
        open_image(data)


def test_the_bomb_is_small_and_refused_by_its_header(bad: dict[str, Path]) -> None:
    assert bad["bomb.png"].stat().st_size == 70
    for limit, shown in ((None, "89"), (4, "4"), (100.5, "100.5")):
        with pytest.raises(ImageTooLargeError, match=f"144 megapixels; at most {shown} are"):
            open_image(bad["bomb.png"], max_megapixels=limit)
    for name in ("bomb.gif", "bomb_in_frame.gif"):
        with pytest.raises(ImageTooLargeError):
            open_image(bad[name])


def test_the_limit_counts_pixels_not_sides() -> None:
    data = as_file(Image.new("L", (200, 100)), "PNG")
    assert open_image(data, max_megapixels=0.02).width == 200
    with pytest.raises(ImageTooLargeError, match="200x100"):
        open_image(data, max_megapixels=0.0199)


def test_bad_files_bring_no_warning_and_no_output(bad: dict[str, Path]) -> None:
    program = (
        "import sys\nfrom sr.base.errors import ImageError\n"
        "from sr.images.reading import open_image\n"
        "for path in sys.argv[1:]:\n    try:\n        open_image(path)\n"
        "    except ImageError:\n        pass\n"
    )
    paths = [str(path) for path in bad.values()]
    run = subprocess.run(
        [sys.executable, "-c", program, *paths],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[4],
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_truncated_images_stay_forbidden() -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_truncation_anywhere_is_an_image_error_or_an_image() -> None:
    image = Image.fromarray(PATTERN)
    for format_name in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"):
        data = as_file(image, format_name)
        for length in range(0, len(data), 17):
            with contextlib.suppress(ImageError):
                assert open_image(data[:length]).rgb.shape == PATTERN.shape


def test_missing_files_folders_and_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file"):
        open_image(tmp_path / "nothing.png")
    with pytest.raises(ImageError, match="a folder, not a file"):
        open_image(tmp_path)
    with pytest.raises(ImageError, match="not a regular file"):
        open_image("/dev/zero")
    with pytest.raises(ImageError, match="cannot be opened"):
        open_image("a\0b.png")
    with pytest.raises(ImageError, match="cannot be opened"):
        open_image("x" * 5000)


def test_a_file_without_permission_is_refused(
    odd: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match="no permission"):
        open_image(odd["plain.bmp"])


# ------------------------------------------------------------------------------------- writing


@pytest.mark.parametrize("alpha", [None, GREY], ids=["opaque", "alpha"])
def test_png_comes_back_bit_for_bit(tmp_path: Path, alpha: np.ndarray | None) -> None:
    save_png(tmp_path / "new" / "a.png", Photo(PATTERN, alpha))
    photo = open_image(tmp_path / "new" / "a.png")
    np.testing.assert_array_equal(photo.rgb, PATTERN)
    if alpha is None:
        assert photo.alpha is None
    else:
        np.testing.assert_array_equal(photo.alpha, alpha)


def test_png_carries_srgb_and_text() -> None:
    text = {"Software": "Nitidez 0.1.0", "Model": "srresnet_x4 (ação)"}
    data = encode_png(Photo(PATTERN), text=text)
    assert data.count(b"iTXt") == 2
    assert 0 < data.index(b"sRGB") < data.index(b"iTXt") < data.index(b"IDAT")
    with Image.open(io.BytesIO(data)) as image:
        assert dict(image.text) == text  # type: ignore[attr-defined]
        assert image.info["srgb"] == 0


def test_compress_level_changes_the_size_alone() -> None:
    fast, small = (encode_png(Photo(PATTERN), compress_level=level) for level in (0, 9))
    assert len(small) < len(fast)
    np.testing.assert_array_equal(open_image(fast).rgb, open_image(small).rgb)


@pytest.mark.parametrize(
    "photo",
    [
        Photo(PATTERN.astype(np.float32)),
        Photo(GREY),
        Photo(np.zeros((0, 4, 3), np.uint8)),
        Photo(PATTERN, GREY[:-1]),
    ],
)
def test_encode_png_refuses_other_arrays(photo: Photo) -> None:
    with pytest.raises(ShapeError, match="needed: "):
        encode_png(photo)


def test_views_of_arrays_are_written(tmp_path: Path) -> None:
    data = encode_png(Photo(PATTERN[::-1, ::2]))
    np.testing.assert_array_equal(open_image(data).rgb, PATTERN[::-1, ::2])


def test_save_png_does_not_overwrite_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    save_png(path, Photo(PATTERN))
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        save_png(path, Photo(PATTERN[:4]))
    assert path.read_bytes() == before
    save_png(path, Photo(PATTERN[:4]), overwrite=True)
    assert open_image(path).height == 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_save_png_leaves_nothing_behind_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sr.base.files.os.replace", fail)
    with pytest.raises(OutputError, match="No space left"):
        save_png(tmp_path / "a.png", Photo(PATTERN))
    assert list(tmp_path.iterdir()) == []


def test_save_png_refuses_other_names_and_folders(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="only PNG"):
        save_png(tmp_path / "a.jpg", Photo(PATTERN))
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="a folder"):
        save_png(tmp_path / "folder.png", Photo(PATTERN), overwrite=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        save_png(tmp_path / "file" / "a.png", Photo(PATTERN))


def test_list_images_is_sorted_and_skips_the_rest(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    for name in ("b.PNG", "a.jpeg", "ção.webp", "notes.txt", ".hidden.png", "deeper/c.tif"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["a.jpeg", "b.PNG", "ção.webp"]
    assert tmp_path / "deeper" / "c.tif" in list_images(tmp_path, recursive=True)
    with pytest.raises(DataError, match="no such folder"):
        list_images(tmp_path / "missing")

"""PNG: colour as browsers count it; what stands beside the picture never costs the picture."""

from __future__ import annotations

import struct
import time
import zlib

import numpy as np
import pytest

from sr.base.errors import ImageError
from sr.formats.png import deep_samples, read_png
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.writing import encode_png
from tests.helpers.bad_images import display_p3_profile, png_bytes, png_chunk
from tests.helpers.phone_photo import PATCHES, chart

CHART = chart()
LIGHT = np.where(CHART <= 10, CHART / 3294.6, ((CHART / 255 + 0.055) / 1.055) ** 2.4)
D65 = (0.3127, 0.3290)
CORNERS = {  # red, green, blue
    "srgb": (0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    "p3": (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    "adobe": (0.64, 0.33, 0.21, 0.71, 0.15, 0.06),
    "bt2020": (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
}


def to_xyz(space: str) -> np.ndarray:
    """From the definition of primaries and white (SMPTE RP 177)."""

    def xyz(x: float, y: float) -> list[float]:
        return [x / y, 1, (1 - x - y) / y]

    corners = CORNERS[space]
    matrix = np.array([xyz(*corners[i : i + 2]) for i in (0, 2, 4)]).T
    return matrix * np.linalg.solve(matrix, xyz(*D65))


def light_in(space: str) -> np.ndarray:
    """Linear light of the chart in another space's primaries."""
    return (LIGHT @ to_xyz("srgb").T @ np.linalg.inv(to_xyz(space)).T).clip(0, 1)


def gama(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(100_000 * value))


def chrm(space: str) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *[round(100_000 * v) for v in (*D65, *CORNERS[space])])


def cicp(*numbers: int) -> tuple[bytes, bytes]:
    return b"cICP", bytes(numbers)


def eight(light: np.ndarray, exponent: float) -> np.ndarray:
    return np.rint(255 * light**exponent).astype(np.uint8)


def sixteen(values: np.ndarray) -> np.ndarray:
    return np.rint(65535 * values).astype(np.uint16)


def srgb_curve(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def pq(nits: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084."""
    power = (nits / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def hlg(scene: np.ndarray) -> np.ndarray:
    """ITU-R BT.2100, the curve of the camera."""
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)


def off_by(data: bytes, expected: np.ndarray = CHART) -> int:
    return int(np.abs(open_image(data).rgb.astype(int) - expected).max())


@pytest.mark.parametrize(
    ("samples", "chunks"),
    [
        (eight(LIGHT, 1 / 2.2), [gama(0.45455)]),
        (eight(LIGHT, 1 / 1.8), [gama(0.55556)]),
        (sixteen(LIGHT), [gama(1)]),
        (eight(light_in("adobe"), 1 / 2.2), [gama(0.45455), chrm("adobe")]),
        (sixteen(light_in("bt2020")), [gama(1), chrm("bt2020")]),
        (sixteen(srgb_curve(light_in("p3"))), [chrm("p3")]),
        (sixteen(srgb_curve(light_in("p3"))), [cicp(12, 13, 0, 1)]),
        (sixteen(light_in("bt2020")), [cicp(9, 8, 0, 1)]),
        (sixteen(pq(203 * light_in("bt2020"))), [cicp(9, 16, 0, 1)]),
    ],
    ids=[
        "gamma",
        "old-mac",
        "linear",
        "adobe",
        "linear-2020",
        "chrm-alone",
        "cicp-p3",
        "cicp-linear",
        "pq",
    ],
)
def test_colours_said_by_numbers_are_converted(
    samples: np.ndarray, chunks: list[tuple[bytes, bytes]]
) -> None:
    assert off_by(png_bytes(samples, *chunks)) <= 1
    assert off_by(png_bytes(samples)) > 2  # as they would look without


def test_hlg_shows_what_the_scene_gave_on_a_screen_of_1000_nits() -> None:
    nits = 203 * light_in("bt2020")
    luminance = nits @ [0.2627, 0.6780, 0.0593]
    scene = nits / 1000 * ((luminance / 1000) ** (1 / 1.2 - 1))[..., None]
    assert off_by(png_bytes(sixteen(hlg(scene)), cicp(9, 18, 0, 1))) <= 1


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([gama(1), (b"sRGB", b"\0")], CHART),
        ([gama(1), cicp(1, 13, 0, 1)], CHART),
        ([gama(1), cicp(99, 13, 0, 1), (b"sRGB", b"\0")], CHART),
        ([gama(1), cicp(1, 13, 1, 1), (b"sRGB", b"\0")], CHART),
        ([gama(0), chrm("srgb")], CHART),
        ([(b"cHRM", bytes(32))], CHART),
        ([gama(1), (b"iCCP", b"x\0\0" + zlib.compress(b"no profile")), (b"sRGB", b"\0")], CHART),
    ],
    ids=[
        "srgb-over-gamma",
        "cicp-over-gamma",
        "unknown-cicp",
        "wrong-matrix",
        "no-gamma",
        "no-corners",
        "bad-icc",
    ],
)
def test_the_first_of_the_four_that_is_usable_counts(
    chunks: list[tuple[bytes, bytes]], expected: np.ndarray
) -> None:
    np.testing.assert_array_equal(open_image(png_bytes(CHART, *chunks)).rgb, expected)


def test_a_profile_counts_before_srgb_and_after_cicp() -> None:
    profile = (b"iCCP", b"p3\0\0" + zlib.compress(display_p3_profile()))
    p3 = np.rint(255 * srgb_curve(light_in("p3"))).astype(np.uint8)
    assert off_by(png_bytes(p3, profile, (b"sRGB", b"\0"), gama(1))) <= 2
    assert off_by(png_bytes(CHART, cicp(1, 13, 0, 1), profile)) == 0


def test_narrow_range_is_stretched() -> None:
    narrow = np.rint(16 + CHART * (219 / 255)).astype(np.uint8)
    assert off_by(png_bytes(narrow, cicp(1, 13, 0, 0))) <= 1


def test_grey_alpha_and_palette_go_the_same_way() -> None:
    grey = eight(LIGHT[..., :1], 1)
    light = np.dstack([grey, grey])
    photo = open_image(png_bytes(light, gama(1)))
    np.testing.assert_array_equal(photo.alpha, grey[..., 0])
    assert off_by(png_bytes(light, gama(1)), CHART[..., :1].repeat(3, axis=2)) <= 8  # of 8 bits
    header = struct.pack(">IIBBBBB", 4, 1, 8, 3, 0, 0, 0)
    colours = eight(LIGHT[::16, ::24].reshape(-1, 3), 1 / 1.8).tobytes()
    chunks = [(b"IHDR", header), gama(0.55556), (b"PLTE", colours)]
    chunks += [(b"IDAT", zlib.compress(b"\0\0\1\2\3")), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    assert off_by(data, PATCHES[None]) <= 1


def test_highlights_beyond_white_are_compressed_and_said() -> None:
    nits = np.geomspace(1, 4000, 64)[None, :, None].repeat(3, axis=2)
    photo = open_image(png_bytes(sixteen(pq(nits)), cicp(9, 16, 0, 1)))
    assert [note.kind for note in photo.notes] == ["tone_mapped"]
    levels = photo.rgb[0, :, 0].astype(int)
    assert (np.diff(levels) >= 0).all()
    assert levels[-1] == 255
    assert len(set(levels[nits[0, :, 0] > 203])) >= 10  # bright parts keep their drawing
    dark = nits[0, :, 0] < 0.7 * 203
    expected = np.rint(255 * srgb_curve(nits[0, :, 0] / 203))
    assert np.abs(levels - expected)[dark].max() <= 1
    within = open_image(png_bytes(sixteen(pq(nits / 20)), cicp(9, 16, 0, 1)))
    assert within.notes == ()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_are_read_exactly_and_rounded_once(channels: int) -> None:
    samples = np.random.default_rng(0).integers(0, 65536, (7, 5, channels), dtype=np.uint16)
    data = png_bytes(samples if channels > 1 else samples[..., 0])
    np.testing.assert_array_equal(deep_samples(read_png(data)), samples)
    photo = open_image(data)
    colours = samples[..., : channels - 1 if channels in (2, 4) else channels]
    np.testing.assert_array_equal(photo.rgb, np.rint(colours / 257) + np.zeros((1, 1, 3)))


# ----------------------------------------------------------------------- beside the picture

PICTURE = np.random.default_rng(1).integers(0, 256, (9, 11, 3), dtype=np.uint8)
WHOLE = png_bytes(PICTURE)


def with_chunk(name: bytes, body: bytes, *, is_sound: bool = True) -> bytes:
    chunk = png_chunk(name, body)
    return WHOLE[:33] + (chunk if is_sound else chunk[:-4] + b"\0\0\0\0") + WHOLE[33:]


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (with_chunk(b"tEXt", b"Comment\0hello", is_sound=False), ["bad_chunk"]),
        (with_chunk(b"gAMA", gama(1)[1], is_sound=False), ["bad_chunk"]),
        (with_chunk(b"tRNS", bytes(6), is_sound=False), ["bad_chunk"]),
        (with_chunk(b"pHYs", b"\0"), ["bad_chunk"]),
        (with_chunk(b"iCCP", b""), ["bad_chunk"]),
        (with_chunk(b"sRGB", b""), ["bad_chunk"]),
        (with_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(3_000_000))), ["long_profile"]),
        (with_chunk(b"tEXt", b"workflow\0" + b"x" * 3_000_000), ["long_text"]),
        (with_chunk(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(3_000_000))), ["long_text"]),
        (
            with_chunk(b"iTXt", b"XML\0\1\0\0\0" + zlib.compress(b" " * 3_000_000)),
            ["long_text"],
        ),
        (with_chunk(b"tEXt", b""), []),
        (with_chunk(b"zTXt", b"a\0\0not zlib"), []),
        (with_chunk(b"abCd", bytes(99)), []),
        (WHOLE[:33] + png_chunk(b"tEXt", b"k\0" + b"v" * 70_000) * 1100 + WHOLE[33:], []),
        (WHOLE + b"appended by a phone" * 40, []),
        (WHOLE[:-12], ["no_end"]),
        (WHOLE[:-5], ["no_end"]),
        (WHOLE[:-16], ["no_end"]),
    ],
)
def test_a_sound_picture_is_kept_and_what_was_left_out_is_said(
    data: bytes, kinds: list[str]
) -> None:
    photo = open_image(data)
    np.testing.assert_array_equal(photo.rgb, PICTURE)
    assert [note.kind for note in photo.notes] == kinds
    assert all(str(note) for note in photo.notes)


@pytest.mark.parametrize("cut", [180, 60, 30])
def test_a_picture_that_is_cut_stays_refused(cut: int) -> None:
    with pytest.raises(ImageError, match="damaged or truncated PNG"):
        open_image(WHOLE[:-cut])


@pytest.mark.parametrize("name", [b"IHDR", b"IDAT"])
def test_a_wrong_checksum_of_the_picture_itself_stays_refused(name: bytes) -> None:
    at = WHOLE.index(name) - 4
    end = at + 12 + int.from_bytes(WHOLE[at : at + 4], "big")
    with pytest.raises(ImageError, match="damaged or truncated PNG"):
        open_image(WHOLE[: end - 1] + bytes([WHOLE[end - 1] ^ 1]) + WHOLE[end:])


@pytest.mark.parametrize("chunk", [b"zTXt", b"iCCP"])
def test_what_inflates_without_end_is_left_out_fast(chunk: bytes) -> None:
    data = with_chunk(chunk, b"a\0\0" + zlib.compress(bytes(300_000_000)))
    start = time.perf_counter()
    np.testing.assert_array_equal(open_image(data).rgb, PICTURE)
    assert time.perf_counter() - start < 1


def test_what_is_written_is_srgb_and_says_so() -> None:
    written = read_png(encode_png(Photo(CHART)))
    assert written.beside == {b"sRGB": b"\0"}
    assert written.notes == ()

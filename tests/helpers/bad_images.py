"""Odd but valid images, and files that only pretend to be images, made when a test needs them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
BOMB_SIDE_PX = 12_000


def colour_pattern(width: int, height: int) -> np.ndarray:
    """(H, W, 3) uint8, smooth, different in every corner."""
    x = np.linspace(0, 255, width)[None, :]
    y = np.linspace(0, 255, height)[:, None]
    red, green, blue = x + 0 * y, y + 0 * x, (255 - x / 2) - y / 2
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)


# ----------------------------------------------------------------------------- the odd and valid


def odd_images(folder: Path) -> dict[str, Path]:
    """Valid images that trip up careless programs; name -> file. All must open."""
    folder.mkdir(parents=True, exist_ok=True)
    pattern = colour_pattern(24, 16)
    image = Image.fromarray(pattern)
    grey = image.convert("L")
    ramp = np.linspace(0, 65535, 24 * 16).reshape(16, 24)

    image.resize((1, 1)).save(folder / "one_pixel.png")
    image.resize((3, 48)).save(folder / "3x48.png")
    image.resize((20_000, 3)).save(folder / "20000x3.png")

    frames = [Image.new("RGB", (24, 16), colour) for colour in (RED, GREEN, BLUE)]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:], duration=50)
    clear = Image.new("P", (24, 16), 0)
    clear.putpalette([0, 0, 0, *RED])
    clear.paste(1, (0, 0, 12, 16))
    clear.save(folder / "transparent.gif", transparency=0)
    clear.save(folder / "palette_transparent.png", transparency=bytes([0, 128]))

    image.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    image.convert("CMYK").save(folder / "cmyk.tif")
    grey.point(lambda value: 255 * (value > 127), "1").save(folder / "one_bit.png")
    grey.save(folder / "grey.jpg", quality=95)
    Image.merge("LA", [grey, grey]).save(folder / "grey_alpha.png")
    Image.merge("RGBA", [*image.split(), grey]).save(folder / "alpha.webp", lossless=True)
    image.quantize(8).convert("PA").save(folder / "palette_alpha.tif")
    image.convert("YCbCr").save(folder / "ycbcr.tif", compression="jpeg")
    image.save(folder / "plain.bmp")
    image.save(folder / "plain.webp", lossless=True)

    Image.fromarray(ramp.astype("<u2")).save(folder / "grey16.png")
    Image.fromarray(ramp.astype("<u2")).save(folder / "grey16.tif")
    (folder / "grey16_big_endian.tif").write_bytes(tiff_bytes(ramp.astype(">u2")))
    Image.fromarray(ramp.astype(np.int32)).save(folder / "grey32.tif")
    Image.fromarray((ramp / 65535).astype(np.float32)).save(folder / "float.tif")
    wide = pattern.astype(np.uint16) * 257
    (folder / "rgb16.png").write_bytes(png_bytes(wide))
    (folder / "rgba16.png").write_bytes(png_bytes(np.dstack([wide, wide[..., :1]])))
    (folder / "rgb16.tif").write_bytes(tiff_bytes(wide.astype("<u2")))

    image.save(folder / "jpeg_inside.png", "JPEG", quality=95)
    image.save(folder / "png_inside.jpg", "PNG")
    image.save(folder / "no_suffix", "PNG")
    image.save(folder / "férias em São João nº 1.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(folder / "rotated.jpg", exif=exif, quality=95)
    image.save(folder / "broken_exif.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff", quality=95)
    image.save(folder / "display_p3.png", icc_profile=display_p3_profile())
    image.save(folder / "broken_profile.png", icc_profile=b"not a profile at all" * 10)
    return {path.name: path for path in sorted(folder.iterdir())}


# -------------------------------------------------------------------------------- the bad ones


def bad_images(folder: Path) -> dict[str, Path]:
    """Files that must be refused with a clear message; name -> file."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(5).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    contents: dict[str, bytes] = {}
    for suffix, format_name in (
        ("png", "PNG"),
        ("jpg", "JPEG"),
        ("webp", "WEBP"),
        ("tif", "TIFF"),
        ("bmp", "BMP"),
        ("gif", "GIF"),
    ):
        buffer = io.BytesIO()
        image.save(buffer, format_name)
        contents[f"truncated.{suffix}"] = buffer.getvalue()[: len(buffer.getvalue()) // 2]
    whole = png_bytes(noise)
    contents["header_only.png"] = whole[:33]
    contents["wrong_checksum.png"] = whole[:60] + bytes([whole[60] ^ 255]) + whole[61:]
    contents["signature_only.jpg"] = b"\xff\xd8\xff\xe0"
    contents["text.png"] = "Isto é um texto, não uma imagem.\n".encode() * 40
    contents["svg.png"] = SVG
    contents["drawing.svg"] = SVG
    contents["page.jpg"] = b"<!doctype html><title>404</title><p>Not found"
    contents["document.png"] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"
    contents["photo_heic.jpg"] = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
    contents["empty.png"] = b""
    contents["noise.png"] = np.random.default_rng(6).bytes(500)
    contents["bomb.png"] = bomb()
    contents["bomb.gif"] = b"GIF89a" + struct.pack("<HHBBB", 60_000, 60_000, 0, 0, 0) + GIF_FRAME
    contents["bomb_in_frame.gif"] = (
        b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0) + GIF_FRAME.replace(GIF_SIZE, GIF_HUGE)
    )
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in contents}


SVG = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9"/></svg>\n'
)
GIF_SIZE = struct.pack("<HHHH", 0, 0, 1, 1)
GIF_HUGE = struct.pack("<HHHH", 0, 0, BOMB_SIDE_PX, BOMB_SIDE_PX)
GIF_FRAME = b"," + GIF_SIZE + b"\x80\0\0\0\xff\xff\xff\x02\x02\x44\x01\0;"


def bomb() -> bytes:
    """A PNG of 144 megapixels in 70 bytes."""
    header = struct.pack(">IIBBBBB", BOMB_SIDE_PX, BOMB_SIDE_PX, 8, 2, 0, 0, 0)
    data = zlib.compress(b"bomb!", 0)[:13]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(kind, body) for kind, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


# ------------------------------------------------- files that Pillow cannot write, byte by byte


def png_chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def inflating_png(chunk: bytes) -> bytes:
    """A small PNG whose metadata chunk (zTXt or iCCP) inflates to 50 MB."""
    pixels = np.zeros((4, 4, 3), np.uint8)
    return png_bytes(pixels, (chunk, b"a\0\0" + zlib.compress(bytes(50_000_000))))


def png_bytes(samples: np.ndarray, *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG of (H, W, 3 or 4) or (H, W) samples, uint8 or uint16, with extra chunks."""
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    bits = 8 * samples.dtype.itemsize
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    big_endian = samples.astype(f">u{bits // 8}")
    rows = b"".join(b"\0" + row.tobytes() for row in big_endian)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks)


def tiff_bytes(samples: np.ndarray, *, photometric: int | None = None) -> bytes:
    """An uncompressed TIFF of (H, W) or (H, W, 3) samples, in the samples' own byte order."""
    order = samples.dtype.str[0]
    order = order if order in "<>" else "<"
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    if photometric is None:
        photometric = 1 if channels == 1 else 2
    bits = 8 * samples.dtype.itemsize
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric), (273, 0)]
    tags += [(277, channels), (278, height), (279, samples.nbytes)]
    extra_at = 8 + 2 + 12 * len(tags) + 4
    extra = struct.pack(f"{order}{channels}H", *[bits] * channels) if channels > 1 else b""
    data_at = extra_at + len(extra)
    directory = struct.pack(f"{order}H", len(tags))
    for tag, value in tags:
        if tag == 258 and channels > 1:
            directory += struct.pack(f"{order}HHII", tag, 3, channels, extra_at)
        else:
            directory += struct.pack(f"{order}HHII", tag, 4, 1, data_at if tag == 273 else value)
    directory += struct.pack(f"{order}I", 0)
    signature = b"II*\0" if order == "<" else b"MM\0*"
    return signature + struct.pack(f"{order}I", 8) + directory + extra + samples.tobytes()


# --------------------------------------------------------------------------- colour profiles


def icc_profile(kind: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC version 2 profile of these tags."""
    tags = {b"wtpt": xyz_tag(0.9642, 1.0, 0.8249), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    body_at = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += name + struct.pack(">II", body_at + len(body), len(data))
        body += padded
    header = struct.pack(
        ">I4sI4s4s4s12s4s", body_at + len(body), b"\0" * 4, 0x02400000, kind, space, pcs,
        struct.pack(">6H", 2026, 1, 1, 0, 0, 0), b"acsp",
    )  # fmt: skip
    header += bytes(68 - len(header)) + struct.pack(">3i", *fixed(0.9642, 1.0, 0.8249))
    return header + bytes(128 - len(header)) + table + body


def fixed(*values: float) -> list[int]:
    return [round(value * 65536) for value in values]


def xyz_tag(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *fixed(*values))


def gamma_tag(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def srgb_curve_tag() -> bytes:
    x = np.linspace(0, 1, 1024)
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return (
        b"curv\0\0\0\0" + struct.pack(">I", 1024) + (linear * 65535).round().astype(">u2").tobytes()
    )


def rgb_profile(red: tuple, green: tuple, blue: tuple) -> bytes:
    """A display with these primaries (XYZ under D50) and sRGB's curve."""
    curve = srgb_curve_tag()
    tags = {b"rXYZ": xyz_tag(*red), b"gXYZ": xyz_tag(*green), b"bXYZ": xyz_tag(*blue)}
    return icc_profile(
        b"mntr", b"RGB ", b"XYZ ", tags | {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    )


def display_p3_profile() -> bytes:
    return rgb_profile(
        (0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841)
    )


def srgb_profile() -> bytes:
    return rgb_profile((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))


def grey_profile(gamma: float) -> bytes:
    return icc_profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": gamma_tag(gamma)})


def cmyk_profile(full_cyan_lightness: int) -> bytes:
    """A printer whose cyan is really a neutral grey of this L*, and whose other inks are black."""
    identity = bytes(range(256))
    corners = b""
    for index in range(16):  # cyan changes slowest, black fastest
        lightness = 100 if index == 0 else full_cyan_lightness if index == 8 else 0
        corners += bytes([round(lightness * 2.55), 128, 128])
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0])
    lut += struct.pack(">9i", *fixed(1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut += identity * 4 + corners + identity * 3
    return icc_profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut})

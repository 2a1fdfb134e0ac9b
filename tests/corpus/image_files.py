"""Hostile and odd image files: every mode and format, damaged ones, bombs, and files in disguise.

``files()`` gives (name, bytes, what is expected): ``[h, w, c]``, a part of the sentence, or
``EITHER`` where damage may or may not matter.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from PIL import Image

EITHER = "either"
NOT_AN_IMAGE = "not an image that can be shown"
DAMAGED = "damaged"
TOO_LARGE = "more than 100 megapixels"
EMPTY = "is empty"

Expectation = str | list[int]
_H, _W = 24, 37


@lru_cache(maxsize=1)
def _photo() -> Image.Image:
    rng = np.random.default_rng(0)
    smooth = rng.uniform(0, 255, (4, 5, 3)).astype(np.uint8)
    return Image.fromarray(smooth).resize((_W, _H), Image.Resampling.BICUBIC)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def good_ones() -> Iterator[tuple[str, bytes, Expectation]]:
    colour, grey = [_H, _W, 3], [_H, _W, 1]
    photo = _photo()
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"):
        yield f"{kind} colour", saved(photo, kind), colour
        yield (
            f"{kind} grey",
            saved(photo.convert("L"), kind),
            EITHER if kind in ("WEBP", "GIF") else grey,
        )
    for mode in ("1", "P", "LA", "PA", "RGBA", "I", "I;16"):
        for kind in ("PNG", "TIFF"):
            try:
                data = saved(
                    photo.convert("L").convert(mode) if mode[0] == "I" else (photo.convert(mode)),
                    kind,
                )
            except (OSError, ValueError, KeyError):
                continue  # Pillow does not write this mode in this format
            expected = colour if mode in ("P", "PA", "RGBA") else grey
            yield f"{kind} {mode}", data, expected
    for mode in ("CMYK", "YCbCr", "LAB", "F"):
        data = saved(
            photo.convert("L").convert("F") if mode == "F" else photo.convert(mode), "TIFF"
        )
        yield f"TIFF {mode}", data, grey if mode == "F" else colour
    yield "JPEG CMYK", saved(photo.convert("CMYK"), "JPEG"), colour
    yield "JPEG progressive", saved(photo, "JPEG", progressive=True), colour
    yield "JPEG with rotation", saved(photo, "JPEG", exif=_turned(6)), [_W, _H, 3]
    yield "PNG with rotation", saved(photo, "PNG", exif=_turned(8)), [_W, _H, 3]
    yield "PNG interlaced text", saved(photo, "PNG", pnginfo=_text()), colour
    for compression in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        yield f"TIFF {compression}", saved(photo, "TIFF", compression=compression), colour
    frames = [photo.rotate(a) for a in range(5)]
    yield "GIF animated", saved(photo, "GIF", save_all=True, append_images=frames), colour
    yield "WEBP animated", saved(photo, "WEBP", save_all=True, append_images=frames), colour
    yield "PNG animated", saved(photo, "PNG", save_all=True, append_images=frames), colour
    yield "TIFF of pages", saved(photo, "TIFF", save_all=True, append_images=frames), colour
    yield "one pixel", saved(photo.resize((1, 1)), "PNG"), [1, 1, 3]
    yield "one row", saved(photo.resize((3000, 1)), "PNG"), [1, 3000, 3]
    yield "one column", saved(photo.resize((1, 3000)), "PNG"), [3000, 1, 3]
    yield "very wide", saved(photo.resize((9000, 9)), "PNG"), [4, 4096, 3]
    yield "black", saved(Image.new("RGB", (9, 9)), "PNG"), [9, 9, 3]
    yield "wholly transparent", saved(Image.new("RGBA", (9, 9)), "PNG"), [9, 9, 3]
    yield "JPEG with rubbish behind it", saved(photo, "JPEG") + b"<script>" * 50, colour
    yield "PNG with a zip behind it", saved(photo, "PNG") + b"PK\x05\x06" + bytes(18), colour
    yield "with a profile that is none", saved(photo, "JPEG", icc_profile=b"x" * 5000), colour


def _turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _text() -> object:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "<img src=x onerror=alert(1)>", zip=True)
    return info


def bombs() -> Iterator[tuple[str, bytes, Expectation]]:
    """Small files that say or become something enormous."""
    for side in (20_000, 60_000, 2**31 - 1):
        yield f"PNG of {side} pixels a side", _png(side, side, b""), TOO_LARGE
    yield "PNG of 100 million columns", _png(100_000_001, 1, b""), TOO_LARGE
    yield "PNG full of zeros", _png(20_000, 20_000, zlib.compress(bytes(10**7))), TOO_LARGE
    for name, start, place, form in (
        ("BMP", saved(_photo(), "BMP"), 18, "<ii"),
        ("GIF", saved(_photo(), "GIF"), 6, "<HH"),
    ):
        data = bytearray(start)
        struct.pack_into(form, data, place, 60_000, 60_000)
        yield f"{name} of 60,000 pixels a side", bytes(data), TOO_LARGE
    comment = b"tEXt" + b"Comment\0" + b"x" * 5_000_000
    yield "PNG with a comment of 5 MB", _with_chunk(comment), EITHER
    squeezed = b"zTXt" + b"Comment\0\0" + zlib.compress(bytes(300_000_000), 9)
    yield "PNG with a comment that inflates to 300 MB", _with_chunk(squeezed), EITHER
    profile = b"iCCP" + b"x\0\0" + zlib.compress(bytes(300_000_000), 9)
    yield "PNG with a profile that inflates to 300 MB", _with_chunk(profile), EITHER
    scan = saved(_photo().resize((8, 8)), "JPEG", progressive=True)
    start = scan.index(b"\xff\xda")
    yield "JPEG of 2,000 passes", scan[:start] + scan[start:-2] * 2000 + scan[-2:], DAMAGED
    tiff = bytearray(saved(_photo(), "TIFF"))
    yield "TIFF that refers to itself", bytes(tiff[:4] + struct.pack("<I", 4) + tiff[8:]), EITHER
    yield "zeros", bytes(1_000_000), NOT_AN_IMAGE


def _png(width: int, height: int, data: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [b"IHDR" + header, b"IDAT" + data, b"IEND"]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(body: bytes) -> bytes:
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _with_chunk(body: bytes) -> bytes:
    data = saved(_photo(), "PNG")
    return data[:33] + _chunk(body) + data[33:]


def disguises() -> Iterator[tuple[str, bytes, Expectation]]:
    """Whatever else people, or programs, take for an image."""
    yield "nothing", b"", EMPTY
    for name, data in (
        ("text", b"hello " * 100),
        ("HTML", b"<html><script>alert(1)</script></html>"),
        ("SVG", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        (
            "SVG with an entity",
            b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>',
        ),
        ("PDF", b"%PDF-1.7\n" + b"x" * 100),
        ("PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage"),
        ("zip", b"PK\x03\x04" + bytes(100)),
        ("ELF", b"\x7fELF" + bytes(100)),
        ("pickle", b"\x80\x04\x95\x1a" + bytes(20)),
        ("NumPy", b"\x93NUMPY\x01\x00" + bytes(100)),
        ("shell", b"#!/bin/sh\nrm -rf /\n"),
        ("FITS", b"SIMPLE  =                    T" + b" " * 50),
        ("PPM", b"P6\n2 2\n255\n" + bytes(12)),
        ("PSD", b"8BPS\x00\x01" + bytes(50)),
        ("ICO", b"\x00\x00\x01\x00\x01\x00" + bytes(50)),
        ("DDS", b"DDS " + bytes(130)),
        ("MP4", b"\x00\x00\x00\x18ftypmp42" + bytes(50)),
        ("WAV", b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(50)),
        ("MVG", b"push graphic-context\nimage over 0,0 0,0 'ephemeral:/etc/passwd'"),
        ("Photoshop EPS", b"\xc5\xd0\xd3\xc6" + bytes(50)),
    ):
        yield f"{name} as an image", data, NOT_AN_IMAGE
    for name, start in (
        ("PNG", b"\x89PNG\r\n\x1a\n"),
        ("JPEG", b"\xff\xd8\xff"),
        ("GIF", b"GIF89a"),
    ):
        yield f"only the first bytes of {name}", start, EITHER


def damaged() -> Iterator[tuple[str, bytes, Expectation]]:
    rng = np.random.default_rng(1)
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"):
        data = saved(_photo(), kind)
        for part in (0.3, 0.6, 0.9):
            yield f"{kind}, {part:.0%} of it", data[: int(len(data) * part)], EITHER
        for count in (1, 4, 16, 64):
            changed = bytearray(data)
            for place in rng.integers(8, len(changed), count):
                changed[place] = rng.integers(0, 256)
            yield f"{kind}, {count} bytes changed", bytes(changed), EITHER


def files() -> Iterator[tuple[str, bytes, Expectation]]:
    """All of them: name, content, expectation."""
    for group in (good_ones, bombs, disguises, damaged):
        yield from group()

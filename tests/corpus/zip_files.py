"""Hostile and odd zips that are brought as data sets.

``files()`` gives (name, bytes, what is expected): a dict (class → images in all splits) that has to
come out, a part of the sentence, or ``EITHER`` where damage may or may not matter.
"""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from PIL import Image

EITHER = "either"
NOT_A_ZIP = "not a zip file"
POINTS_OUT = "points out of it"
LINK = "has a link in it"
PASSWORD = "has a password"
TOO_MUCH = "too much"
CLASSES = "folders of images; at least two are needed"

Expectation = str | dict[str, int]


@lru_cache(maxsize=64)
def picture(shade: int = 0, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), shade % 256, np.uint8)).save(out, kind)
    return out.getvalue()


def packed(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name)  # dated 1980: every byte is the same each time
            entry.compress_type = compression
            archive.writestr(entry, data)
    return out.getvalue()


def folders(count: int = 4, names: tuple[str, ...] = ("cat", "dog"), top: str = "") -> dict:
    return {
        f"{top}{name}/{i}.png": picture(20 * i + 100 * c)
        for c, name in enumerate(names)
        for i in range(count)
    }


def with_more(name: str, data: bytes = b"x") -> bytes:
    return packed(folders() | {name: data})


_GOOD = {"cat": 4, "dog": 4}


def good_ones() -> Iterator[tuple[str, bytes, Expectation]]:
    yield "flat folders", packed(folders()), _GOOD
    yield "deflated", packed(folders(), zipfile.ZIP_DEFLATED), _GOOD
    yield "inside one more folder", packed(folders(top="pets/")), _GOOD
    for top in ("train/", "Train/", "training/", "TRAINING/"):
        yield f"in {top}", packed(folders(top=top) | folders(top="test/")), {"cat": 8, "dog": 8}
    for split in ("val", "valid", "validation", "Validation"):
        both = folders(top="train/") | folders(top=f"{split}/")
        yield f"with {split}", packed(both), {"cat": 8, "dog": 8}
    for litter in (
        "__MACOSX/cat/._0.png",
        "cat/.DS_Store",
        "cat/Thumbs.db",
        "cat/desktop.ini",
        ".git/config",
    ):
        yield f"with {litter}", with_more(litter), _GOOD
    for other in ("cat/notes.txt", "cat/movie.mp4", "cat/evil.exe", "cat/page.html", "cat/a.svg"):
        yield f"with {other}", with_more(other), _GOOD
    yield "with an empty file", with_more("cat/empty.png", b""), _GOOD
    yield "with half an image", with_more("cat/half.png", picture()[:40]), _GOOD
    yield "with a zip inside", with_more("cat/more.zip", packed(folders())), _GOOD
    yield (
        "wrong extension",
        packed({k.replace(".png", ".txt"): v for k, v in folders().items()}),
        (EITHER),
    )
    yield "upper case", packed({k.replace(".png", ".PNG"): v for k, v in folders().items()}), _GOOD
    yield "numbered folders", packed(folders(names=("1", "2", "10"))), {"1": 4, "2": 4, "10": 4}
    yield "spaces and signs", packed(folders(names=("a b", "c'd\"e"))), {"a b": 4, "c'd\"e": 4}
    for name in ("<script>alert(1)</script>", "=1+1", "{0.__class__}", "%s%n", "a\tb", "\u202eabc"):
        yield f"class {name!a}", packed(folders(names=("cat", name))), EITHER
    yield "Chinese", packed(folders(names=("猫", "狗"))), {"猫": 4, "狗": 4}
    for code in ("gbk", "utf-8"):
        yield f"Chinese in {code} without the flag", _coded(("猫", "狗"), code), {"猫": 4, "狗": 4}
    yield "windows separators", _renamed(lambda n: n.replace("/", "\\")), _GOOD
    yield "long names", packed(folders(names=("c" * 200, "d" * 200))), EITHER
    yield "rubbish before it", b"x" * 500 + packed(folders()), EITHER


def _renamed(change: object) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in folders().items():
            info = zipfile.ZipInfo("x")
            info.filename = change(name)  # set later: the constructor would turn separators
            archive.writestr(info, data)
    return out.getvalue()


def escaping() -> Iterator[tuple[str, bytes, Expectation]]:
    for name in (
        "../evil.png",
        "../../../../etc/cron.d/evil",
        "cat/../../evil.png",
        "cat/../../../root/.bashrc",
        "..\\evil.png",
        "cat\\..\\..\\evil.png",
        "/etc/passwd",
        "/evil.png",
        "//server/share/evil.png",
        "C:/evil.png",
        "C:\\Windows\\evil.png",
        "c:evil.png",
        "\\\\server\\share\\evil.png",
        "./../evil.png",
        "cat/..",
        "..",
    ):
        yield f"entry {name!a}", with_more(name), POINTS_OUT
    for target in ("/etc/passwd", "../../secret", "cat"):
        out = io.BytesIO(packed(folders()))
        link = zipfile.ZipInfo("cat/link.png")
        link.external_attr = 0o120777 << 16
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr(link, target)
        yield f"link to {target}", out.getvalue(), LINK


def bombs() -> Iterator[tuple[str, bytes, Expectation]]:
    zeros = bytes(60_000_000)
    yield (
        "60 MB of zeros",
        packed({"cat/a.png": zeros, "dog/b.png": zeros}, zipfile.ZIP_DEFLATED),
        (TOO_MUCH),
    )
    lying = bytearray(packed({"cat/a.png": zeros} | folders(), zipfile.ZIP_DEFLATED))
    for signature, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", lying, lying.index(signature) + place, 100)
    yield "says 100 bytes, is 60 MB", bytes(lying), _GOOD
    huge = bytearray(packed(folders()))
    struct.pack_into("<I", huge, huge.index(b"PK\x01\x02") + 24, 0xFFFFFFF0)
    yield "says four gigabytes", bytes(huge), TOO_MUCH
    yield (
        "inner zip bomb",
        with_more("cat/b.zip", packed({"x": zeros}, zipfile.ZIP_DEFLATED)),
        _GOOD,
    )
    for kind, name in ((zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")):
        yield f"{name} of zeros", packed({"cat/a.png": zeros, "dog/b.png": zeros}, kind), EITHER
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = io.BytesIO(packed(folders()))
        with zipfile.ZipFile(out, "a") as archive:
            for _ in range(50):
                archive.writestr("cat/0.png", picture(9))
    yield "the same entry fifty times", out.getvalue(), EITHER
    deep = packed({"/".join(["d"] * 3000) + "/a.png": picture()} | folders())
    yield "3,000 folders deep", deep, EITHER
    yield (
        "a thousand and one classes",
        packed({f"c{i}/0.png": picture(i % 256) for i in range(1001)}),
        EITHER,
    )


def nothing_to_learn() -> Iterator[tuple[str, bytes, Expectation]]:
    yield "empty file", b"", NOT_A_ZIP
    yield "text", b"hello", NOT_A_ZIP
    yield "image", picture(), NOT_A_ZIP
    yield "tar", b"cat/0.png" + bytes(600), NOT_A_ZIP
    yield "rar", b"Rar!\x1a\x07\x01\x00" + bytes(100), NOT_A_ZIP
    yield "seven-zip", b"7z\xbc\xaf\x27\x1c" + bytes(100), NOT_A_ZIP
    yield "gzip", b"\x1f\x8b\x08" + bytes(100), NOT_A_ZIP
    yield "zip of nothing", packed({}), CLASSES
    yield "zip of images without folders", packed({"a.png": picture(), "b.png": picture()}), CLASSES
    yield "one class", packed(folders(names=("cat",))), CLASSES
    yield "zip of text", packed({"cat/a.txt": b"x", "dog/b.txt": b"y"}), EITHER
    yield "an empty class", packed(folders(names=("cat",)) | {"dog/": b""}), EITHER
    yield "one image a class", packed(folders(1)), EITHER
    locked = bytearray(packed(folders()))
    for signature, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = 0
        while (start := locked.find(signature, start)) >= 0:
            locked[start + place] |= 1
            start += 4
    yield "password", bytes(locked), PASSWORD


def damaged() -> Iterator[tuple[str, bytes, Expectation]]:
    data = packed(folders(), zipfile.ZIP_DEFLATED)
    for part in (0.2, 0.5, 0.8, 0.99):
        yield f"{part:.0%} of it", data[: int(len(data) * part)], NOT_A_ZIP
    rng = np.random.default_rng(2)
    for count in range(1, 17):
        changed = bytearray(data)
        for place in rng.integers(0, len(changed), count):
            changed[place] = rng.integers(0, 256)
        yield f"{count} bytes changed", bytes(changed), EITHER


def odd_names() -> Iterator[tuple[str, bytes, Expectation]]:
    """Names that file systems, programs or people stumble over: here they are text."""
    for words, code in (
        (("貓", "狗"), "big5"),
        (("猫", "犬"), "cp932"),
        (("Vögel", "Mäuse"), "cp437"),
        (("señor", "niño"), "cp437"),
    ):
        expected = dict.fromkeys(words, 4)
        yield f"names in {code}: {words[0]}", _coded(words, code), expected
    for pair in (("CON", "NUL"), ("cat ", "dog."), ("Cat", "cat"), ("a" * 79, "b" * 79)):
        expected = {name.strip(): 4 for name in pair}
        yield f"classes {pair[0][:9]!r} and {pair[1][:9]!r}", packed(folders(names=pair)), expected
    for name in (
        "a\0b",
        "\ud800",
        "\x1b[2J",
        "a\u2066b",
        "🐈",
        "e\u0301",
        "%2e%2e",
        "${HOME}",
        "~",
        "-rf",
    ):
        try:
            data = packed(folders(names=("cat", name)))
        except UnicodeEncodeError:
            continue  # no zip can hold it
        yield f"class called {ascii(name)}", data, EITHER
    for kind, name in ((0o010777, "pipe"), (0o020777, "device"), (0o140777, "socket")):
        out = io.BytesIO(packed(folders()))
        entry = zipfile.ZipInfo("cat/strange.png")
        entry.external_attr = kind << 16
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr(entry, picture(3))
        yield f"an entry that is a {name}", out.getvalue(), {"cat": 5, "dog": 4}
    twice = bytearray(packed(folders()))
    where = [i for i in range(len(twice)) if twice.startswith(b"PK\x01\x02", i)]
    for place in where[1:]:
        twice[place + 42 : place + 46] = twice[where[0] + 42 : where[0] + 46]
    yield "entries that all lie in one place", bytes(twice), EITHER
    out = io.BytesIO(packed(folders()))
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"PK\x05\x06" * 9_000
    yield "a comment full of ends", out.getvalue(), EITHER
    yield "a zip behind a zip", packed(folders(names=("a", "b"))) + packed(folders()), _GOOD
    large = folders()
    large["cat/large.png"] = picture() + bytes(65 << 20)
    yield "one file of 65 MB", packed(large), _GOOD


def _coded(words: tuple[str, ...], code: str) -> bytes:
    """Names in another code whose packer knows no UTF-8 flag."""
    lengths = [len(word.encode(code)) for word in words]
    stand_ins = {w: x * n for w, x, n in zip(words, "AB", lengths, strict=True)}
    data = packed(folders(names=tuple(stand_ins.values())))
    for word, stand_in in stand_ins.items():
        data = data.replace(stand_in.encode() + b"/", word.encode(code) + b"/")
    return data


def files() -> Iterator[tuple[str, bytes, Expectation]]:
    """All of them: name, content, expectation."""
    for group in (good_ones, escaping, bombs, nothing_to_learn, odd_names, damaged):
        yield from group()

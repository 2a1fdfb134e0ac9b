"""Zips that mean harm are refused before anything is unpacked."""

import io
import stat
import struct
import zipfile

import numpy as np
import pytest

from cnnviz.datasets import zips
from cnnviz.datasets.zips import read_zip
from cnnviz.errors import BadDataset
from tests.datasets.pictures import flat, packed, picture


@pytest.mark.parametrize(
    "name",
    [
        "/etc/cat/1.png",
        "../cat/1.png",
        "cat/../../1.png",
        "C:/cat/1.png",
        "..\\cat\\1.png",
        "\\\\s\\1",
    ],
)
def test_names_that_point_out_of_the_zip(name):
    with pytest.raises(BadDataset, match="points out of it"):
        read_zip(packed(flat(3) | {name: picture()}))


def test_links():
    link = zipfile.ZipInfo("cat/link.png")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(BadDataset, match="a link in it"):
        read_zip(packed(flat(3) | {link: b"/etc/passwd"}))


def test_passwords():
    data = bytearray(packed(flat(3)))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    with pytest.raises(BadDataset, match="password"):
        read_zip(bytes(data))


@pytest.mark.parametrize("part", [0, 1, 30, 0.5, 0.98])
def test_part_of_a_zip(part, tmp_path):
    whole = packed(flat(5))
    data = whole[: part if isinstance(part, int) else int(len(whole) * part)]
    with pytest.raises(BadDataset, match="not a zip file"):
        read_zip(data)
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(BadDataset, match="not a zip file"):
        read_zip(tmp_path / "x.zip")


def test_mutated_zips_give_a_data_set_or_a_sentence():
    rng = np.random.default_rng(0)
    whole = packed(flat(3))
    directory = whole.index(b"PK\x01\x02")
    refused = 0
    for i in range(120):
        data = bytearray(whole)
        start = directory if i % 2 else 0  # half of the damage in the list of entries
        for _ in range(rng.integers(1, 8)):
            data[rng.integers(start, len(data))] = rng.integers(256)
        try:
            assert set(read_zip(bytes(data), size=(4, 4))) == {"train", "val", "test"}
        except BadDataset:
            refused += 1
    assert 20 < refused < 120


@pytest.mark.parametrize("data", [b"hello", b"Rar!\x1a\x07\0", b"7z\xbc\xaf\x27\x1c", picture()])
def test_other_files(data):
    with pytest.raises(BadDataset, match="not a zip file"):
        read_zip(data)


def test_a_bomb_is_refused_by_what_it_declares(monkeypatch):
    bomb = packed(flat(3) | {"cat/bomb.bmp": bytes(30 << 20)})
    assert len(bomb) < 100_000
    monkeypatch.setattr(zips, "_bytes", lambda *_: pytest.fail("something was unpacked"))
    with pytest.raises(BadDataset, match="too much"):
        read_zip(bomb)


def test_a_bomb_that_lies_about_its_size_is_not_unpacked():
    data = bytearray(packed(flat(3) | {"cat/bomb.png": bytes(8 << 20)}))
    for signature, offset, name_at in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        at = (
            data.index(b"cat/bomb.png") - name_at
            if offset == 22
            else data.rindex(b"cat/bomb.png") - name_at
        )
        assert data[at : at + 4] == signature
        data[at + offset : at + offset + 4] = struct.pack("<I", 1000)
    with zips.open_members(bytes(data)) as members:
        bomb = next(m for m in members if m.parts[-1] == "bomb.png")
        with pytest.raises(zips.BadImage, match="damaged inside the zip"):
            bomb.read()
    skipped = read_zip(bytes(data))["train"].skipped
    assert [s.name for s in skipped] == ["cat/bomb.png"]


def test_an_entry_that_is_too_large_is_left_out(monkeypatch):
    monkeypatch.setattr(zips, "MAX_ENTRY_BYTES", 2000)
    skipped = read_zip(packed(flat(3) | {"cat/large.bmp": bytes(3000)}))["train"].skipped
    assert [(s.name, "larger" in s.reason) for s in skipped] == [("cat/large.bmp", True)]


def test_too_many_entries_are_counted_before_they_are_read(monkeypatch, tmp_path):
    data = packed(flat(4))
    (tmp_path / "x.zip").write_bytes(data)
    monkeypatch.setattr(zips, "MAX_ENTRIES", 11)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the zip was opened"))
    for source in (data, tmp_path / "x.zip"):
        with pytest.raises(BadDataset, match="more than 11 entries"):
            read_zip(source)


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_kinds_of_packing_without_a_memory_limit(kind):
    buffer = io.BytesIO(packed(flat(3)))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("cat/odd.png", picture(), compress_type=kind)
    skipped = read_zip(buffer.getvalue())["train"].skipped
    assert [(s.name, "unusual" in s.reason) for s in skipped] == [("cat/odd.png", True)]


def test_damaged_entries_are_left_out():
    data = bytearray(packed(flat(5), zipfile.ZIP_STORED))
    data[data.index(b"cat/cat0.png") + 40] ^= 255
    skipped = read_zip(bytes(data))["train"].skipped
    assert [(s.name, "inside the zip" in s.reason) for s in skipped] == [("cat/cat0.png", True)]


class NoFlag(zipfile.ZipInfo):
    """An entry as old packers write it: bytes of some code, and no word about which."""

    def _encodeFilenameFlags(self):  # noqa: N802 - zipfile's name
        return self.filename.encode("cp437"), 0


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_chinese_names_without_the_utf_8_flag(encoding):
    files = {}
    for i in range(3):
        for name in ("猫", "小狗"):
            entry = NoFlag(f"{name}/{i}.png".encode(encoding).decode("cp437"))
            files[entry] = picture(shade=i)
    assert set(read_zip(packed(files))["train"].class_names) == {"猫", "小狗"}


def test_windows_separators():
    assert read_zip(packed({n.replace("/", "\\"): d for n, d in flat(3).items()}))[
        "val"
    ].labels.size

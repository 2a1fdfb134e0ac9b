import io
import struct
import zipfile
import zlib

import pytest

from cnnviz.datasets.zip_names import names_of

pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")


def entries(names, extra=b""):
    """What Python reads of a zip whose names are these bytes, not marked as UTF-8."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for i, raw in enumerate(names):
            info = zipfile.ZipInfo("x" * len(raw))
            info.date_time = (1980 + i, 1, 1, 0, 0, 0)
            info.extra = extra
            archive.writestr(info, b"")  # the same name again and again
    data = out.getvalue()
    for raw in names:  # of the same length, in the order of the entries
        place = data.index(b"x" * len(raw))
        data = data[:place] + raw + data[place + len(raw) :]
    start = data.index(b"PK\x01\x02")
    for raw in names:
        place = data.index(b"x" * len(raw), start)
        data = data[:place] + raw + data[place + len(raw) :]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.infolist()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["猫/1.png", "狗/1.png"], "utf-8"),
        (["猫/1.png", "狗/1.png"], "gbk"),
        (["苹果/图片 1.png", "香蕉/图片 2.png"], "gbk"),
        (["鎔基/1.png", "囍/1.png"], "gbk"),
        (["cat猫/1.png", "dog狗/1.png"], "gbk"),
        (["貓/1.png", "狗/1.png"], "big5"),
        (["猫/1.png", "犬/1.png"], "cp932"),
        (["ねこ/1.png", "いぬ/1.png"], "cp932"),
        (["Mäuse/1.png", "Vögel/1.png"], "cp437"),
        (["señor/1.png", "niño/1.png"], "cp437"),
        (["café/1.png", "thé/1.png"], "cp437"),
        (["cats/1.png", "dogs/1.png"], "cp437"),
    ],
)
def test_names_in_the_codes_of_the_world(words, code):
    assert names_of(entries([word.encode(code) for word in words])) == words


def test_the_second_name_of_info_zip_counts_where_it_belongs_to_the_first():
    raw, meant = b"a?/1.png", "á/1.png"
    for checksum, expected in ((zlib.crc32(raw), meant), (0, raw.decode())):
        body = struct.pack("<BI", 1, checksum) + meant.encode()
        extra = struct.pack("<HH", 0x7075, len(body)) + body
        assert names_of(entries([raw], extra)) == [expected]
    for broken in (b"up", struct.pack("<HH", 0x7075, 2) + b"\x01\x00"):
        assert names_of(entries([raw], broken)) == [raw.decode()]

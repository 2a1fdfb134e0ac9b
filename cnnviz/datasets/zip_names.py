"""The names of a zip's entries as they were meant, whatever code their packer wrote them in.

A zip says of each name whether it is UTF-8. Where it does not, the name may still be UTF-8 (old
macOS), stand a second time in an extra field (Info-ZIP), or be in the code of the computer that
packed it: GBK on a Chinese Windows, Shift-JIS on a Japanese one, Big5 in Taiwan, code page 437 in
the West. Which one is not written anywhere, so the one is taken that makes common signs of them.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable

_UTF_8 = 0x800  # flag bit of an entry
_UNICODE_PATH = 0x7075  # Info-ZIP's extra field: version, CRC-32 of the name, the name in UTF-8
_MOST = 0.7  # of the signs have to be common ones


def names_of(entries: list[zipfile.ZipInfo]) -> list[str]:
    """The entries' names; one code for all that do not say theirs.

    One for the whole zip, because short GBK names can be UTF-8 by chance (猫 reads è).
    """
    names = [e.filename for e in entries]
    unsaid = []
    for i, entry in enumerate(entries):
        if entry.flag_bits & _UTF_8:
            continue
        spelled_out = _extra_name(entry)
        if spelled_out is None:
            unsaid.append(i)
        else:
            names[i] = spelled_out
    code = _code([_raw(names[i]) for i in unsaid])
    for i in unsaid:
        names[i] = _raw(names[i]).decode(code)
    return names


def _raw(name: str) -> bytes:
    """The bytes in the zip: Python reads names that are not marked as code page 437."""
    return name.encode("cp437")


def _extra_name(entry: zipfile.ZipInfo) -> str | None:
    """The name in the extra field; None where there is none, or it belongs to another name."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        found, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind != _UNICODE_PATH or len(found) < 6 or found[0] != 1:
            continue
        if struct.unpack_from("<I", found, 1)[0] != zlib.crc32(_raw(entry.orig_filename)):
            continue
        try:
            return found[5:].decode("utf-8")
        except UnicodeDecodeError:
            continue
    return None


def _code(names: list[bytes]) -> str:
    """The code that all names are written in."""
    if all(map(bytes.isascii, names)) or _decodes(names, "utf-8"):
        return "utf-8"
    fitting = [code for code in _COMMON if _decodes(names, code)]
    shares = [_common_share(names, code) for code in fitting]
    best = max(shares, default=0.0)
    if best >= _MOST:
        return fitting[shares.index(best)]
    rare = "gbk" in fitting and not any(touches for _sign, touches in _signs(names, "gbk"))
    return "gbk" if rare else "cp437"


def _decodes(names: list[bytes], code: str) -> bool:
    try:
        for name in names:
            name.decode(code)
    except UnicodeDecodeError:
        return False
    return True


def _common_share(names: list[bytes], code: str) -> float:
    """How many of the signs beyond ASCII are everyday ones in that code."""
    signs = _signs(names, code)
    common = sum(_COMMON[code](sign.encode(code)) and not touches for sign, touches in signs)
    return common / max(1, len(signs))


def _signs(names: list[bytes], code: str) -> list[tuple[str, bool]]:
    """The signs beyond ASCII, each with whether it stands at a Latin letter, having swallowed one:
    “señor” in the West's code has the bytes of “se寸r” in Taiwan's.
    """
    found = []
    for name in names:
        text = f" {name.decode(code)} "
        for before, sign, after in zip(text, text[1:], text[2:], strict=False):
            if not sign.isascii():
                swallowed = sign.encode(code)[-1:].isalpha()
                beside = any(c.isascii() and c.isalpha() for c in (before, after))
                found.append((sign, swallowed and beside))
    return found


def _chinese(sign: bytes) -> bool:
    # GB 2312: level 1 holds the 3,755 commonest, level 2 ends at F7
    return len(sign) == 2 and 0xB0 <= sign[0] <= 0xF7 and sign[1] >= 0xA1


def _japanese(sign: bytes) -> bool:
    # kana, and the first level of JIS X 0208
    return len(sign) == 2 and (sign[0] in (0x82, 0x83) or 0x88 <= sign[0] <= 0x98)


def _taiwanese(sign: bytes) -> bool:
    return len(sign) == 2 and 0xA4 <= sign[0] <= 0xC6


def _korean(sign: bytes) -> bool:
    return len(sign) == 2 and 0xB0 <= sign[0] <= 0xC8


# In the order in which they win where the signs are common in several.
_COMMON: dict[str, Callable[[bytes], bool]] = {
    "gbk": _chinese,
    "big5": _taiwanese,
    "cp932": _japanese,
    "euc_kr": _korean,
}

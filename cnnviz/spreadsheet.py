"""Texts that people typed, in tables that others open with a spreadsheet."""

from __future__ import annotations

# What a spreadsheet takes for the beginning of a formula; the wide forms are those of East Asian
# keyboards, which some of them take for the same (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """A cell that no spreadsheet runs as a formula: it begins with an apostrophe then."""
    visible = text.lstrip(" \u00a0\u200b\u200c\u200d\u2060\ufeff\u3000\0")
    return f"'{text}" if visible.startswith(_FORMULA) else text

"""Text that a person typed, shown as itself."""

from __future__ import annotations

import unicodedata

# They would turn the direction of the text around them.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKUP = frozenset("\\`*_{}[]()<>#+-.!|~:$&")


def plain(text: str) -> str:
    """A title as itself, in a place where Streamlit would read it as Markdown."""
    return "".join(f"\\{c}" if c in _MARKUP else c for c in " ".join(visible(text).split()))


def visible(text: str) -> str:
    """A text without characters that nobody sees but that change how the rest is shown."""
    return "".join(" " if c in _TURNING or _hidden(c) else c for c in text)


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")

"""Text that a person typed, shown as itself."""

from __future__ import annotations

_MARKUP = frozenset("\\`*_{}[]()<>#+-.!|~:$&")


def plain(text: str) -> str:
    """A title as itself, in a place where Streamlit would read it as Markdown."""
    return "".join(f"\\{c}" if c in _MARKUP else c for c in " ".join(text.split()))

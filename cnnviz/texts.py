"""Marking texts for translation in modules that know no language."""

from __future__ import annotations


class AsTyped(str):
    """Text that a person typed or a file brought: it is the same in every language."""

    __slots__ = ()


def N_(text: str) -> str:  # noqa: N802 - gettext's customary name
    """Mark a literal for the catalogues; whoever shows it translates it."""
    return text

"""Marking texts for translation in modules that know no language."""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802 - gettext's customary name
    """Mark a literal for the catalogues; whoever shows it translates it."""
    return text

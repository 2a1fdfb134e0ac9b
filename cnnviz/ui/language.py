"""The reader's language: gettext catalogues under ``locale/``, read straight from their .po files.

The language is ``?lang=`` of the address, else what was chosen in this session, else the
browser's. Texts of light modules are marked with ``N_`` there and translated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import streamlit as st
from babel.messages.pofile import read_po

from cnnviz.storage import ROOT
from cnnviz.texts import AsTyped
from cnnviz.ui import address

LOCALES = ROOT / "locale"
LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
_settled: ContextVar[str | None] = ContextVar("settled", default=None)


@lru_cache(maxsize=8)
def catalogue(language: str) -> dict[str, str | tuple[str, ...]]:
    """English text → translation; empty for English, which is the language of the keys.

    Read once: a page asks for hundreds of texts.
    """
    path = LOCALES / language / "LC_MESSAGES" / "cnnviz.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        found = read_po(file)
    texts = {}
    for message in found:
        if not message.id:
            continue
        key = message.id[0] if isinstance(message.id, tuple) else message.id
        if any(message.string) if isinstance(message.string, tuple) else message.string:
            texts[key] = message.string
    return texts


def language() -> str:
    """The key of ``LANGUAGES`` in force for this session."""
    return _settled.get() or _chosen_language()


@contextmanager
def one_language(wanted: str | None = None) -> Iterator[None]:
    """Ask for the language once: it stays as it is while one script or fragment runs.

    Also a decorator. A page has hundreds of texts, and sixty people may watch a training.
    ``wanted`` is a key of ``LANGUAGES``, for what runs outside of any session.
    """
    before = _settled.set(wanted or _chosen_language())
    try:
        yield
    finally:
        _settled.reset(before)


def _chosen_language() -> str:
    return address.value("lang", _browser_language(), valid=LANGUAGES)


def _browser_language() -> str:
    try:
        locale = (st.context.locale or "").lower()
    except AttributeError:  # no browser: tests and bare scripts
        locale = ""
    return "zh_CN" if locale.startswith("zh") else "en"


def _(text: str) -> str:
    """The text in the reader's language (the English one where a translation is missing).

    What people typed stays as it is, whatever words it is made of.
    """
    if isinstance(text, AsTyped):
        return text
    found = catalogue(language()).get(text, text)
    return found[0] if isinstance(found, tuple) else found


def n_(singular: str, plural: str, count: int) -> str:
    """``singular`` or ``plural`` for ``count``, with ``{count}`` filled in."""
    return _form(singular, plural, count).format(count=f"{count:,}")


def images_forms() -> tuple[str, str]:
    """ "{count} image" and "{count} images", for texts that are put together in the browser."""
    one, several = (_form("{count} image", "{count} images", count) for count in (1, 2))
    return one, several


def _form(singular: str, plural: str, count: int) -> str:
    found = catalogue(language()).get(singular)
    if found is None:
        return singular if count == 1 else plural
    return found[0] if isinstance(found, tuple) else found  # Chinese has one form


def listed(texts: Iterable[str]) -> str:
    """Translated texts as one, with the comma of the language."""
    return _(", ").join(texts)


def in_words(value: str) -> str:
    """A setting's value, which may be several words in a row ("flip, shift"), translated."""
    return listed(_(part) for part in value.split(", "))


def percent(share: float, digits: int = 0) -> str:
    """0.973 → “97 %” (“97%” in Chinese), and never 100 % for what is not all."""
    shown = round(100 * share, digits)
    if shown == 100 and share < 1:
        shown, digits = 99.9, 1
    if shown == 0 and share > 0:
        return "< " + percent(10 ** -(digits + 2), digits)
    space = "" if language() == "zh_CN" else "\u202f"
    return f"{shown:.{digits}f}{space}%"


def split_names() -> dict[str, str]:
    """The splits of a data set in plain words."""
    return {"train": _("training"), "val": _("validation"), "test": _("test")}

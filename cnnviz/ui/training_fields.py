"""Widgets whose value lives in the URL: a slider over good numbers, a switch, a choice.

Each is told the text that the address holds now (``current``) and the usual one; a change puts the
new text there, or takes it away where it is the usual one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from cnnviz.ui import address
from cnnviz.ui.labels import distinct


def put(name: str, text: str, usual: str) -> None:
    """Choose a text for a name in the URL; the usual one needs none."""
    address.choose(name, None if text == usual else text)


def slider(
    label: str,
    name: str,
    current: str,
    usual: str,
    offered: Sequence[str],
    note: str,
    format_func: Callable[[str], str] = str,
) -> None:
    """A slider over numbers; a fitting other one, from a link or the usual one, joins them.

    What is offered and is no number comes first or last, where it stands in ``offered``.
    """
    options = list(offered)
    for text in (usual, current):
        if text not in options:
            options.insert(_place(options, text), text)
    key = f"choice-{name}"
    st.session_state[key] = current
    st.select_slider(
        label,
        options,
        key=key,
        help=note,
        format_func=format_func,
        on_change=lambda: put(name, st.session_state[key], usual),
    )


def _place(options: list[str], text: str) -> int:
    """Where a number belongs among numbers in order, and words at the ends."""
    for position, option in enumerate(options):
        if _is_number(option) and float(option) > float(text):
            return position
    words_last = bool(options) and not _is_number(options[-1])
    return len(options) - words_last


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def switch(label: str, name: str, current: bool, note: str, texts: tuple[str, str]) -> None:
    """On or off; ``texts`` are what the URL says for off, which is usual, and on."""
    key = f"choice-{name}"
    st.session_state[key] = current
    st.toggle(
        label,
        key=key,
        help=note,
        on_change=lambda: put(name, texts[bool(st.session_state[key])], texts[0]),
    )


def pick(
    make: Callable[..., object],
    label: str,
    options: Sequence[str],
    name: str,
    current: str,
    usual: str,
    **settings: object,
) -> None:
    """One of ``options`` through ``st.selectbox`` or ``st.segmented_control``."""
    key = f"choice-{name}"
    options = list(options)
    settings["format_func"] = distinct(options, settings.get("format_func", str))
    st.session_state[key] = current

    def changed() -> None:
        if (picked := st.session_state[key]) is not None:  # clicked off: the old choice stays
            put(name, picked, usual)

    make(label, options, key=key, on_change=changed, **settings)


def whole(label: str, name: str, current: int, usual: int, low: int, high: int, note: str) -> None:
    """A whole number to be typed."""
    key = f"choice-{name}"
    st.session_state[key] = current
    st.number_input(
        label,
        low,
        high,
        key=key,
        step=1,
        help=note,
        on_change=lambda: put(name, str(st.session_state[key]), str(usual)),
    )

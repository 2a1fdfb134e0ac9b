"""A view is a link: what a person has chosen lives in the URL, and survives from page to page.

Streamlit can bind a widget to the URL by itself, but then the *shown* text of an option is in the
link; ours are translated, so a link would stop working in another language. Hence this module:
values in the URL are identifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from cnnviz.ui.labels import distinct


def value(name: str, default: str, valid: Container[str] | None = None) -> str:
    """What the person chose for ``name``: a changed URL wins, then this session's choice.

    A value that is not in ``valid`` counts as not chosen.
    """
    seen = f"_seen_{name}"
    result = asked_for(name)
    if result is None or (valid is not None and result not in valid):
        result = default
    shown = None if result == default else result
    if st.query_params.get(name) != shown:
        if shown is None:
            del st.query_params[name]
        else:
            st.query_params[name] = shown
    st.session_state[seen] = shown
    return result


def asked_for(name: str) -> str | None:
    """What the link or the person asked for, whether or not it can be shown; the URL stays."""
    in_url = st.query_params.get(name)
    if in_url is not None and in_url != st.session_state.get(f"_seen_{name}"):
        st.session_state[f"_chosen_{name}"] = in_url
    return chosen(name)


def choose(name: str, new: str | None) -> None:
    """Set a choice from a callback or before a rerun; None goes back to the default."""
    if new is None:
        st.session_state.pop(f"_chosen_{name}", None)
    else:
        st.session_state[f"_chosen_{name}"] = str(new)


def is_chosen(name: str) -> bool:
    """Whether the person (or the link) chose a value, rather than meeting the default."""
    return chosen(name) is not None


def chosen(name: str) -> str | None:
    """What was chosen, whether or not this page can show it; None where nothing was."""
    return st.session_state.get(f"_chosen_{name}")


def widget(
    make: Callable[..., Any],
    label: str,
    options: Sequence[str],
    name: str,
    default: str,
    **settings: Any,
) -> str:
    """One of ``options`` through ``st.selectbox``, ``st.segmented_control``, ``st.radio``, …

    Args:
        make: the Streamlit function.
        name: the name in the URL; also the widget's key, prefixed by ``choice-``.
        default: the option when nothing is chosen.
        **settings: passed on (``format_func``, ``help``, ``label_visibility``, …).
    """
    options = list(options)
    settings["format_func"] = distinct(options, settings.get("format_func", str))
    current = value(name, default, valid=options)
    key = f"choice-{name}"
    st.session_state[key] = current

    def changed() -> None:
        picked = st.session_state[key]
        if picked is not None:  # a segmented control can be clicked off: keep the old choice
            choose(name, picked)

    picked = make(label, options, key=key, on_change=changed, **settings)
    return current if picked is None else picked


def number(name: str, default: int, minimum: int, maximum: int) -> int:
    """A whole number from the URL, held between the bounds."""
    text = value(name, str(default))
    try:
        found = int(text)
    except ValueError:
        return default
    return min(max(found, minimum), maximum)


def link(path: str, **parameters: str | int | None) -> str:
    """An address within the app, to be copied or shared."""
    given = {k: v for k, v in parameters.items() if v is not None}
    return f"/{path}?{urlencode(given)}" if given else f"/{path}"

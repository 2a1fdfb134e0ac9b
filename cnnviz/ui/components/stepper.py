"""Steps through a list of images: buttons, and the keys ← → M Esc wherever nobody is typing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from cnnviz.ui.components.base import register

_mount = register("stepper")
_AROUND = 60  # neighbours that the browser knows, so that quick steps lose nothing


def stepper(
    indices: Sequence[int],
    index: int,
    *,
    key: str,
    on_step: Callable[[int], None],
    on_close: Callable[[], None],
    on_mark: Callable[[int], None],
    previous: str = "Previous",
    following: str = "Next",
    close: str = "Close",
    place: str = "{n} of {count}",
    outside: str = "not in this list",
    keys: str = "Keys: ← → step, M marks, Esc closes",
) -> None:
    """Draw the buttons for the image ``index``; ``indices`` is the list in its order.

    ``on_step`` gets the index of the image to open, ``on_mark`` that of the one to mark or unmark;
    all are called before the page runs. An image that is not in the list can only be closed or
    marked, or left for the first of the list.
    """
    at = next((i for i, one in enumerate(indices) if one == index), None)
    first = 0 if at is None else max(0, at - _AROUND)
    near = [int(i) for i in indices[first : first + 2 * _AROUND + 1]]
    data = {
        "near": near,
        "first": first,
        "at": at,
        "index": index,
        "count": len(indices),
        "words": {
            "previous": previous,
            "following": following,
            "close": close,
            "place": place,
            "outside": outside,
            "keys": keys,
        },
    }
    known = {*near, index}

    def sent(event: str) -> int | None:
        """The index that a browser sent, if it is one of those it was told of."""
        value = (st.session_state.get(key) or {}).get(event)
        return value if isinstance(value, int) and value in known else None

    def stepped() -> None:
        wanted = sent("step")
        if wanted is not None:
            on_step(wanted)

    def marked() -> None:
        wanted = sent("mark")
        if wanted is not None:
            on_mark(wanted)

    _mount(
        key=key,
        data=data,
        on_step_change=stepped,
        on_close_change=on_close,
        on_mark_change=marked,
    )

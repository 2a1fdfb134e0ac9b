"""A network as a chain of blocks that can be chosen, changed, moved, added and taken out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from cnnviz.ui.components.base import register

_mount = register("chain")


@dataclass(frozen=True)
class Link:
    """One box of the chain.

    ``shape`` is (h, w, channels) or (units,), None where it is not known. ``index`` is the place
    among the blocks that can be changed, None for what is fixed. ``family`` is ``image``, ``conv``,
    ``pool``, ``dense`` or ``other``. ``title`` is read aloud; ``lines`` stand under the box.
    """

    family: str
    title: str
    lines: Sequence[str]
    shape: Sequence[int] | None
    index: int | None = None
    kind: str = ""
    settings: Mapping[str, str | int | float] | None = None
    broken: bool = False


@dataclass(frozen=True)
class Field:
    """A setting of a kind of block: ``choices`` as (value, label), or a number between bounds."""

    name: str
    title: str
    default: str | int | float
    choices: Sequence[tuple[str, str]] = ()
    low: float = 0
    high: float = 0
    step: float = 1


@dataclass(frozen=True)
class Choice:
    """A kind of block on offer; ``needs_picture`` ones cannot follow a flat one."""

    name: str
    title: str
    story: str
    fields: Sequence[Field]
    needs_picture: bool


def chain(
    links: Sequence[Link],
    choices: Sequence[Choice],
    presets: Sequence[tuple[str, str]],
    texts: Mapping[str, str],
    *,
    key: str,
    on_change: Callable[[dict], None],
    summary: str = "",
    problem: str = "",
    serial: int = 0,
    can_undo: bool = False,
    full: bool = False,
) -> None:
    """Draw the chain; ``on_change`` is called with what a person did, before the next run.

    That is ``{"what": "blocks", "blocks": [{"kind": …, "settings": {…}}, …]}``,
    ``{"what": "preset", "name": …}`` or ``{"what": "undo"}``, each with a ``serial``: give the last
    one back, so that an older answer does not overwrite a newer change. Nothing in it has been
    checked.

    Args:
        presets: (name, title).
        texts: the words on buttons; see ``chain.js``.
        summary: a line about the whole network.
        problem: why it cannot be built.
        full: whether no more blocks may be added.
    """
    data = {
        "links": [asdict(link) for link in links],
        "choices": [asdict(choice) for choice in choices],
        "presets": [list(preset) for preset in presets],
        "texts": dict(texts),
        "summary": summary,
        "problem": problem,
        "serial": serial,
        "canUndo": can_undo,
        "full": full,
    }

    def changed() -> None:
        done = st.session_state[key].done
        if done:
            on_change(dict(done))

    _mount(key=key, data=data, on_done_change=changed)

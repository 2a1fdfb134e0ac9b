"""A network at every moment of its training: the slider of the sidebar, and the note on a page.

What is kept of a training (untrained, early steps, every epoch) can be opened like any model; the
choice is part of the model reference, so it goes from page to page and into every link.
"""

from __future__ import annotations

import streamlit as st

from cnnviz.models.references import ModelReference
from cnnviz.runs.checkpoints import list_checkpoints
from cnnviz.runs.run import Run
from cnnviz.ui import address, current
from cnnviz.ui.language import _

# Pages whose pictures depend on the weights of the chosen network.
_PAGES = frozenset(
    {"home", "feature_maps", "filters", "heatmaps", "evaluation", "mistakes", "feature_space"}
)
_LAST = ""  # stands for the finished network


def slider(reference: ModelReference) -> None:
    """Step through the states that a training kept; nothing for networks without a history."""
    moments = _moments(reference)
    if len(moments) < 2:
        return
    position = _position(reference, moments)
    key = "sidebar-epoch"
    st.session_state[key] = moments[position]
    st.select_slider(
        _("Watch it learn: the moment shown"),
        moments,
        key=key,
        format_func=lambda label: moment_name(reference, label),
        on_change=lambda: _choose(reference, st.session_state[key]),
        help=_("Every page then shows the network as it was at that moment."),
    )
    with st.container(horizontal=True, key="sidebar-epoch-steps"):
        _steps(reference, moments, position, "sidebar")


def note(page: str) -> None:
    """On a page whose pictures depend on it: which moment is shown, unless it is the last one."""
    if page not in _PAGES:
        return
    reference = ModelReference.parse(current.model().reference)
    moments = _moments(reference)
    if len(moments) < 2:
        return
    position = _position(reference, moments)
    if moments[position] == _LAST:
        return
    name = moment_name(reference, moments[position])
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="moment-note"):
        st.markdown(
            ":material/history: "
            + _("You see the network as it was **while it was learning: {moment}**.").format(
                moment=name
            ),
            width="stretch",
        )
        _steps(reference, moments, position, "note")
        st.button(
            moment_name(reference, _LAST).capitalize(),
            key="note-trained",
            icon=":material/last_page:",
            on_click=_choose,
            args=(reference, _LAST),
        )


def other_moments(opened: str) -> dict[str, str]:
    """References of the same network after whole epochs, untrained, and trained → the moment's
    name; without the one that is ``opened``. Empty for networks without a history."""
    reference = ModelReference.parse(opened)
    found = {
        str(reference.with_checkpoint(label or None)): moment_name(reference, label)
        for label in reversed(_moments(reference))
        if label in (_LAST, "step-0") or label.startswith("epoch")
    }
    found.pop(str(reference), None)
    return found


def moment_name(reference: ModelReference, label: str) -> str:
    """“untrained”, “step 30”, “epoch 2”, and for the end “trained”."""
    if label == _LAST:
        running = reference.kind == "run" and Run(reference.identifier).outcome is None
        return _("best so far") if running else _("trained")
    if label == "step-0":
        return _("untrained")
    kind, _dash, count = label.partition("-")
    return (_("step {count}") if kind == "step" else _("epoch {count}")).format(count=count)


def _steps(reference: ModelReference, moments: list[str], position: int, where: str) -> None:
    """One moment back, one on."""
    for name, label, icon, to in (
        ("before", _("Before"), "arrow_back", position - 1),
        ("after", _("After"), "arrow_forward", position + 1),
    ):
        st.button(
            label,
            key=f"{where}-{name}",
            icon=f":material/{icon}:",
            icon_position="right" if name == "after" else "left",
            disabled=not 0 <= to < len(moments),
            on_click=_choose,
            args=(reference, moments[min(max(to, 0), len(moments) - 1)]),
        )


def _choose(reference: ModelReference, label: str) -> None:
    address.choose("model", str(reference.with_checkpoint(label or None)))


def _moments(reference: ModelReference) -> list[str]:
    """Labels in the order of time; the finished network is the last."""
    if reference.kind == "run":
        kept = Run(reference.identifier).checkpoints
    elif reference.kind == "shipped":
        # they were trained with more steps in an epoch than the early steps that were kept
        kept = list_checkpoints(reference.folder, steps_per_epoch=1_000_000)
    else:
        return []
    return [*(c.label for c in kept), _LAST]


def _position(reference: ModelReference, moments: list[str]) -> int:
    chosen = reference.checkpoint or _LAST
    return moments.index(chosen) if chosen in moments else len(moments) - 1

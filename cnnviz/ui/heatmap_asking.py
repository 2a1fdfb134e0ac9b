"""The questions behind each view of the page of heatmaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cnnviz.datasets.image_references import Picture
from cnnviz.errors import Cancelled, CnnvizError
from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.ui.current import Opened
from cnnviz.ui.heatmap_choices import TOGETHER, Choices
from cnnviz.ui.heatmap_panels import Panel, panels_of, panels_of_table
from cnnviz.ui.language import _
from cnnviz.ui.questions import ask

OnPanels = Callable[[list[Panel]], None]
TABLE_SIDE = 88  # fields a side; the table averages larger maps down to that


def ranked_classes(opened: Opened, picture: Picture) -> list[int]:
    """The classes with the largest shares, largest first."""
    answer = ask("predict", waiting=_("Asking the network …"), **_about(opened, picture))
    return [one["index"] for one in answer["classes"]]


def panels(opened: Opened, picture: Picture, choices: Choices, on_panels: OnPanels) -> list[Panel]:
    """The heatmaps of a view (all but the movable patch), in the order in which they are shown.

    ``on_panels`` is called with maps in the making. Raises CnnvizError where there are none.
    """
    if choices.view == "methods":
        return _of_methods(opened, picture, choices, on_panels)
    if choices.view == "layers":
        return _of_layers(opened, picture, choices)
    return _of_one(opened, picture, choices, choices.method.name, choices.layer, on_panels)


def exact_question(opened: Opened, picture: Picture, panel: Panel) -> dict:
    """The parameters that ask for one panel's map as it is."""
    return {
        **_about(opened, picture),
        "method": panel.method.name,
        "targets": [panel.target],
        "layer": panel.layer,
        "against": panel.against,
    }


def question_of(method: str) -> str:
    """The question that a method is asked by."""
    return "heatmaps" if CATALOGUE[method].cost == "quick" else "slow_heatmaps"


def _of_one(
    opened: Opened,
    picture: Picture,
    choices: Choices,
    method: str,
    layer: str | None,
    on_panels: OnPanels,
) -> list[Panel]:
    usual = not choices.chosen and len(choices.classes) == 3
    answer = ask(
        question_of(method),
        method=method,
        targets=None if usual else list(choices.classes),  # None: made beforehand where shipped
        layer=layer if CATALOGUE[method].takes_layer else None,
        against=None if CATALOGUE[method].class_blind else choices.against,
        waiting=_("Asking the network …"),
        on_frame=lambda frame: on_panels(panels_of(frame)),
        **_about(opened, picture),
    )
    return panels_of(answer)


def _of_methods(
    opened: Opened, picture: Picture, choices: Choices, on_panels: OnPanels
) -> list[Panel]:
    found: dict[str, Panel] = {}
    at_once = [name for name in choices.methods if name in TOGETHER]
    if at_once:
        layers = [choices.layer] if choices.layer else None
        for panel in _table(opened, picture, choices, at_once, layers):
            found[panel.method.name] = panel
    for name in choices.methods:
        if name not in found:
            done = list(found.values())
            found[name] = _one_of_many(
                opened, picture, choices, name, lambda new, done=done: on_panels([*done, *new])
            )
    return [found[name] for name in choices.methods]


def _of_layers(opened: Opened, picture: Picture, choices: Choices) -> list[Panel]:
    name = choices.method.name
    if name in TOGETHER:
        made = _table(opened, picture, choices, [name], list(choices.layers))
        order = {layer: i for i, layer in enumerate(choices.layers)}
        return sorted(made, key=lambda panel: order[panel.layer])
    found: list[Panel] = []
    for layer in choices.layers:
        found += _of_one(opened, picture, choices, name, layer, lambda new: None)
    return found


def _table(
    opened: Opened,
    picture: Picture,
    choices: Choices,
    methods: Sequence[str],
    layers: list[str] | None,
) -> list[Panel]:
    answer = ask(
        "heatmap_table",
        methods=list(methods),
        layers=layers,
        targets=list(choices.classes[:1]),
        against=choices.against,
        waiting=_("Asking the network …"),
        **_about(opened, picture),
    )
    return panels_of_table(answer, TABLE_SIDE)


def _one_of_many(
    opened: Opened, picture: Picture, choices: Choices, method: str, on_panels: OnPanels
) -> Panel:
    """One method among others: where it cannot be had, its place says why."""
    try:
        return _of_one(opened, picture, choices, method, choices.layer, on_panels)[0]
    except Cancelled:
        problem = _("Stopped.")
    except CnnvizError as error:
        problem = error.sentence(_)
    nothing = np.zeros((0, 0), np.float32)
    return Panel(CATALOGUE[method], choices.classes[0], 0.0, nothing, problem=problem)


def _about(opened: Opened, picture: Picture) -> dict:
    return {"model": opened.reference, "image": picture.reference}

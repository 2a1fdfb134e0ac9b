"""A training that plays in the browser: curves, figures, samples and mix-ups as they grew.

Nothing is asked of the server while it plays, however many people watch.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.ui.components.base import register

_mount = register("film", "curve")


def film(
    data: dict,
    *,
    key: str,
    words: dict[str, str],
    class_names: Sequence[str] = (),
    pictures: Sequence[str] = (),
    truths: Sequence[int] = (),
    validation_colour: str = "#ffa90e",
    label: str = "",
) -> None:
    """Draw the player.

    Args:
        data: of :mod:`cnnviz.ui.training_film`.
        words: its texts by name.
        class_names: of the samples' answers and the mix-ups' rows and columns.
        pictures: addresses of the sample images; ``truths`` are their classes.
        validation_colour: of that curve.
        label: names the whole player.
    """
    _mount(
        key=key,
        data={
            **data,
            "words": words,
            "names": list(class_names),
            "pictures": list(pictures),
            "truths": list(truths),
            "validationColour": validation_colour,
            "label": label,
        },
    )

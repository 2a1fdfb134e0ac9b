"""Labels of a choice that differ from each other.

Streamlit's choices come back from the browser as the text that was shown, so of two options with
one text the wrong one would be taken: two networks of the same title, or ImageNet's two cranes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any


def distinct(options: Sequence[Hashable], text: Callable[[Any], str] = str) -> Callable[[Any], str]:
    """``text``, but numbered where several options have the same: “crane”, “crane (2)”."""
    labels: dict[Hashable, str] = {}
    taken: set[str] = set()
    for option in options:
        label, times = text(option), 1
        first = label
        while label in taken:
            times += 1
            label = f"{first} ({times})"
        taken.add(label)
        labels[option] = label
    return lambda option: labels[option] if option in labels else text(option)

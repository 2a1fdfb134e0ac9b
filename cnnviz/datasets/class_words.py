"""Names of classes that the project brings, which are translated, and names of people's own."""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import cache

from cnnviz.texts import AsTyped


def class_words(
    names: Iterable[str], also: Container[tuple[str, ...]] = frozenset()
) -> tuple[str, ...]:
    """The names of all classes of a data set or network, marked as typed unless we brought them.

    One name does not tell: “right” is a word of this app's pages and may be anybody's class. So
    all of them together have to be a bundled data set's, or one of ``also``.
    """
    names = tuple(names)
    if names in _bundled() or names in also:
        return names
    return tuple(AsTyped(name) for name in names)


@cache
def _bundled() -> frozenset[tuple[str, ...]]:
    from cnnviz.datasets.bundled import DATASETS  # here, because it brings OpenCV

    return frozenset(tuple(d.class_names) for d in DATASETS.values())

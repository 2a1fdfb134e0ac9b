"""Which of a model's classes each class of a data set is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnviz.errors import BadInput, NotPossible


def match_classes(
    dataset_names: Sequence[str], model_names: Sequence[str]
) -> tuple[int | None, ...]:
    """For each class of a data set the model's class of the same name, as a proposal.

    Case, spaces, hyphens and underscores don't count; None where there is no such class.
    """
    known = {plain_name(name): i for i, name in reversed(list(enumerate(model_names)))}
    return tuple(known.get(plain_name(name)) for name in dataset_names)


def same_classes(dataset_names: Sequence[str], model_names: Sequence[str]) -> bool:
    """Whether both name the same classes in the same order, so that no map is needed."""
    return [plain_name(n) for n in dataset_names] == [plain_name(n) for n in model_names]


def checked_map(
    model_names: Sequence[str],
    dataset_names: Sequence[str],
    class_map: Sequence[int | None] | None,
) -> tuple[int | None, ...]:
    """The model's class for each class of a data set; None for those it does not know.

    Raises:
        NotPossible: model and data set name different classes, or in another order, and there is
            no ``class_map``: what is measured then would be wrong without anybody noticing.
        BadInput: an unusable ``class_map``.
    """
    if class_map is None:
        if not same_classes(dataset_names, model_names):
            raise NotPossible(
                "The model was trained to tell {known} apart, but the data set has {given}. Say "
                "which class is which, or choose another data set.",
                known=_listed(model_names),
                given=_listed(dataset_names),
            )
        return tuple(range(len(model_names)))
    usable = isinstance(class_map, list | tuple) and len(class_map) == len(dataset_names)
    if not usable or any(
        c is not None
        and (isinstance(c, bool) or not isinstance(c, int | np.integer))
        or c is not None
        and not 0 <= c < len(model_names)
        for c in class_map
    ):
        raise BadInput(
            "For each of the data set's {classes} classes, name the model's class, from 0 to "
            "{last}.",
            classes=len(dataset_names),
            last=len(model_names) - 1,
        )
    if all(c is None for c in class_map):
        raise BadInput("At least one class of the data set has to be one of the model's.")
    return tuple(class_map)


def mapped(labels: np.ndarray, classes: Sequence[int | None]) -> np.ndarray:
    """``labels`` (n,) of a data set as the model numbers its classes; -1 where it has none."""
    table = np.array([-1 if c is None else c for c in classes], np.int64)
    return table[labels]


def plain_name(name: str) -> str:
    """A class name without what does not count: case, spaces, hyphens and underscores."""
    return "".join(c for c in name.casefold() if c not in " -_")


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(f"“{name[:24]}”" for name in names[:4])
    return f"{listed} …" if len(names) > 4 else listed

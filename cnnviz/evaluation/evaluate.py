"""How good a model is on a labelled data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput, NotPossible
from cnnviz.evaluation.metrics import match_classes
from cnnviz.evaluation.results import Evaluation
from cnnviz.inference.passes import Report, run_pass
from cnnviz.models.model import Model, load_model

KEPT = 5  # the most likely classes that an evaluation remembers of each image


def evaluate(
    model: Model | str,
    dataset: Dataset,
    class_map: Sequence[int] | None = None,
    indices: np.ndarray | None = None,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Evaluation:
    """Show a data set to a model and keep its answers.

    Args:
        model: a model, its name or its reference.
        dataset: labelled images of any size.
        class_map: the model's class for each class of the data set; needed where their names
            differ (``metrics.match_classes`` proposes one).
        indices: (n,) the images' places in the split, where ``dataset`` is a part of it.
        report: called with the fraction done and a text.
        check_cancelled: called between batches; ends the work by raising.

    Returns:
        An Evaluation in the model's classes.

    Raises:
        NotPossible: model and data set name different classes and there is no ``class_map``.
        BadInput: an unusable ``class_map``, or an empty data set.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    classes = np.array(_checked_map(model, dataset, class_map))
    answers = run_pass(model, dataset, report=report, check_cancelled=check_cancelled).probabilities
    labels = classes[dataset.labels]
    top = np.argsort(-answers, axis=1, kind="stable")[:, :KEPT]
    return Evaluation(
        labels=labels,
        top_classes=top,
        top_probabilities=np.take_along_axis(answers, top, axis=1),
        true_probabilities=answers[np.arange(len(labels)), labels],
        indices=np.arange(len(labels)) if indices is None else np.asarray(indices),
        class_names=model.card.class_names,
        dataset=dataset.name,
        split=dataset.split,
    )


def _checked_map(model: Model, dataset: Dataset, class_map: Sequence[int] | None) -> Sequence[int]:
    names = model.card.class_names
    if class_map is None:
        if match_classes(dataset.class_names, names) != tuple(range(len(names))):
            raise NotPossible(
                "The model was trained to tell {known} apart, but the data set has {given}. Say "
                "which class is which, or choose another data set.",
                known=_listed(names),
                given=_listed(dataset.class_names),
            )
        return range(len(names))
    if len(class_map) != len(dataset.class_names) or any(
        not isinstance(c, int | np.integer) or not 0 <= c < len(names) for c in class_map
    ):
        raise BadInput(
            "For each of the data set's {classes} classes, name the model's class, from 0 to "
            "{last}.",
            classes=len(dataset.class_names),
            last=len(names) - 1,
        )
    return class_map


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(f"“{name[:24]}”" for name in names[:4])
    return f"{listed} …" if len(names) > 4 else listed

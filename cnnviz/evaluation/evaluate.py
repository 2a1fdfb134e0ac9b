"""How good a model is on a labelled data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cnnviz.datasets.dataset import Dataset
from cnnviz.evaluation.mapping import checked_map, mapped
from cnnviz.evaluation.results import Evaluation
from cnnviz.inference.passes import Report, run_pass
from cnnviz.models.model import Model, load_model

KEPT = 5  # the most likely classes that an evaluation remembers of each image


def evaluate(
    model: Model | str,
    dataset: Dataset,
    class_map: Sequence[int | None] | None = None,
    indices: np.ndarray | None = None,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Evaluation:
    """Show a data set to a model and keep its answers.

    Args:
        model: a model, its name or its reference.
        dataset: labelled images of any size.
        class_map: the model's class for each class of the data set, None where it has none (its
            images are left out); needed where their names differ (``mapping.match_classes``
            proposes one).
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
    answers, labels, places = all_answers(
        model, dataset, class_map, indices, report, check_cancelled
    )
    names = model.card.class_names
    return evaluation_of(answers, labels, places, names, dataset.name, dataset.split)


def all_answers(
    model: Model,
    dataset: Dataset,
    class_map: Sequence[int | None] | None = None,
    indices: np.ndarray | None = None,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What an evaluation is made of; arguments and errors are those of :func:`evaluate`.

    Returns:
        Probabilities (n, c), true classes (n,) as the model numbers them, and the images' places
        (n,) in the split; without the images of classes that the model does not know.
    """
    labels = mapped(
        dataset.labels, checked_map(model.card.class_names, dataset.class_names, class_map)
    )
    places = np.arange(len(dataset)) if indices is None else np.asarray(indices)
    if (labels < 0).any():
        known = np.flatnonzero(labels >= 0)
        dataset, labels, places = dataset.subset(known), labels[known], places[known]
    found = run_pass(model, dataset, report=report, check_cancelled=check_cancelled)
    return found.probabilities, labels, places


def evaluation_of(
    probabilities: np.ndarray,
    labels: np.ndarray,
    indices: np.ndarray,
    class_names: tuple[str, ...],
    dataset: str,
    split: str,
) -> Evaluation:
    """The Evaluation that follows from ``probabilities`` (n, c), the answers for n images.

    ``labels`` (n,) are the true classes as the model numbers them, ``indices`` (n,) the images'
    places in the split.
    """
    top = np.argsort(-probabilities, axis=1, kind="stable")[:, :KEPT]
    return Evaluation(
        labels=labels,
        top_classes=top,
        top_probabilities=np.take_along_axis(probabilities, top, axis=1),
        true_probabilities=probabilities[np.arange(len(labels)), labels],
        indices=indices,
        class_names=class_names,
        dataset=dataset,
        split=split,
    )

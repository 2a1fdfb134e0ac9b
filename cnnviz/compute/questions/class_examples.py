"""Which images a model puts into each of its classes: for classes that have numbers, not names."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions.looking import split_of
from cnnviz.datasets.dataset import limit_indices
from cnnviz.errors import BadInput
from cnnviz.inference.kept_passes import look
from cnnviz.models.references import ModelReference

LOOKED_AT = 300  # images
SHOWN = 5  # of a class
MOST_CLASSES = 24  # those that were answered most often


def class_examples(context: Context, model: str, dataset: str, split: str) -> dict:
    """The images that a model is surest of, for each class that it answers.

    Returns:
        ``classes`` (k,) int32 the model's classes, ascending, and ``rows`` (k, 5) int32 the places
        of their images in the split, the surest first, -1 where there are fewer. True classes play
        no part: nothing is measured here.

    Raises:
        BadInput: the split has no images.
    """
    opened = context.model(model)
    whole = split_of(context, dataset, split)
    if len(whole) == 0:
        raise BadInput("The data set has no images.")
    rows = limit_indices(whole.labels, min(LOOKED_AT, len(whole)))
    reference = ModelReference.parse(model)
    probabilities = look(
        opened,
        f"{reference} {reference.fingerprint}",
        whole,
        rows,
        report=context.report,
        check_cancelled=context.check_cancelled,
    ).probabilities
    chosen = probabilities.argmax(axis=1)
    answered, counts = np.unique(chosen, return_counts=True)
    classes = np.sort(answered[np.argsort(-counts, kind="stable")][:MOST_CLASSES])
    found = np.full((len(classes), SHOWN), -1, np.int32)
    for line, label in zip(found, classes, strict=True):
        places = np.flatnonzero(chosen == label)
        surest = places[np.argsort(-probabilities[places, label], kind="stable")][:SHOWN]
        line[: len(surest)] = rows[surest]
    return {"classes": classes.astype(np.int32), "rows": found}

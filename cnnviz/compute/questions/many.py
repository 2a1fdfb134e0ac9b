"""The question for what a model says about a whole data set."""

from __future__ import annotations

from cnnviz.compute.context import Context
from cnnviz.compute.questions.looking import looked_at
from cnnviz.evaluation.evaluate import evaluation_of


def evaluate(
    context: Context,
    model: str,
    dataset: str,
    split: str,
    limit: int | None,
    class_map: list[int | None] | None,
) -> dict:
    """What a model says about a labelled data set, as ``Evaluation.to_message()``.

    ``class_map`` gives the model's class for each class of the data set, where their names differ;
    None for a class that it does not know. ``indices`` are places in the split.
    """
    seen = looked_at(context, model, dataset, split, limit=limit, class_map=class_map)
    whole = seen.whole
    found = evaluation_of(
        seen.probabilities, seen.labels, seen.rows, seen.names, whole.name, whole.split
    )
    return found.to_message()

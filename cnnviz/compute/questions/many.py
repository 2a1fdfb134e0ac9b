"""Questions about a whole data set: evaluation, feature space."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.compute.questions.looking import looked_at, part_of_split
from cnnviz.embedding.embed import embed
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


def embedding(
    context: Context,
    model: str,
    dataset: str,
    split: str,
    limit: int | None,
    layer: str | None,
    method: str,
    seed: int,
) -> dict:
    """Points (n, 2) of a layer's features; frames show them as they find their places."""
    limit = checking.optional_number(limit, "limit", 10, 20_000)
    seed = checking.number(seed, "seed", 0, 2**31 - 1)
    method = checking.choice(method, "method", ("tsne", "pca"))
    opened = context.model(model)
    if layer is not None:
        layer = checking.layer_of(opened.card, layer).name
    data, indices = part_of_split(context, dataset, split, limit)
    found = embed(
        opened,
        data,
        layer=layer,
        method=method,
        seed=seed,
        indices=indices,
        on_frame=lambda points, _fraction: context.frame(
            {"points": points.astype(np.float32), "labels": data.labels}
        ),
        report=context.report,
        check_cancelled=context.check_cancelled,
    )
    return {
        "points": np.asarray(found.points, np.float32),
        "labels": found.labels,
        "predicted": found.predicted,
        "indices": found.indices,
        "layer": found.layer,
        "method": found.method,
        "knn_accuracy": float(found.knn_accuracy),
        "class_names": list(data.class_names),
        "predicted_names": list(opened.card.class_names),
    }

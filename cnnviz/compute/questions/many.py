"""Questions about a whole data set: evaluation, feature space."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.dataset import Dataset, limit_indices
from cnnviz.datasets.loading import load_dataset
from cnnviz.embedding.embed import embed
from cnnviz.errors import NotFound
from cnnviz.evaluation import evaluate as evaluation
from cnnviz.texts import N_

READING = N_("Reading the images")
_SPLITS = ("train", "val", "test")
_MOST_IMAGES = 100_000


def evaluate(
    context: Context,
    model: str,
    dataset: str,
    split: str,
    limit: int | None,
    class_map: list[int] | None,
) -> dict:
    """What a model says about a labelled data set, as ``Evaluation.to_message()``.

    ``class_map`` gives the model's class for each class of the data set, where their names differ.
    ``indices`` are places in the split.
    """
    opened = context.model(model)
    data, indices = part_of_split(context, dataset, split, limit)
    found = evaluation.evaluate(
        opened,
        data,
        class_map=class_map,
        indices=indices,
        report=context.report,
        check_cancelled=context.check_cancelled,
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


def part_of_split(
    context: Context, name: str, split: str, limit: int | None
) -> tuple[Dataset, np.ndarray]:
    """Part of a split, and the places (n,) of its images in the split."""
    name = checking.text(name, "dataset", 60)
    if name not in DATASETS and not name.startswith("upload:"):  # never a path: links name it
        raise NotFound("There is no data set called “{name}”.", name=name[:40])
    split = checking.choice(split, "split", _SPLITS)
    limit = checking.optional_number(limit, "limit", 1, _MOST_IMAGES)
    context.report(0.0, READING)
    whole = load_dataset(name, split)
    if limit is None or limit >= len(whole):
        return whole, np.arange(len(whole))
    indices = limit_indices(whole.labels, limit)
    return whole.subset(indices), indices

"""Questions about a whole data set: evaluation, feature space, most exciting images."""

from __future__ import annotations

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.datasets.dataset import Dataset
from cnnviz.datasets.loading import load_dataset
from cnnviz.embedding.embed import embed
from cnnviz.evaluation import evaluate as evaluation
from cnnviz.explanation.exciting import most_exciting
from cnnviz.texts import N_

READING = N_("Reading the images")
ARRANGING = N_("Arranging the images")
_SPLITS = ("train", "val", "test")
_MOST_IMAGES = 100_000


def evaluate(context: Context, model: str, dataset: str, split: str, limit: int | None) -> dict:
    """What a model says about a labelled data set, as ``Evaluation.to_message()``."""
    data = _dataset(context, dataset, split, limit)
    opened = context.model(model)
    found = evaluation.evaluate(
        opened, data, report=context.report, check_cancelled=context.check_cancelled
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
    data = _dataset(context, dataset, split, limit)
    opened = context.model(model)
    if layer is not None:
        layer = checking.layer_of(opened.card, layer).name
    found = embed(
        opened,
        data,
        layer=layer,
        method=method,
        seed=seed,
        report=context.report,
        check_cancelled=context.check_cancelled,
    )
    return found.to_message()


def top_images(
    context: Context,
    model: str,
    layer: str,
    channels: list[int],
    dataset: str,
    split: str,
    limit: int | None,
    count: int,
) -> dict:
    """The images of a data set that excite channels most, strongest first, and where in them."""
    count = checking.number(count, "count", 1, 36)
    opened = context.model(model)
    found = checking.layer_of(opened.card, layer)
    channels = checking.numbers(channels, "channels", found.output_shape[-1] - 1, 64)
    data = _dataset(context, dataset, split, limit)
    indices, values, positions = most_exciting(
        opened,
        data,
        found.name,
        channels,
        count=count,
        report=context.report,
        check_cancelled=context.check_cancelled,
    )
    return {"indices": indices, "values": values, "positions": positions, "channels": channels}


def _dataset(context: Context, name: str, split: str, limit: int | None) -> Dataset:
    context.report(0.0, READING)
    name = checking.text(name, "dataset", 60)
    split = checking.choice(split, "split", _SPLITS)
    return load_dataset(name, split, checking.optional_number(limit, "limit", 1, _MOST_IMAGES))

"""What a question about many images starts from: the model, the images, and the kept pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.dataset import Dataset, limit_indices
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput, NotFound
from cnnviz.evaluation.mapping import checked_map, mapped
from cnnviz.inference.kept_passes import look
from cnnviz.inference.passes import Report
from cnnviz.models.model import Model
from cnnviz.models.references import ModelReference
from cnnviz.texts import N_

READING = N_("Reading the images")
_SPLITS = ("train", "val", "test")
_MOST_IMAGES = 100_000


@dataclass(frozen=True)
class Looked:
    """What a network made of n images of a split.

    ``whole`` is the complete split; ``rows`` (n,) are the images' places in it, ascending.
    ``labels`` (n,) are their true classes as the *model* numbers them. ``probabilities`` (n, c)
    float32; ``features`` (n, d) float16 by layer.
    """

    model: Model
    whole: Dataset
    rows: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    features: dict[str, np.ndarray]

    @property
    def names(self) -> tuple[str, ...]:
        """The model's class names, which ``labels`` and ``probabilities`` count by."""
        return self.model.card.class_names


def split_of(context: Context, name: object, split: object) -> Dataset:
    """A whole split of a data set that a link may name; raises NotFound, BadInput."""
    name = checking.text(name, "dataset", 60)
    if name not in DATASETS and not name.startswith("upload:"):  # never a path: links name it
        raise NotFound("There is no data set called “{name}”.", name=name[:40])
    split = checking.choice(split, "split", _SPLITS)
    context.report(0.0, READING)
    return load_dataset(name, split)


def part_of_split(
    context: Context, name: object, split: object, limit: int | None
) -> tuple[Dataset, np.ndarray]:
    """Part of a split, and the places (n,) of its images in the split."""
    limit = checking.optional_number(limit, "limit", 1, _MOST_IMAGES)
    whole = split_of(context, name, split)
    if limit is None or limit >= len(whole):
        return whole, np.arange(len(whole))
    indices = limit_indices(whole.labels, limit)
    return whole.subset(indices), indices


def looked_at(
    context: Context,
    model: str,
    dataset: object,
    split: object,
    *,
    limit: int | None = None,
    class_map: Sequence[int | None] | None = None,
    layers: Sequence[str] = (),
    pooling: str = "mean",
    rows: np.ndarray | None = None,
    report: Report | None = None,
    only_kept: bool = False,
) -> Looked:
    """Show a model the images of a split that it has not seen yet, and give what it made of all.

    Args:
        context: of the question.
        model: reference.
        dataset, split: as in links.
        limit: at most this many images, evenly over the classes; all when None.
        class_map: the model's class for each class of the data set, None for a class that the
            model does not know (its images are left out); needed where their names differ.
        layers: layers whose features are wanted.
        pooling: ``mean`` or ``flat``.
        rows: only these places in the split.
        report: in place of ``context.report``.
        only_kept: look at nothing new.

    Raises:
        NotFound, BadInput: what does not exist, in words.
        NotPossible: the classes differ and there is no ``class_map``; ``only_kept`` and an image
            was not looked at yet.
    """
    opened = context.model(model)
    layers = [checking.layer_of(opened.card, name).name for name in layers]
    limit = checking.optional_number(limit, "limit", 1, _MOST_IMAGES)
    whole = split_of(context, dataset, split)
    classes = checked_map(opened.card.class_names, whole.class_names, class_map)
    labels = mapped(whole.labels, classes)
    chosen = np.flatnonzero(labels >= 0) if rows is None else np.asarray(rows)
    chosen = chosen[labels[chosen] >= 0]
    if limit is not None and limit < len(chosen):
        chosen = chosen[limit_indices(labels[chosen], limit)]
    if len(chosen) == 0:
        raise BadInput("None of these images is of a class that the model knows.")
    reference = ModelReference.parse(model)
    found = look(
        opened,
        f"{reference} {reference.fingerprint}",
        whole,
        chosen,
        layers,
        pooling,
        report=report or context.report,
        check_cancelled=context.check_cancelled,
        only_kept=only_kept,
    )
    return Looked(opened, whole, chosen, labels[chosen], found.probabilities, found.features)

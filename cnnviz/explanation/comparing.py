"""Which method tells the truth most often? Methods measured on the same images of a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from cnnviz.datasets.dataset import Dataset, limit_indices
from cnnviz.errors import BadInput, NotPossible
from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.explanation.explain import checked_method, explain
from cnnviz.explanation.faithfulness import (
    FEWEST_STEPS,
    MOST_RANDOMS,
    MOST_STEPS,
    REMOVING,
    ROAD_SHARES,
    Trial,
    checked_number,
    evidence,
)
from cnnviz.explanation.measures import MEASURES
from cnnviz.explanation.methods.registry import METHODS
from cnnviz.explanation.removal import random_heat, ranking
from cnnviz.explanation.results import Explanation, enlarge
from cnnviz.explanation.task import Report
from cnnviz.explanation.trust_results import Comparison, area
from cnnviz.inference.layers import as_batch
from cnnviz.models.model import Model, load_model

_TOGETHER = 16  # images explained at once
_RANDOMS = 3


def quick_methods() -> tuple[str, ...]:
    """The methods that take less than two seconds an image."""
    return tuple(name for name in METHODS if CATALOGUE[name].cost == "quick")


def compare_methods(
    model: Model | str,
    dataset: Dataset,
    methods: Sequence[str] | None = None,
    limit: int | None = 100,
    *,
    layer: str | None = None,
    measures: Sequence[str] = tuple(MEASURES),
    steps: int = FEWEST_STEPS,
    randoms: int = _RANDOMS,
    seed: int = 0,
    indices: np.ndarray | None = None,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Comparison:
    """Measure methods of explanation on the same images, each for the class that was predicted.

    Beside the methods stand random maps, as many fields across as the methods' own.

    Args:
        model: a model, its name or its reference.
        dataset: images of any size; the labels only serve to choose evenly.
        methods: names; when None, the quick ones that this network allows. Slow ones can take
            minutes an image.
        limit: images, evenly over the classes, the same every time; all when None.
        layer: for class activation maps; the card's heatmap layer when None.
        measures: keys of ``MEASURES``.
        steps: of the curves of deletion and insertion.
        randoms: random maps an image, whose measures are averaged.
        seed: of the random maps.
        indices: (n,) the places of the data set's images in its split, where it is a part of it.
        report: called with the fraction done and a text.
        check_cancelled: called between batches; ends the work by raising.

    Raises:
        BadInput: unknown methods or measures, no images, numbers out of range.
        What ``explain`` raises.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    if len(dataset) == 0:
        raise BadInput("The data set has no images.")
    if methods is None:
        methods = _possible(model, dataset, layer)
    methods = tuple(dict.fromkeys(checked_method(name) for name in methods))
    measures = tuple(dict.fromkeys(measures))
    if not methods:
        raise NotPossible("No quick method works for this network; choose others.")
    if not measures or any(name not in MEASURES for name in measures):
        raise BadInput("The measures are some of: {known}.", known=", ".join(MEASURES))
    steps = checked_number(steps, "steps", FEWEST_STEPS, MOST_STEPS)
    randoms = checked_number(randoms, "randoms", 1, MOST_RANDOMS)
    places = np.arange(len(dataset)) if indices is None else np.asarray(indices)
    if limit is not None and limit < len(dataset):
        chosen = limit_indices(dataset.labels, checked_number(limit, "limit", 1, len(dataset)))
        dataset, places = dataset.subset(chosen), places[chosen]
    report, check = report or (lambda fraction, text: None), check_cancelled or (lambda: None)

    found: list[list[list[float]]] = []  # for each image its rows of measures
    empty = np.zeros(len(methods), int)
    used, fields = None, ()
    for start in range(0, len(dataset), _TOGETHER):
        part = as_batch(model.keras_model, model.prepare(dataset.images[start : start + _TOGETHER]))
        targets = model.predict(part.astype(np.uint8)).argmax(axis=1)
        told: list[Explanation] = []
        for method in methods:
            check()
            told.append(
                explain(model, part.astype(np.uint8), method, targets, layer, check_cancelled=check)
            )
        empty += [int((~one.positive_evidence).sum()) for one in told]
        fields = tuple(dict.fromkeys(one.raw.shape[1:] for one in told))
        used = next((one.layer for one in told if one.layer), None)
        evident = [evidence(one) for one in told]
        for i, image in enumerate(part):
            trial = Trial(model, image, int(targets[i]), check_cancelled=check)
            heats = [maps[i] for maps in evident]
            for shape in fields:
                maps = [random_heat(shape, seed, start + i, r) for r in range(randoms)]
                heats.extend(enlarge(np.stack(maps), trial.shape))
            rows = _measured(trial, heats, measures, steps)
            chance = rows[len(methods) :].reshape(len(fields), randoms, -1).mean(axis=1)
            found.append([*rows[: len(methods)], *chance])
            report((start + i + 1) / len(dataset), REMOVING)
    coarseness = [one.raw.shape[1:] for one in told] + list(fields)
    return Comparison(
        rows=(*methods, *(f"random:{h}x{w}" for h, w in fields)),
        measures=measures,
        values=np.array(found).transpose(1, 2, 0),
        yardsticks=tuple(len(methods) + fields.index(shape) for shape in coarseness),
        empty=tuple(int(n) for n in empty) + (0,) * len(fields),
        indices=places,
        dataset=dataset.name,
        split=dataset.split,
        layer=used,
    )


def _possible(model: Model, dataset: Dataset, layer: str | None) -> list[str]:
    """The quick methods that can explain this network: some need positions, some a ReLU."""
    possible = []
    for method in quick_methods():
        with suppress(NotPossible):
            explain(model, dataset.images[:1], method, None, layer)
            possible.append(method)
    return possible


def _measured(
    trial: Trial, heats: Sequence[np.ndarray], measures: Sequence[str], steps: int
) -> np.ndarray:
    """(heatmaps, measures) of one image."""
    orders = [ranking(heat) for heat in heats]
    shares = np.linspace(0, 1, steps + 1)
    columns = {}
    if "deletion" in measures:
        columns["deletion"] = area(trial.deletion(orders, shares), shares)
    if "insertion" in measures:
        columns["insertion"] = area(trial.insertion(orders, shares), shares)
    if "road" in measures:
        least = trial.road([order[::-1] for order in orders], ROAD_SHARES[1:])
        columns["road"] = (least - trial.road(orders, ROAD_SHARES[1:])).mean(axis=1)
    if {"average_drop", "average_increase"} & set(measures):
        whole, kept = trial.votes([trial.image])[0], trial.kept(heats)
        columns["average_drop"] = np.maximum(0, whole - kept) / max(whole, 1e-12)
        columns["average_increase"] = (kept > whole).astype(np.float64)
    return np.stack([columns[name] for name in measures], axis=1)

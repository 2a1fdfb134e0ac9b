"""Questions about one image of a data set among the others: its neighbours, where classes part."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.compute.questions.looking import Looked, looked_at, split_of
from cnnviz.datasets.dataset import Dataset, limit_indices
from cnnviz.errors import NotPossible
from cnnviz.evaluation.mapping import checked_map, mapped
from cnnviz.evaluation.neighbours import distances_to, nearest
from cnnviz.evaluation.parting import probe
from cnnviz.inference.passes import Report
from cnnviz.models.main_path import main_path
from cnnviz.texts import N_

_MOST = 12  # neighbours of a kind
_SAMPLE = 200  # images of the split whose nearest training image tells what is usual
_ALIKE = 1e-3  # up to this distance the pixels are compared
_LAYERS = 12
_EACH, _FEWEST = 200, 5  # training images of a class that a probe is fitted to
_PROBING = N_("Asking layer after layer")


def neighbours(
    context: Context,
    model: str,
    dataset: str,
    index: int,
    split: str,
    class_map: list[int | None] | None,
    count: int,
) -> dict:
    """The images nearest to one in the model's feature space, by cosine distance.

    ``training``: of all training images; ``true`` and ``rival``: of those of its true class and of
    the class that the model called it (the second in its vote, where it was right); ``split``: of
    its own split. Each has places in its split, distances, labels and what the model called them,
    nearest first. ``rank_true`` and ``rank_rival`` say the how-manieth of all training images the
    first of a class is. ``same`` are training images with the very same pixels, ``same_labels``
    their classes. ``farther_than`` is
    the share of the split's images (of 200) that have a nearer nearest training image.
    """
    return _neighbours(context, model, dataset, index, split, class_map, count)


def known_neighbours(
    context: Context,
    model: str,
    dataset: str,
    index: int,
    split: str,
    class_map: list[int | None] | None,
    count: int,
) -> dict:
    """``neighbours`` at once, where the network has looked at all of these images before; raises
    NotPossible where it has not."""
    return _neighbours(context, model, dataset, index, split, class_map, count, only_kept=True)


def _neighbours(
    context: Context,
    model: str,
    dataset: str,
    index: int,
    split: str,
    class_map: list[int | None] | None,
    count: int,
    only_kept: bool = False,
) -> dict:
    count = checking.number(count, "count", 1, _MOST)
    layer = context.model(model).card.feature_layer
    if layer is None:
        raise NotPossible("This network has no layer whose features could be compared.")
    about = {"class_map": class_map, "layers": [layer], "only_kept": only_kept}
    own = split_of(context, dataset, split)
    index = _known(context, model, own, index, class_map)
    training = looked_at(context, model, dataset, "train", report=_part(context, 0.0, 0.5), **about)
    around = looked_at(context, model, dataset, split, report=_part(context, 0.5, 1.0), **about)
    here = int(np.searchsorted(around.rows, index))
    true, rival = int(around.labels[here]), _rival(around, here)
    query = around.features[layer][here]
    itself = around.rows[here] if split == "train" else -1

    rows = training.features[layer]
    distances = distances_to(rows, query)
    distances[training.rows == itself] = np.inf
    order = np.argsort(distances, kind="stable")[: len(rows) - int(itself >= 0)]
    labels = training.labels[order]
    groups = {
        "training": order[:count],
        "true": order[labels == true][:count],
        "rival": order[labels == rival][:count],
    }
    answer = {k: _group(training, at, distances[at]) for k, at in groups.items()}
    beside, apart = nearest(around.features[layer], query[None], count, exclude=np.array([here]))
    alike = order[distances[order] <= _ALIKE][:_SAMPLE]
    same = _identical(training, alike, own.images[index])
    return {
        **answer,
        "split": _group(around, beside[0], apart[0]),
        "layer": layer,
        "true_class": true,
        "rival_class": rival,
        "rank_true": _rank(labels, true),
        "rank_rival": _rank(labels, rival),
        "same": training.rows[same].astype(np.int32),
        "same_labels": training.labels[same].astype(np.int32),
        "farther_than": _farther_than(training, around, layer, distances[order[:1]], split),
        "count": len(order),
    }


def parting(
    context: Context,
    model: str,
    dataset: str,
    index: int,
    split: str,
    class_map: list[int | None] | None,
) -> dict:
    """How well layer after layer tells an image's class from the one it was taken for.

    The classes are the image's true one and the one the model called it (the second in its vote,
    where it was right). For each of at most 12 layers: ``accuracy`` of a probe fitted to at most
    200 training images of each class, and ``leaning`` of this image, −1 (the other class) to 1 (the
    true one). ``answer_accuracy`` and ``answer_leaning`` are the same of the network's own answer.
    """
    return _parting(context, model, dataset, index, split, class_map)


def known_parting(
    context: Context,
    model: str,
    dataset: str,
    index: int,
    split: str,
    class_map: list[int | None] | None,
) -> dict:
    """``parting`` at once, where the network has looked at these training images before; raises
    NotPossible where it has not."""
    return _parting(context, model, dataset, index, split, class_map, only_kept=True)


def _parting(
    context: Context,
    model: str,
    dataset: str,
    index: int,
    split: str,
    class_map: list[int | None] | None,
    only_kept: bool = False,
) -> dict:
    opened = context.model(model)
    layers = [layer.name for layer in main_path(opened.card, _LAYERS)]
    if not layers:
        raise NotPossible("This network has no layers between the image and its answer.")
    own = split_of(context, dataset, split)
    index = _known(context, model, own, index, class_map)
    about = {"class_map": class_map, "layers": layers}
    quiet = _part(context, 0.0, 0.05)
    this = looked_at(context, model, dataset, split, rows=np.array([index]), report=quiet, **about)
    true, rival = int(this.labels[0]), _rival(this, 0)
    rows = _of_classes(context, model, dataset, class_map, (true, rival))
    rows = rows[rows != index] if split == "train" else rows
    about |= {"rows": rows, "report": _part(context, 0.05, 0.7), "only_kept": only_kept}
    seen = looked_at(context, model, dataset, "train", **about)
    first = seen.labels == true
    accuracies, leanings = [], []
    for i, name in enumerate(layers):
        context.report(0.7 + 0.3 * i / len(layers), _PROBING)
        fitted = probe(seen.features[name], first)
        accuracies.append(fitted.accuracy)
        leanings.append(float(fitted.leaning(this.features[name])[0]))
    told = _leaning(seen.probabilities, true, rival) > 0
    return {
        "layers": layers,
        "accuracy": np.array(accuracies, np.float32),
        "leaning": np.array(leanings, np.float32),
        "answer_accuracy": float((told[first].mean() + (~told[~first]).mean()) / 2),
        "answer_leaning": float(_leaning(this.probabilities, true, rival)[0]),
        "true_class": true,
        "rival_class": rival,
        "counts": [int(first.sum()), int((~first).sum())],
    }


def _part(context: Context, start: float, end: float) -> Report:
    """A report of a part of the work."""
    return lambda done, text: context.report(start + (end - start) * done, text)


def _known(context: Context, model: str, whole: Dataset, index: object, class_map: object) -> int:
    """The place of an image whose class the model knows; raises BadInput, NotPossible."""
    index = checking.number(index, "index", 0, len(whole) - 1)
    names = context.model(model).card.class_names
    if mapped(whole.labels[[index]], checked_map(names, whole.class_names, class_map))[0] < 0:
        raise NotPossible("The model does not know the class of this image.")
    return index


def _rival(seen: Looked, row: int) -> int:
    """The class with the largest share besides the true one."""
    shares = np.array(seen.probabilities[row])
    shares[seen.labels[row]] = -1
    return int(shares.argmax())


def _leaning(probabilities: np.ndarray, true: int, rival: int) -> np.ndarray:
    """(n,) what two classes' shares of the answer (n, c) come to, −1 to 1."""
    a, b = probabilities[:, true], probabilities[:, rival]
    return (a - b) / np.maximum(a + b, 1e-12)


def _group(seen: Looked, at: np.ndarray, distances: np.ndarray) -> dict:
    return {
        "indices": seen.rows[at].astype(np.int32),
        "distances": distances.astype(np.float32),
        "labels": seen.labels[at].astype(np.int32),
        "called": seen.probabilities[at].argmax(axis=1).astype(np.int32),
    }


def _rank(labels: np.ndarray, wanted: int) -> int | None:
    """The how-manieth the first of a class is, from 1; None where there is none."""
    found = np.flatnonzero(labels == wanted)
    return int(found[0]) + 1 if len(found) else None


def _identical(training: Looked, candidates: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Those of the candidates (positions) that have the very same pixels."""
    pixels = training.whole.images
    same = [np.array_equal(pixels[row], image) for row in training.rows[candidates]]
    return candidates[np.array(same, bool)]


def _farther_than(
    training: Looked, around: Looked, layer: str, own: np.ndarray, split: str
) -> float | None:
    """The share of a sample of the split that is nearer to the training images than this image."""
    if len(own) == 0:
        return None
    sample = limit_indices(around.labels, _SAMPLE)
    itself = sample if split == "train" else None
    _, found = nearest(training.features[layer], around.features[layer][sample], 1, exclude=itself)
    return float((found[:, 0] < own[0]).mean())


def _of_classes(
    context: Context, model: str, dataset: str, class_map: object, classes: tuple[int, int]
) -> np.ndarray:
    """Places of at most 200 training images of each of two classes; raises NotPossible."""
    whole = split_of(context, dataset, "train")
    names = context.model(model).card.class_names
    labels = mapped(whole.labels, checked_map(names, whole.class_names, class_map))
    rows = []
    for number in classes:
        members = np.flatnonzero(labels == number)
        if len(members) < _FEWEST:
            raise NotPossible(
                "There are only {count} training images of “{name}” here. To ask the layers, at "
                "least {fewest} of each class are needed.",
                count=len(members),
                name=names[number][:60],
                fewest=_FEWEST,
            )
        rows.append(members[limit_indices(np.zeros(len(members)), _EACH)])
    return np.sort(np.concatenate(rows))

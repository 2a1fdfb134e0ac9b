"""The question what may be behind a model's mistakes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions.looking import Looked, looked_at
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.imported import original_sizes
from cnnviz.errors import BadInput
from cnnviz.evaluation import causes as count
from cnnviz.evaluation import image_quality
from cnnviz.evaluation.duplicates import find_twins
from cnnviz.evaluation.evaluate import evaluation_of
from cnnviz.evaluation.label_errors import find_label_errors
from cnnviz.evaluation.novelty import find_novel
from cnnviz.texts import N_

LABELS = N_("Looking for wrong labels")
TRAINING = N_("Looking at the training images")
QUALITY = N_("Measuring light and sharpness")
TWINS = N_("Looking for images that are there twice")
COPIES = N_("Looking for copies among the training images")
COMPARING = N_("Comparing with the training images")
NO_FEATURES = N_("This network has no layer of features in which images could be compared.")
THE_TRAINING_IMAGES = N_("These are the training images themselves.")
OTHER_TRAINING = N_("The images this network learned from are not here.")
NO_TRAINING = N_("This data set has no training images of these classes.")
NO_SIZES = N_("The sizes that the images came in are not known.")


def causes(
    context: Context, model: str, dataset: str, split: str, class_map: list[int | None] | None
) -> dict:
    """Counted, overlapping possible causes of a model's mistakes.

    Returns:
        ``causes``: ``evaluation.causes.Cause.to_message()`` of each that could be looked for;
        ``skipped``: the ``keys`` of the others and the ``reason``; ``images`` and ``wrong``: how
        many answers there are, and how many of them are wrong. Positions are those of the
        evaluation of the same images.
    """
    layer = context.model(model).card.feature_layer
    layers = [layer] if layer else []
    share = _Share(context)
    seen = looked_at(
        context,
        model,
        dataset,
        split,
        class_map=class_map,
        layers=layers,
        report=share.part(0.0, 0.3),
    )
    answers = evaluation_of(
        seen.probabilities, seen.labels, seen.rows, seen.names, seen.whole.name, seen.whole.split
    )
    wrong = answers.predicted != answers.labels
    share.step(0.3, LABELS)
    found = [count.label_errors(find_label_errors(seen.labels, seen.probabilities), wrong)]
    skipped: list[dict] = []
    images, features = _Part.of(seen), seen.features.get(layer)
    quality = image_quality.measure(images, share.stage(0.32, 0.4, QUALITY))
    found += [
        count.unusual("dark", image_quality.too_dark(quality), wrong),
        count.unusual("bright", image_quality.too_bright(quality), wrong),
        count.unusual("blurred", image_quality.blurred(quality), wrong),
    ]
    sizes = _sizes(dataset, split, seen)
    if sizes is None:
        skipped.append({"keys": ["odd_size"], "reason": NO_SIZES})
    else:
        height, width = sizes.astype(np.int32).T
        odd = image_quality.odd_size(sizes)
        found.append(count.unusual("odd_size", odd, wrong, height=height, width=width))
    twins = find_twins(images, features=features, step=share.stage(0.4, 0.55, TWINS))
    found.append(count.duplicates(twins, seen.labels, wrong))
    training = None
    reason = _no_training(seen, dataset)
    if reason is None:
        try:
            training = looked_at(
                context,
                model,
                dataset,
                "train",
                class_map=class_map,
                layers=layers,
                report=share.part(0.55, 0.8, TRAINING),
            )
        except BadInput:
            reason = NO_TRAINING
    if training is None:
        skipped.append({"keys": ["leak", "unlike"], "reason": reason})
    else:
        others = training.features.get(layer)
        twins = find_twins(
            images, _Part.of(training), features, others, share.stage(0.8, 0.95, COPIES)
        )
        found.append(count.leaks(twins, seen.labels, training.labels, training.rows, wrong))
        if features is None:
            skipped.append({"keys": ["unlike"], "reason": NO_FEATURES})
        elif len(training.rows) < 2:
            skipped.append({"keys": ["unlike"], "reason": NO_TRAINING})
        else:
            novel = find_novel(features, others, share.stage(0.95, 1.0, COMPARING))
            found.append(count.unlike(novel, wrong))
    found += [count.worst_pair(answers, wrong), count.low_margin(answers, wrong)]
    found.sort(key=lambda cause: count.KEYS.index(cause.key))
    return {
        "causes": [cause.to_message() for cause in found],
        "skipped": skipped,
        "images": len(answers),
        "wrong": int(wrong.sum()),
    }


class _Part:
    """Some images of a split, read as they are used."""

    def __init__(self, images: np.ndarray, rows: np.ndarray) -> None:
        self._images, self._rows = images, rows

    @classmethod
    def of(cls, seen: Looked) -> _Part:
        return cls(seen.whole.images, seen.rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, places: slice | np.ndarray) -> np.ndarray:
        return self._images[self._rows[places]]


class _Share:
    """Reports of a stage as part of the whole."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self, fraction: float, text: str) -> None:
        self._context.report(fraction, text)

    def stage(self, begin: float, end: float, text: str) -> Callable[[float], None]:
        return lambda fraction: self.step(begin + (end - begin) * fraction, text)

    def part(self, begin: float, end: float, text: str = "") -> Callable[[float, str], None]:
        return lambda fraction, own: self.step(begin + (end - begin) * fraction, text or own)


def _sizes(dataset: str, split: str, seen: Looked) -> np.ndarray | None:
    """(n, 2) the sizes the images came in; of bundled sets all have the same."""
    if not dataset.startswith("upload:"):
        return np.tile(seen.whole.images.shape[1:3], (len(seen.rows), 1))
    sizes = original_sizes(dataset.removeprefix("upload:"), split)
    return None if sizes is None else sizes[seen.rows]


def _no_training(seen: Looked, dataset: str) -> str | None:
    """Why there are no training images to compare with; None where there may be."""
    if seen.whole.split == "train":
        return THE_TRAINING_IMAGES
    learned = seen.model.card.dataset
    if learned is not None and _origin(learned) != _origin(dataset):
        return OTHER_TRAINING
    return None


def _origin(dataset: str) -> str:
    return DATASETS[dataset].base or dataset if dataset in DATASETS else dataset

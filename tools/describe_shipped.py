"""Write ``card.json`` for the shipped models: ``python tools/describe_shipped.py [NAME …]``.

Run it after training or converting a model, and after ``tools/slim_shipped.py``. What a person
reads stands in ``cnnviz/models/shipped.py``; structure and versions come from ``model.keras``, the
names of classes from the data set or, where none is bundled, from ``class_names.json``. Accuracy is
measured on the complete 10,000 test images with the file as it is; ``--words`` keeps the numbers of
the card that lies there.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from cnnviz import storage
from cnnviz.datasets.bundled import DATASETS, split_arrays
from cnnviz.models.cards import FILE, Accuracy, Card, read_card
from cnnviz.models.loading import open_keras_file
from cnnviz.models.model import Model
from cnnviz.models.references import MODEL_FILE
from cnnviz.models.shipped import SHIPPED, Shipped
from cnnviz.models.structure import make_card


def describe(folder: Path, words: Shipped) -> Card:
    """The card of the model in a folder, accuracy left out."""
    return make_card(
        open_keras_file(folder / MODEL_FILE),
        words.title,
        class_names(folder, words),
        story=words.story,
        recipe=words.recipe,
        weaknesses=words.weaknesses,
        source=words.source,
        licence=words.licence,
        fit=words.fit,
        polarity=words.polarity,
        dataset=words.dataset,
    )


def class_names(folder: Path, words: Shipped) -> tuple[str, ...]:
    if words.dataset:
        return tuple(DATASETS[words.dataset].class_names)
    return tuple(json.loads((folder / "class_names.json").read_text(encoding="utf-8")))


def measure(model: Model, words: Shipped) -> tuple[Accuracy, ...]:
    """How many images it gets right: all test images of its own set, then ``also_measured``."""
    found = []
    own = ((words.dataset, "test"),) if words.dataset else ()
    for dataset, split in own + words.also_measured:
        images, labels = split_arrays(dataset, split)
        right = (model.predict(images).argmax(axis=1) == labels).mean()
        found.append(Accuracy(round(float(right), 6), dataset, split, len(images)))
    return tuple(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="all that have a model.keras, if none is given")
    parser.add_argument("--words", action="store_true", help="keep the measured numbers")
    options = parser.parse_args()
    names = options.names or [n for n in SHIPPED if (storage.SHIPPED / n / MODEL_FILE).is_file()]
    for name in names:
        folder = storage.SHIPPED / name
        card = describe(folder, SHIPPED[name])
        model = Model(open_keras_file(folder / MODEL_FILE), card)  # do names and network agree?
        if options.words:
            card = replace(card, accuracy=read_card(folder).accuracy)
        else:
            card = replace(card, accuracy=measure(model, SHIPPED[name]))
        (folder / FILE).write_text(card.to_json(), encoding="utf-8")
        print(f"{name}: {card.title}, {card.parameters:,} parameters, {len(card.layers)} layers")
        for found in card.accuracy:
            print(f"  {found.value:.2%} of {found.images:,} ({found.dataset}, {found.split})")


if __name__ == "__main__":
    main()

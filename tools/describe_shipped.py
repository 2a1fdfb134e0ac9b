"""Write ``card.json`` for the shipped models: ``python tools/describe_shipped.py [NAME …]``.

Run it after training or converting a model. What a person reads stands in
``cnnviz/models/shipped.py``; structure, accuracy and versions come from the files in
``trained_models/NAME/``: ``model.keras``, ``training.json`` (where it was trained here) and
``class_names.json`` (where there is no bundled data set to take the names from).
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from cnnviz import storage
from cnnviz.datasets.bundled import DATASETS
from cnnviz.models.cards import FILE, Accuracy, Card
from cnnviz.models.loading import open_keras_file
from cnnviz.models.model import Model
from cnnviz.models.references import MODEL_FILE
from cnnviz.models.shipped import SHIPPED, Shipped
from cnnviz.models.structure import make_card


def describe(folder: Path, words: Shipped) -> Card:
    """The card of the model in a folder."""
    return make_card(
        open_keras_file(folder / MODEL_FILE),
        words.title,
        class_names(folder, words),
        story=words.story,
        weaknesses=words.weaknesses,
        source=words.source,
        licence=words.licence,
        fit=words.fit,
        polarity=words.polarity,
        dataset=words.dataset,
        accuracy=accuracy(folder, words),
    )


def class_names(folder: Path, words: Shipped) -> tuple[str, ...]:
    if words.dataset:
        return tuple(DATASETS[words.dataset].class_names)
    return tuple(json.loads((folder / "class_names.json").read_text(encoding="utf-8")))


def accuracy(folder: Path, words: Shipped) -> tuple[Accuracy, ...]:
    """What the training measured, once, on the complete test set."""
    file = folder / "training.json"
    if not file.is_file():
        return ()
    result = json.loads(file.read_text(encoding="utf-8"))
    found = result["test_accuracy"]
    found = found if isinstance(found, dict) else {words.dataset: found}
    return tuple(Accuracy(value, name, "test", 10_000) for name, value in found.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="all that have a model.keras, if none is given")
    names = parser.parse_args().names or [
        name for name in SHIPPED if (storage.SHIPPED / name / MODEL_FILE).is_file()
    ]
    for name in names:
        folder = storage.SHIPPED / name
        card = describe(folder, SHIPPED[name])
        Model(open_keras_file(folder / MODEL_FILE), card)  # do names and network agree?
        (folder / FILE).write_text(card.to_json(), encoding="utf-8")
        print(f"{name}: {card.title}, {card.parameters:,} parameters, {len(card.layers)} layers")


if __name__ == "__main__":
    main()

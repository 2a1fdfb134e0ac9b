"""A network together with its card: predict, load, save."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from cnnviz import quotas, storage
from cnnviz.errors import BadInput, BadModel, NotFound
from cnnviz.models import outputs
from cnnviz.models.batching import images_at_once
from cnnviz.models.cards import FILE, Card
from cnnviz.models.loading import open_keras_file
from cnnviz.models.networks import build
from cnnviz.models.references import MODEL_FILE, ModelReference
from cnnviz.models.store import OWNER_FILE
from cnnviz.models.structure import make_card
from cnnviz.models.uploaded import opened_copy

Images = np.ndarray | Sequence[np.ndarray]


class Model:
    """A classifier of images that can be explained.

    Args:
        keras_model: one input (n, h, w, 1 or 3) of raw 0–255 pixels, one output (n, units).
        card: what is known about it; its class names must fit the output.
        reference: the name under which it is kept, None for a model of your own.

    Raises:
        BadModel: the card's class names do not fit the network's output, or the network has not
            one input and one output.
    """

    def __init__(self, keras_model: keras.Model, card: Card, reference: str | None = None) -> None:
        ends = [len(getattr(keras_model, name, None) or ()) for name in ("inputs", "outputs")]
        if ends != [1, 1]:
            raise BadModel(
                "A sequential or functional network with one input and one output can be looked "
                "into; this one has {inputs} inputs and {outputs} outputs.",
                inputs=ends[0],
                outputs=ends[1],
            )
        self.keras_model, self.card, self.reference = keras_model, card, reference
        self.ending = outputs.find_ending(keras_model)
        if len(card.class_names) != self.ending.classes:
            raise BadModel(
                "The network tells {classes} classes apart, but {names} class names were given.",
                classes=self.ending.classes,
                names=len(card.class_names),
            )

    def __repr__(self) -> str:
        return f"<Model {self.card.title!r}, {len(self.card.class_names)} classes>"

    def prepare(self, images: Images) -> np.ndarray:
        """What the network receives: (n, h, w, c) uint8 at the card's input size.

        Args:
            images: uint8, (n, h, w, c) of any size or a list of (h, w) or (h, w, c) arrays.
                An array that has the input's shape already is returned as it is.

        Raises:
            BadInput: not images of that form.
        """
        if isinstance(images, np.ndarray):
            if images.ndim != 4:
                raise BadInput(
                    "Images are an array (images, height, width, channels); this one has "
                    "{axes} axes. A single image goes into a list.",
                    axes=images.ndim,
                )
            if images.shape[1:] == self.card.input_shape and images.dtype == np.uint8:
                return images
        if any(np.asarray(image).dtype != np.uint8 for image in images):
            raise BadInput("Pixels are whole numbers from 0 to 255 (uint8).")
        if not len(images):
            return np.zeros((0, *self.card.input_shape), np.uint8)
        from cnnviz.images import prepare

        shaped = [i if np.ndim(i) == 3 else np.asarray(i)[:, :, None] for i in images]
        return np.stack([prepare(image, self.card) for image in shaped])

    def predict(self, images: Images) -> np.ndarray:
        """Probabilities (n, classes) float32 of uint8 images of any size (see ``prepare``)."""
        return self._run(images)[1]

    def scores(self, images: Images) -> np.ndarray:
        """Scores (n, classes) float32: what comes before the softmax or sigmoid."""
        return self._run(images)[0]

    def _run(self, images: Images) -> tuple[np.ndarray, np.ndarray]:
        prepared = self.prepare(images)
        batch = images_at_once(self.card, share=2, most=512)
        parts = [
            [part.numpy() for part in self._compiled(tf.constant(prepared[i : i + batch]))]
            for i in range(0, len(prepared), batch)
        ] or [[np.zeros((0, self.ending.classes), np.float32)] * 2]
        scores, probabilities = zip(*parts, strict=True)
        return np.concatenate(scores), np.concatenate(probabilities)

    @cached_property
    def _compiled(self) -> tf.types.experimental.PolymorphicFunction:
        @tf.function(
            input_signature=[tf.TensorSpec((None, *self.card.input_shape), tf.uint8)],
            autograph=False,
        )
        def run(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            with outputs.scores_kept(self.ending) as kept:
                output = self.keras_model(tf.cast(images, tf.float32), training=False)
            answer = outputs.answer_of(output, kept, self.ending)
            scores = outputs.scores_of(answer, self.ending)
            return scores, outputs.probabilities_of(scores, self.ending)

        return run


def load_model(
    name: str | Path | ModelReference,
    card: Card | None = None,
    output: str | int | None = None,
    *,
    trust_code: bool = False,
) -> Model:
    """Load a network.

    Args:
        name: a shipped name (``mnist_lenet5``), a reference (``run:…@epoch-3``), or the path of a
            ``.keras`` or ``.h5`` file.
        card: what to believe instead of the card that lies beside the model. Without either, the
            classes of a file are called 0, 1, 2 ….
        output: for the file of a network with several outputs, the name or number (from 0) of the
            one that tells the classes apart; the other branches are left out.
        trust_code: for a file of your own with Lambda layers or classes registered with Keras: its
            code is run, with all you may do on this machine. Only for files you made yourself.

    Raises:
        BadInput: not the name of a model.
        NotFound: nothing is kept under this name, or there is no such file.
        BadModel: the file cannot be opened, or has several outputs and none was chosen.
    """
    if isinstance(name, Path) or str(name).lower().endswith((".keras", ".h5", ".hdf5")):
        network = open_keras_file(Path(name), output, trusted=trust_code)
        return Model(network, card or _unnamed_card(network, Path(name).stem))
    reference = ModelReference.parse(name)
    folder = reference.folder
    if card is None and (folder / FILE).is_file():
        card = reference.card
    weights = reference.checkpoint_file
    if weights is not None and not (folder / MODEL_FILE).is_file():
        network = _untrained(folder, card)
    elif reference.kind == "upload":
        network = open_keras_file(opened_copy(reference.identifier), vetted=True)
    else:
        network = open_keras_file(reference.model_file, vetted=True)
    if weights is not None:
        load_weights(network, weights)
    return Model(network, card or _unnamed_card(network, reference.kind), str(reference))


def load_weights(network: keras.Model, file: Path) -> None:
    """Put a checkpoint (``.npz`` with w0 … wn in the order of ``get_weights``) into a network.

    Raises:
        BadModel: the checkpoint belongs to another network.
    """
    with np.load(file, allow_pickle=False) as arrays:
        weights = [arrays[f"w{i}"].astype(np.float32) for i in range(len(arrays.files))]
    try:
        network.set_weights(weights)
    except ValueError:
        raise BadModel("The checkpoint “{name}” is of another network.", name=file.stem) from None


@storage.needing_room()
def save_model(model: Model, owner: str = storage.LOCAL_OWNER) -> str:
    """Keep a model under a new id, whole or not at all; returns its reference.

    Raises:
        OverQuota: this person has no room left.
        NotPossible: the disk is full.
    """
    identifier, size = storage.new_id(), 4 * model.keras_model.count_params()
    with quotas.room(owner, size), storage.publish("models", identifier) as folder:
        model.keras_model.save(folder / MODEL_FILE)
        (folder / FILE).write_text(model.card.to_json(), encoding="utf-8")
        made = {"owner": owner, "created": time.time()}
        (folder / OWNER_FILE).write_text(json.dumps(made), encoding="utf-8")
    return f"model:{identifier}"


def _untrained(folder: Path, card: Card | None) -> keras.Model:
    """The network of a run that has only kept checkpoints, built from the run's own settings."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        architecture, parameters = config["architecture"], config.get("parameters") or {}
    except (OSError, ValueError, KeyError):
        config = None
    if config is None or card is None:
        raise NotFound("The file of this model is not there (yet, or any more).")
    return build(architecture, card.input_shape, len(card.class_names), **parameters)


def _unnamed_card(network: keras.Model, title: str) -> Card:
    classes = outputs.find_ending(network).classes
    return make_card(network, title, [str(i) for i in range(classes)])
